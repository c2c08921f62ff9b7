"""Describes every key of the job file, from the JSON Schema of `Job`."""

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipelines.config.job import Job
from schemas.errors import JobError

Schema = Mapping[str, Any]

_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "group",
}
_INSIDE = ("anyOf", "oneOf")  # the keywords of JSON Schema that list alternatives
_FEWEST = ("minLength", "minItems", "minProperties")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the job file."""

    path: str  # such as model.block_size, or filters.image_size.min_side
    type: str  # in plain words
    allowed: str  # the allowed values or their bounds; "" if the type says all
    default: str  # as YAML; "required" if there is none
    description: str

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def values(self) -> str:
        """The type and the allowed values, such as `whole number: 1 to 256`."""
        return f"{self.type}: {self.allowed}" if self.allowed else self.type

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        return self.description.partition("\n\n")[0]


@dataclass(frozen=True, slots=True)
class Section:
    """The keys of one group of the job file, or of one kind of filter, task or runner."""

    path: str  # such as input.limits, or filters.image_size; "" for the job itself
    description: str
    keys: tuple[Key, ...]
    kinds: tuple["Section", ...] = ()  # of a group that is chosen by its kind; `keys` are in all
    kind_of: str = ""  # the path of the group that this section is one kind of

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        return self.description.partition("\n\n")[0]


@cache
def sections() -> tuple[Section, ...]:
    """Return all sections, in the order of the job file; a section precedes those within it."""
    schema = Job.model_json_schema()
    return tuple(_Reader(schema["$defs"]).sections("", schema))


def look_up(path: str) -> list[Key | Section]:
    """Return the keys and sections that a path names: several, if kinds share a key.

    A path may leave out the kind (`runner.workers`), have a number in its place (`filters.0`), or
    be the end of a longer path (`min_side`). Raises JobError, which proposes close paths, if
    nothing has the path.
    """
    entries = list(_entries())
    wanted = ".".join(part for part in path.split(".") if not part.isdecimal())
    tests: tuple[Callable[[str], bool], ...] = (
        lambda name: name == path,
        lambda name: _without_kind(name) == wanted,
        lambda name: name.endswith(f".{wanted}"),
    )
    for is_match in tests:
        if wanted and (found := [entry for entry in entries if is_match(entry.path)]):
            return found
    names = {entry.path.rpartition(".")[2]: entry.path for entry in entries}
    names |= {entry.path: entry.path for entry in entries}
    close = dict.fromkeys(names[name] for name in difflib.get_close_matches(path, names, 3, 0.7))
    advice = f"did you mean {' or '.join(close)}?" if close else "`shardmill explain` lists all"
    raise JobError(f"explain: there is no key {path!r}: {advice}")


def _entries() -> Iterator[Key | Section]:
    for section in sections():
        yield from section.keys
        if section.path:
            yield section


def _without_kind(path: str) -> str:
    for section in sections():
        if section.kind_of and path.startswith(f"{section.path}."):
            return f"{section.kind_of}{path.removeprefix(section.path)}"
    return path


class _Reader:
    """Reads the models of a JSON Schema into sections."""

    def __init__(self, models: Mapping[str, Schema]) -> None:
        self._models = models

    def sections(self, path: str, model: Schema, kind_of: str = "") -> Iterator[Section]:
        """Yield the section of a model, then the sections of the groups in it."""
        required = model.get("required", ())
        content = {name: each for name, each in model["properties"].items() if "const" not in each}
        yield Section(
            path,
            _plain(model["description"]),
            tuple(self._key(_join(path, n), each, n in required) for n, each in content.items()),
            kind_of=kind_of,
        )
        for name, each in content.items():
            yield from self._groups(_join(path, name), each)

    def _groups(self, path: str, schema: Schema) -> Iterator[Section]:
        models = list(self._referred(schema))
        kinds = {m["properties"]["kind"]["const"]: m for m in models if _has_kind(m)}
        if not kinds:
            for model in models:
                yield from self.sections(path, model)
            return
        inner = [
            tuple(self.sections(f"{path}.{kind}", model, path)) for kind, model in kinds.items()
        ]
        heads = tuple(found[0] for found in inner)
        yield Section(path, _plain(schema["description"]), _shared(path, heads), heads)
        for found in inner:
            yield from found

    def _key(self, path: str, schema: Schema, required: bool) -> Key:
        (*referred,) = self._referred(schema)
        description = schema.get("description") or referred[0]["description"]
        allowed = dict.fromkeys(self._allowed(schema))
        return Key(
            path,
            " or ".join(dict.fromkeys(self._types(schema))),
            "; ".join(allowed),
            "required" if required else _default(schema["default"], referred, allowed),
            _plain(description),
        )

    def _referred(self, schema: Schema) -> Iterator[Schema]:
        """Yield the models to which a field refers, without those within these models."""
        if "$ref" in schema:
            yield self._models[schema["$ref"].rpartition("/")[2]]
        for inner in _parts(schema):
            yield from self._referred(inner)

    def _types(self, schema: Schema) -> Iterator[str]:
        """Yield the types of a value in plain words, each alternative by itself."""
        if "$ref" in schema:
            yield "group"
        elif schema.get("type") == "array":
            yield f"list of {' or '.join(dict.fromkeys(self._types(schema['items'])))}"
        elif isinstance(inner := schema.get("additionalProperties"), Mapping):
            yield f"group of names, each with {' or '.join(dict.fromkeys(self._types(inner)))}"
        elif "type" in schema:
            yield _WORDS[schema["type"]]
        for keyword in _INSIDE:
            for each in schema.get(keyword, ()):
                yield from self._types(each)

    def _allowed(self, schema: Schema) -> Iterator[str]:
        """Yield what a value must satisfy beside its type."""
        if "enum" in schema:
            yield ", ".join(schema["enum"])
        if "propertyNames" in schema:
            yield from (f"names: {each}" for each in self._allowed(schema["propertyNames"]))
        if any(schema.get(keyword) for keyword in _FEWEST):
            yield "not empty" if "minLength" in schema else "at least one"
        yield from _bounds(schema)
        for inner in _parts(schema):
            yield from self._allowed(inner)


def _parts(schema: Schema) -> Iterator[Schema]:
    """Yield the schemas directly within a schema."""
    for keyword in _INSIDE:
        yield from schema.get(keyword, ())
    for keyword in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(keyword), Mapping):
            yield inner


def _shared(path: str, kinds: Sequence[Section]) -> tuple[Key, ...]:
    """Return the keys that all kinds have alike, as keys of the group."""
    alike = [
        {key.path.removeprefix(f"{kind.path}."): _said(key) for key in kind.keys} for kind in kinds
    ]
    return tuple(
        Key(f"{path}.{name}", *said)
        for name, said in alike[0].items()
        if all(each.get(name) == said for each in alike)
    )


def _said(key: Key) -> tuple[str, str, str, str]:
    return key.type, key.allowed, key.default, key.description


def _bounds(schema: Schema) -> Iterator[str]:
    above, least = schema.get("exclusiveMinimum"), schema.get("minimum")
    if schema.get("type") == "integer" and above is not None:
        least = max(above + 1, above + 1 if least is None else least)
    most = schema.get("maximum")
    if least is not None:
        yield (
            f"{_number(least)} to {_number(most)}"
            if most is not None
            else f"{_number(least)} or more"
        )
    elif above is not None:
        end = f", at most {_number(most)}" if most is not None else ""
        yield f"more than {_number(above)}{end}"
    elif most is not None:
        yield f"at most {_number(most)}"


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else str(value)


def _default(value: Any, referred: Sequence[Schema], allowed: Mapping[str, None]) -> str:
    if isinstance(value, dict) and referred:
        kind = f"kind: {value['kind']}" if "kind" in value else ""
        return f"{{{kind}}}"
    if isinstance(value, list) and len(value) > 1 and ", ".join(value) in allowed:
        return "all"
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    return value if isinstance(value, str) else json.dumps(value)


def _has_kind(model: Schema) -> bool:
    return "const" in model["properties"].get("kind", {})


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _plain(description: str) -> str:
    """Undo the line breaks within paragraphs."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", description)
