"""Turns pydantic's errors into one line that names the field and says what to change."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel, ValidationError

from schemas.errors import JobError

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
    "union_tag_not_found": "its kind is missing: `kind: ...` says which one it is",
}

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

    The description is one line; without a place, it begins with the message.
    """
    faults = error.errors(include_url=False)
    fault = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if isinstance(fault.get("ctx", {}).get("error"), JobError):  # its message names the place
        return fault["msg"].removeprefix("Value error, ") + more
    where = _path(fault["loc"], data, fault["type"] == "missing")
    message = _message(fault, model)
    value = fault["input"]
    known = fault["type"] != "extra_forbidden"
    if known and not isinstance(value, dict | list) and repr(value) not in message:
        quoted = repr(value)
        message += f" (got {quoted if len(quoted) <= _MAX_QUOTED else quoted[:_MAX_QUOTED] + '…'})"
    return f"{where}: {message}{more}" if where else f"{message}{more}"


def _message(fault: Mapping[str, Any], model: type[BaseModel]) -> str:
    context = fault.get("ctx", {})
    if fault["type"] == "extra_forbidden":
        key, known = str(fault["loc"][-1]), _known_keys(model)
        if key in known:
            return "there is no such key here, but elsewhere: remove it"
        close = difflib.get_close_matches(key, known, 1)
        return "unknown key" + (f": did you mean {close[0]!r}?" if close else ": remove it")
    if fault["type"] == "union_tag_invalid":
        return f"there is no kind {context['tag']!r}: take {context['expected_tags']}"
    message = str(fault["msg"]).removeprefix("Value error, ")
    return _MESSAGES.get(fault["type"], message[0].lower() + message[1:])


def _path(location: Sequence[str | int], data: Any, missing: bool) -> str:
    """Return the place in the job file, without the union tags that pydantic adds to a location."""
    path = ""
    for key in location:
        if isinstance(data, list) and isinstance(key, int) and key < len(data):
            path, data = f"{path}[{key}]", data[key]
        elif isinstance(data, dict) and (key in data or (missing and key == location[-1])):
            path, data = f"{path}.{key}", data.get(key)
    return path.removeprefix(".")


def _known_keys(model: type[BaseModel]) -> list[str]:
    schema = model.model_json_schema()
    models = [schema, *schema.get("$defs", {}).values()]
    return sorted({key for definition in models for key in definition.get("properties", {})})
