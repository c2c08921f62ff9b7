"""Turns pydantic's errors into one line that names the field and says what to change."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel, ValidationError

from pipelines.config.unknown_keys import group_at, unknown_key
from schemas.errors import JobError
from schemas.known_names import MOST_NAMES, close_names, known_names

_MESSAGES: Mapping[str, str] = {  # pydantic's type of error -> message
    "missing": "is missing",
    "too_short": "name at least one",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "use letters, digits, '.', '_' and '-', a letter or digit first",
    "model_type": "must be a group of keys and values",
    "dict_type": "must be a group of keys and values",
    "mapping_type": "must be a group of keys and values",
    "tuple_type": "must be a list",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "union_tag_not_found": "its kind is missing: `kind: ...` says which one it is",
}
_FLAGS = {
    "yes": "true",
    "on": "true",
    "true": "true",
    "no": "false",
    "off": "false",
    "false": "false",
}
_UNIONS = ("filters", "tasks", "runner")  # whose groups have a kind
# What other tools call a value -> what it is called here, where difflib finds nothing close.
_VALUES: Mapping[str, str] = {
    "gpu": "cuda",
    "fp16": "float16",
    "half": "float16",
    "fp32": "float32",
    "8bit": "int8",
    "4bit": "nf4",
}
_QUOTED = re.compile(r"'([^']*)'")
_INDEX = re.compile(r"\[\d+\]")

_MAX_QUOTED = 200  # characters of a value


@contextmanager
def errors_at(place: str) -> Iterator[None]:
    """Prefix the message of a JobError with `place`, such as `tasks.caption: `."""
    try:
        yield
    except JobError as error:
        raise JobError(f"{place}{error}") from None


def first_fault(error: ValidationError, data: Any, model: type[BaseModel]) -> str:
    """Describe the first error: its place in `data`, the message, the value, how many more.

    An unknown key comes before a missing one of the same group, which it may mean. The description
    is one line; without a place, it begins with the message.
    """
    faults = error.errors(include_url=False)
    fault = faults[0]
    if fault["type"] == "missing":
        group = fault["loc"][:-1]
        unknown = (each for each in faults if each["type"] == "extra_forbidden")
        fault = next((each for each in unknown if each["loc"][:-1] == group), fault)
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if isinstance(fault.get("ctx", {}).get("error"), JobError):  # its message names the place
        return fault["msg"].removeprefix("Value error, ") + more
    where = _path(fault["loc"], data, fault["type"] == "missing")
    value = fault["input"]
    message = _message(fault, where, model)
    known = fault["type"] != "extra_forbidden"
    if known and not isinstance(value, dict | list) and repr(value) not in message:
        quoted = repr(value)
        message += f" (got {quoted if len(quoted) <= _MAX_QUOTED else quoted[:_MAX_QUOTED] + '…'})"
    message += _advice(fault, where)
    return f"{where}: {message}{more}" if where else f"{message}{more}"


def _message(fault: Mapping[str, Any], where: str, model: type[BaseModel]) -> str:
    context = fault.get("ctx", {})
    if fault["type"] == "extra_forbidden":
        *group, key = fault["loc"]
        return unknown_key(str(key), where, group_at(tuple(group), model), model)
    if fault["type"] == "union_tag_invalid":
        tag, kinds = str(context["tag"]), _QUOTED.findall(str(context["expected_tags"]))
        close = difflib.get_close_matches(tag, kinds, 1)
        group = _INDEX.sub("", where).partition(".")[0]
        return f"there is no kind {tag!r}: " + (
            f"did you mean {close[0]!r}?"
            if close
            else f"take one of {known_names(tag, kinds)}: `shardmill explain {group}` explains them"
        )
    if fault["type"] == "literal_error":
        names = _QUOTED.findall(str(context["expected"]))
        if len(names) > MOST_NAMES:
            key = _INDEX.sub("", where).rpartition(".")[2]
            return f"is none of the {len(names)} values that `shardmill explain {key}` lists"
    message = str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return _MESSAGES.get(fault["type"], message[0].lower() + message[1:])


def _advice(fault: Mapping[str, Any], where: str) -> str:
    """Say how to write the value, if it shows what was meant; an empty text if it does not."""
    value, kind = fault["input"], str(fault["type"])
    if value is None and kind.endswith("_type"):
        return ": write a value after the colon, or remove the key"
    if kind in ("mapping_type", "dict_type") and where == "tasks":
        return ": write a name before each task, such as caption: {kind: caption}"
    if kind in ("model_type", "dict_type", "union_tag_not_found"):
        return _advice_on_kinds(value) if where.startswith(_UNIONS) else ""
    if kind == "string_type" and where.startswith("input.carry[") and isinstance(value, dict):
        return (
            ": to name columns, write a mapping in place of the list, as in carry: {url: json:url}"
        )
    if kind == "tuple_type":
        return _advice_on_lists(value, is_filters=where == "filters")
    advise = _ADVICE.get(kind)
    meant = advise(value, fault.get("ctx", {})) if advise else ""
    return f": {meant}" if meant else ""


def _advice_on_choices(value: Any, context: Mapping[str, Any]) -> str:
    if not isinstance(value, str):
        return ""
    names = _QUOTED.findall(str(context["expected"]))
    close = [*close_names(value, names), *difflib.get_close_matches(value.lower(), names, 1, 0.5)]
    meant = _VALUES.get(value.lower(), close[0] if close else "")
    if value.lower() in ("choice", "choices") and "json" in names:  # the formats of answers
        return "write choices: [...], a key of its own, instead"
    return f"did you mean {meant!r}?" if meant in names else ""


def _advice_on_flags(value: Any, _: Mapping[str, Any]) -> str:
    meant = _FLAGS.get(str(value).lower(), "")
    return f"write {meant}, without quotes" if meant else ""


def _advice_on_numbers(value: Any, _: Mapping[str, Any]) -> str:
    if share := re.fullmatch(r"(\d+(?:\.\d+)?) ?%", str(value)):
        return f"write {float(share[1]) / 100:g}"
    is_quoted = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value)
    return f"write {value}, without quotes" if is_quoted else ""


def _advice_on_shares(value: Any, context: Mapping[str, Any]) -> str:
    if context["le"] != 1 or value > 100:
        return ""
    return f"it is a share, so write {value / 100:g} for {value:g} %"


def _advice_on_texts(value: Any, _: Mapping[str, Any]) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"write '{value}', in quotes" if is_number else ""


_ADVICE: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {  # pydantic's type of error
    "literal_error": _advice_on_choices,
    "bool_type": _advice_on_flags,
    "int_type": _advice_on_numbers,
    "float_type": _advice_on_numbers,
    "less_than_equal": _advice_on_shares,
    "string_type": _advice_on_texts,
}


def _advice_on_kinds(value: Any) -> str:
    if isinstance(value, str):
        return f": write {{kind: {value}}}"
    name = str(next(iter(value), "")) if isinstance(value, dict) else ""
    if difflib.get_close_matches(name, ["kind"], 1, 0.7):
        return f": did you mean 'kind' instead of {name!r}?"
    if name and isinstance(value[name], dict | None):
        return f": write kind: {name}, and its keys beside it, not below it"
    return ""


def _advice_on_lists(value: Any, is_filters: bool) -> str:
    if is_filters and isinstance(value, dict) and "kind" not in value:
        return ": write each filter as - {kind: ...}"
    if is_filters:
        kind = value.get("kind") if isinstance(value, dict) else value
        return f": write - {{kind: {kind}}} below filters" if isinstance(kind, str) else ""
    return f": write [{value}]" if isinstance(value, str) else ""


def _path(location: Sequence[str | int], data: Any, missing: bool) -> str:
    """Return the place in the job file, without the union tags that pydantic adds to a location."""
    path = ""
    for key in location:
        if isinstance(data, list) and isinstance(key, int) and key < len(data):
            path, data = f"{path}[{key}]", data[key]
        elif isinstance(data, dict) and (key in data or (missing and key == location[-1])):
            path, data = f"{path}.{key}", data.get(key)
    return path.removeprefix(".")
