"""Parses the source of a text or a carried column: where in a sample its value lies.

txt                     the member x.txt of a tar, the file beside an image, or a Parquet column
json:url                the field `url` of the JSON in x.json, or of a struct column `json`
meta:author.name        a field within a field
json:captions.0         the first element of a list
json:captions.each      all elements of a list
json:"alt text".x       names with `.`, `:` or quotation marks are put between quotation marks
__file__                the name of the image's member or file
"""

import re
from dataclasses import dataclass

FILE = "__file__"  # like WebDataset's __key__ and __url__
EACH = "each"

_NAME = r'"(?:[^"\\\x00-\x1f\x7f]|\\["\\])+"|[^".:\x00-\x1f\x7f][^":\x00-\x1f\x7f]*'
_STEP = r'"(?:[^"\\\x00-\x1f\x7f]|\\["\\])+"|[^".:\x00-\x1f\x7f]+'
_SOURCE = re.compile(rf"(?P<name>{_NAME})(?::(?P<path>(?:{_STEP})(?:\.(?:{_STEP}))*))?")
_STEPS = re.compile(_STEP)
_MAX_CHARACTERS = 1000
_MAX_STEPS = 32


@dataclass(frozen=True, slots=True)
class FieldSource:
    """The name of a member or column, and the path to a value within it."""

    name: str
    path: tuple[str | int, ...] = ()  # keys, and positions in lists
    each: bool = False  # the value is a list, of which all elements are taken

    @classmethod
    def parse(cls, text: str) -> "FieldSource":
        """Parse a source; raise ValueError if it is malformed."""
        match = _SOURCE.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
        if match is None or match["name"] != match["name"].strip() or text.startswith("."):
            raise ValueError(
                f"{text[:100]!r} is neither an extension or column, such as txt, nor a field in "
                'one, such as json:url; a name with . or : is written "so"'
            )
        steps = _STEPS.findall(match["path"]) if match["path"] else []
        if len(steps) > _MAX_STEPS:
            raise ValueError(f"{text[:100]!r} has more than {_MAX_STEPS} steps")
        if EACH in steps[:-1]:
            raise ValueError(
                f'{text[:100]!r}: `each` is the last step; a field of this name is "each"'
            )
        each = bool(steps) and steps[-1] == EACH
        path = tuple(_step(step) for step in (steps[:-1] if each else steps))
        return cls(_unquoted(match["name"]), path, each)

    def __str__(self) -> str:
        """Return the source as `parse` takes it."""
        name = self.name
        plain = (
            re.fullmatch(r'[^".:\x00-\x1f\x7f][^":\x00-\x1f\x7f]*', name) is not None
            and name == name.strip()
        )
        steps = [_written(step) for step in self.path] + [EACH] * self.each
        return (name if plain else _quoted(name)) + (":" + ".".join(steps) if steps else "")

    @property
    def column(self) -> str:
        """The name of the column that carries the value, unless the job names another."""
        names = [step for step in self.path if isinstance(step, str)]
        return names[-1] if names else self.name.rpartition(".")[2]


def _step(text: str) -> str | int:
    return int(text) if re.fullmatch(r"0|[1-9][0-9]{0,6}", text) else _unquoted(text)


def _unquoted(text: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", text[1:-1]) if text.startswith('"') else text


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return str(step)
    plain = re.fullmatch(r'[^".:\x00-\x1f\x7f]+', step) and step != EACH
    return step if plain and isinstance(_step(step), str) else _quoted(step)
