"""Parses the text of a job file (YAML 1.2) and applies settings of the command line."""

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scanner import Scanner

from filters.base import unique_names
from schemas.errors import JobError

_MAX_DEPTH = 50  # of lists and groups within each other, inclusive
_MAX_SIZE = 2_000_000  # characters of all values, with aliases written out
_MAX_KEYS = 10_000  # of a group, with merged ones
_LARGEST = 2**63 - 1
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TOO_DEEP = f"lists and groups lie within each other in more than {_MAX_DEPTH} levels"
_TOO_LARGE = f"has more than {_MAX_SIZE:,} characters with its aliases written out"
# A part of the parser's message -> what to change.
_ADVICE = {
    "mapping values are not allowed": ": check the indentation of this line, the colon of the line "
    "above, and quotes around text with a colon and a space",
    "character '\\t'": ": indent with spaces, not tabs",
    "undefined alias": ": put text that begins with * in quotes",
    "character '%'": ": put text that begins with % in quotes",
    "character '@'": ": put text that begins with @ in quotes",
    "character '`'": ": put text that begins with ` in quotes",
    "expected <block end>": ": check the indentation, and put text that begins with "
    "{ or [ in quotes",
    "expected ',' or": ": close the bracket or brace, or add the comma",
    "end of stream": ": close the quotes, the bracket or the brace",
    "could not find expected ':'": ": write a colon and a space after the key, such as text: txt",
    "could not determine a constructor": ": remove the tag, which begins with !",
}


class _TooDeep(Exception):
    """Lists lie within each other in more levels than a job has."""


class _TooLarge(Exception):
    """Merged groups (`<<: *alias`) grow beyond what a job has."""


class _BoundedScanner(Scanner):
    """Stops early: the scanner takes 3 s for 1000 brackets, whose levels it compares each time."""

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:  # noqa: N803
        if len(self.flow_context) >= _MAX_DEPTH:
            raise _TooDeep
        super().fetch_flow_collection_start(TokenClass, to_push)


class _BoundedConstructor(SafeConstructor):
    """Bounds groups that merge others, which can grow tenfold with every line."""

    def flatten_mapping(self, node: Any) -> Any:
        flattened = super().flatten_mapping(node)
        if len(node.value) > _MAX_KEYS:
            raise _TooLarge
        return flattened


def parse_yaml(text: str, name: str) -> Any:
    """Parse YAML into plain values; no tag is executed. Raises JobError, which names the line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner, yaml.Constructor = _BoundedScanner, _BoundedConstructor
    try:
        return yaml.load(text)
    except (_TooDeep, RecursionError):
        raise JobError(f"{name}: {_TOO_DEEP}") from None
    except _TooLarge:
        raise JobError(f"{name}: {_TOO_LARGE}") from None
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        quoted = re.search(r'duplicate key "([^"]*)"', str(error.problem))
        key = repr(quoted[1]) if quoted else "a key"
        raise JobError(f"{name}: line {line}: {key} stands twice: remove one") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        problem = str(error.problem)
        advice = next((advice for part, advice in _ADVICE.items() if part in problem), "")
        raise JobError(f"{name}: line {line}: not YAML: {problem}{advice}") from None
    except ReaderError as error:
        raise JobError(
            f"{name}: not YAML: the character #x{error.character:04x} in it: remove it"
        ) from None
    except (ValueError, OverflowError):  # such as 2026-13-45, which looks like a date
        raise JobError(f"{name}: holds a date or number that is none: put it in quotes") from None


def check_values(data: Any, name: str) -> None:
    """Raise JobError for values that are too deep, too many or too large to be a job's.

    An alias counts as if its value were written in its place.
    """
    sizes: dict[int, tuple[int, int]] = {}  # id of a list or group -> characters, levels
    open_values: set[int] = set()

    def measure(value: Any, depth: int) -> tuple[int, int]:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST:
            raise JobError(f"{name}: holds a number above {_LARGEST}: write a smaller one")
        if isinstance(value, str) and _SURROGATE.search(value):
            raise JobError(f"{name}: holds half a character: {value[:100]}")
        if not isinstance(value, dict | list):
            return len(value) + 1 if isinstance(value, str | bytes) else 8, 0
        if id(value) in open_values:
            raise JobError(f"{name}: not a job file: it contains itself")
        if depth > _MAX_DEPTH:
            raise JobError(f"{name}: {_TOO_DEEP}")
        if id(value) not in sizes:
            open_values.add(id(value))
            inner = value if isinstance(value, list) else (*value.keys(), *value.values())
            measured = [measure(each, depth + 1) for each in inner]
            open_values.remove(id(value))
            levels = 1 + max((levels for _, levels in measured), default=0)
            sizes[id(value)] = 2 + sum(size for size, _ in measured), levels
        size, levels = sizes[id(value)]
        if size > _MAX_SIZE:
            raise JobError(f"{name}: {_TOO_LARGE}")
        if depth + levels > _MAX_DEPTH + 1:
            raise JobError(f"{name}: {_TOO_DEEP}")
        return size, levels

    measure(data, 1)


def apply_setting(data: dict[str, Any], setting: str) -> None:
    """Set a field of `data` as `path.to.field=value` says.

    An element of a list is named by its number, from 0, or a filter by its name: its kind, with a
    number from the second of a kind on, such as `filters.image_size_2.min_side`. A setting of a
    bucket is named like `storage.s3://my.bucket.anonymous`.
    """
    path, separator, value = setting.partition("=")
    if not separator or not path:
        raise JobError(f"--set {setting}: write path=value, such as model.block_size=64")
    if path.startswith("storage.") and path.count(".") > 1:  # names of buckets may have dots
        parents, last = (
            ["storage", path[len("storage.") : path.rindex(".")]],
            path.rpartition(".")[2],
        )
    else:
        *parents, last = re.sub(r"\[(\d+)\]", r".\1", path).split(".")
    place: Any = data
    for key in parents:
        place = place.setdefault(key, {}) if isinstance(place, dict) else _element(place, key, path)
    if isinstance(place, dict):
        place[last] = parse_yaml(value, f"--set {path}")
        return
    _element(place, last, path)
    place[_index(last, place)] = parse_yaml(value, f"--set {path}")


def _element(place: Any, key: str, path: str) -> Any:
    """Return the element of a list that a key of a setting names; JobError if there is none."""
    if not isinstance(place, list):
        raise JobError(f"--set {path}: there is no {key!r} in the job file: check the path")
    index = _index(key, place)
    if index is None:
        names = ", ".join(name for name in _names(place) if name)
        known = f"number or name: {names}" if names else f"number, 0 to {len(place) - 1}"
        advice = f"take a {known}" if place else "the list is empty"
        raise JobError(f"--set {path}: there is no {key!r} in the job file: {advice}")
    return place[index]


def _index(key: str, place: list[Any]) -> int | None:
    """Return the index that a key of a setting names; None if the list has no such element."""
    if key in (names := _names(place)):
        return names.index(key)
    is_index = key.isdecimal() and len(key) <= len(str(len(place))) and int(key) < len(place)
    return int(key) if is_index else None


def _names(place: list[Any]) -> list[str]:
    """Return the names of filters in a list; an empty text for anything else."""
    kinds = [each.get("kind") if isinstance(each, dict) else None for each in place]
    return unique_names([kind if isinstance(kind, str) else "" for kind in kinds])
