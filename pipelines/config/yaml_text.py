"""Parses the text of a job file (YAML 1.2) and applies settings of the command line."""

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from schemas.errors import JobError


def parse_yaml(text: str, name: str) -> Any:
    """Parse YAML into plain values; no tag is executed. Raises JobError, which names the line."""
    try:
        return YAML(typ="safe", pure=True).load(text)
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        quoted = re.search(r'duplicate key "([^"]*)"', str(error.problem))
        key = repr(quoted[1]) if quoted else "a key"
        raise JobError(f"{name}: line {line}: {key} stands twice: remove one") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise JobError(f"{name}: line {line}: not YAML: {error.problem}") from None
    except ReaderError as error:
        raise JobError(f"{name}: not YAML: the character #x{error.character:04x} in it") from None
    except (ValueError, RecursionError):  # such as 2026-13-45, which looks like a date
        raise JobError(f"{name}: holds a date or number that is none: put it in quotes") from None


def apply_setting(data: dict[str, Any], setting: str) -> None:
    """Set a field of `data` as `path.to.field=value` says; numbers in the path are list indices."""
    path, separator, value = setting.partition("=")
    if not separator or not path:
        raise JobError(f"--set {setting}: write path=value, such as model.block_size=64")
    *parents, last = path.split(".")
    place: Any = data
    for key in parents:
        if isinstance(place, list) and key.isdecimal() and int(key) < len(place):
            place = place[int(key)]
        elif isinstance(place, dict):
            place = place.setdefault(key, {})
        else:
            raise JobError(f"--set {path}: there is no {key!r} in the job file")
    if isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = parse_yaml(value, f"--set {path}")
    elif isinstance(place, dict):
        place[last] = parse_yaml(value, f"--set {path}")
    else:
        raise JobError(f"--set {path}: there is no {last!r} in the job file")
