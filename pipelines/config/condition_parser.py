"""Parses a condition over rows: the part of SQL's WHERE that compares stored values."""

import json
import re
from functools import partial, reduce
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines.config.row_values import Evaluate, call, column, constant, field, length, named
from schemas.errors import JobError

_DEEPEST = 50  # parentheses and NOTs in each other
_QUOTED = 60  # characters of a condition that an error quotes

_TOKENS = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<mark><=|>=|<>|!=|==|[=<>(),.\[\]+-])
    |(?P<end>\Z)
    |(?P<other>.))""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS = {
    "=": "equal",
    "==": "equal",
    "<>": "not_equal",
    "!=": "not_equal",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
}
_CONSTANTS = {"null": None, "true": True, "false": False}
_KEYWORDS = frozenset(["and", "or", "not", "is", "in", "between", "like", "ilike", *_CONSTANTS])


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


class ConditionParser:
    """A parser of conditions by recursive descent: OR, AND, NOT, then comparisons."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.columns: list[str] = []
        self._tokens: list[_Token] = []
        self._next = 0
        self._depth = 0
        for match in _TOKENS.finditer(text):
            kind = match.lastgroup or "end"
            self._tokens.append(_Token(kind, match[kind], match.start(kind)))
            if kind == "end":
                break

    def whole(self) -> Evaluate:
        evaluate = self._any()
        if self._token.kind != "end":
            raise self._refusal("and, or, or the end")
        return evaluate

    def _any(self) -> Evaluate:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return reduce(partial(call, "or_kleene"), parts)

    def _all(self) -> Evaluate:
        parts = [self._negated()]
        while self._take("and"):
            parts.append(self._negated())
        return reduce(partial(call, "and_kleene"), parts)

    def _negated(self) -> Evaluate:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise JobError(f"where: has more than {_DEEPEST} parentheses in each other")
        negated = self._take("not")
        evaluate = self._negated() if negated else self._comparison()
        self._depth -= 1
        return call("invert", evaluate) if negated else evaluate

    def _comparison(self) -> Evaluate:
        if self._take("("):
            evaluate = self._any()
            self._expect(")")
            return evaluate
        left = self._operand()
        if self._token.text in _COMPARISONS and self._token.kind == "mark":
            function = _COMPARISONS[self._advance().text]
            return call(function, left, self._operand())
        if self._take("is"):
            negated = self._take("not")
            evaluate = self._is(left)
            return call("invert", evaluate) if negated else evaluate
        negated = self._take("not")
        if self._take("in"):
            evaluate = self._in(left)
        elif self._take("between"):
            low = self._operand()
            self._expect("and")
            high = self._operand()
            evaluate = call(
                "and_kleene", call("greater_equal", left, low), call("less_equal", left, high)
            )
        elif self._is_next("like") or self._is_next("ilike"):
            evaluate = self._like(left, ignore_case=self._advance().text.lower() == "ilike")
        elif negated:
            raise self._refusal("in, between or like")
        else:
            return left  # a column that is true or false
        return call("invert", evaluate) if negated else evaluate

    def _is(self, left: Evaluate) -> Evaluate:
        if self._take("null"):
            return call("is_null", left)
        for word in ("true", "false"):
            if self._take(word):
                wanted = constant(word == "true")
                return call("coalesce", call("equal", left, wanted), constant(False))
        raise self._refusal("null, true or false")

    def _in(self, left: Evaluate) -> Evaluate:
        self._expect("(")
        equal = [call("equal", left, self._operand())]
        while self._take(","):
            equal.append(call("equal", left, self._operand()))
        self._expect(")")
        return reduce(partial(call, "or_kleene"), equal)

    def _like(self, left: Evaluate, ignore_case: bool) -> Evaluate:
        token = self._advance()
        if token.kind != "text":
            raise self._refusal("a pattern in single quotes", token)
        pattern = _unquoted(token)

        def evaluate(batch: pa.RecordBatch) -> Any:
            import pyarrow.compute as pc

            return pc.match_like(left(batch), pattern, ignore_case=ignore_case)

        return evaluate

    def _operand(self) -> Evaluate:
        """Read a constant, a column, a field or a named value in it, or its length."""
        token = self._advance()
        if token.kind == "mark" and token.text in "+-" and self._token.kind == "number":
            return constant(_number(token.text + self._advance().text))
        if token.kind == "number":
            return constant(_number(token.text))
        if token.kind == "text":
            return constant(_unquoted(token))
        if token.kind == "word" and token.text.lower() in _CONSTANTS:
            return constant(_CONSTANTS[token.text.lower()])
        is_name = token.kind == "word" and token.text.lower() not in _KEYWORDS
        if is_name and token.text.lower() in ("length", "len") and self._take("("):
            value = self._operand()
            self._expect(")")
            return partial(length, value)
        if not is_name and token.kind != "quoted":
            raise self._refusal("a column, a number, or a text in single quotes", token)
        name = _unquoted(token)
        self.columns.append(name)
        value = partial(column, name)
        while True:
            if self._take("."):
                inner = self._advance()
                if inner.kind not in ("word", "quoted"):
                    raise self._refusal("the name of a field", inner)
                value = partial(field, value, _unquoted(inner), name)
            elif self._take("["):
                key = self._advance()
                if key.kind != "text":
                    raise self._refusal("a name in single quotes", key)
                self._expect("]")
                value = partial(named, value, _unquoted(key), name)
            else:
                return value

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _advance(self) -> _Token:
        token = self._token
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _is_next(self, word: str) -> bool:
        return self._token.kind in ("word", "mark") and self._token.text.lower() == word

    def _take(self, word: str) -> bool:
        if found := self._is_next(word):
            self._advance()
        return found

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._refusal(word)

    def _refusal(self, wanted: str, token: _Token | None = None) -> JobError:
        start = (token or self._token).start
        found = shortened(self._text[start:].strip())
        return JobError(
            f"where: expects {wanted}, not {json.dumps(found) if found else 'the end'}: write a "
            "condition such as caption_info.mean_logprob < -0.7"
        )


def _number(text: str) -> int | float:
    value = float(text) if set(text) & set(".eE") else int(text)
    return value if abs(value) < 1 << 53 else float(value)


def _unquoted(token: _Token) -> str:
    if token.kind in ("text", "quoted"):
        mark = token.text[0]
        return token.text[1:-1].replace(mark * 2, mark)
    return token.text


def shortened(text: str) -> str:
    """Return the beginning of a condition, as errors quote it."""
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
