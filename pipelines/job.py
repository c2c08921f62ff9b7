"""The job file: what it may say, its defaults, and errors that name the field."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, PositiveInt, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from filters import AnyFilter
from inference import AnyTask
from inference.engine import Model
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.tables import check_column_names


class Limits(Frozen):
    """Caps on what a sample may hold; what exceeds one is `invalid`."""

    max_pixels: PositiveInt = 100_000_000  # width x height of an image, inclusive
    max_image_bytes: PositiveInt = 100_000_000  # of the encoded image, inclusive
    max_text_characters: PositiveInt = 100_000  # of each text, inclusive


class Input(Frozen):
    """The shards, and what is read of their samples."""

    shards: str | tuple[str, ...]  # paths with {braces} and globs
    text: str | None = "txt"  # a member's extension, or json:field; null: images without texts
    carry: tuple[str, ...] = ()  # further columns, written like `text`
    max_samples_per_file: PositiveInt = 10_000  # more are committed in parts, as the work goes
    decode: Literal["exact", "reduced"] = "exact"  # reduced: smallest JPEG scale that suffices
    limits: Limits = Limits()

    @field_validator("shards")
    @classmethod
    def _some(cls, shards: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not shards or not all([shards] if isinstance(shards, str) else shards):
            raise ValueError("name at least one shard, such as data/{00000..00099}.tar")
        return shards

    @field_validator("text", "carry")
    @classmethod
    def _well_formed(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for source in [value] if isinstance(value, str) else value or ():
            if not re.fullmatch(r"[^:.\s]+|json:[^:\s]+", source):
                raise ValueError(f"{source!r} is neither an extension such as txt nor json:field")
        return value

    def patterns(self) -> tuple[str, ...]:
        return (self.shards,) if isinstance(self.shards, str) else self.shards

    def carried(self) -> dict[str, str]:
        """Column name -> where it comes from: `json:meta.url` becomes the column `url`."""
        return {source.rpartition(":")[2].rpartition(".")[2]: source for source in self.carry}


class LocalRunner(Frozen):
    """On this machine, in this process."""

    kind: Literal["local"] = "local"
    decode_threads: PositiveInt | None = None  # default: one per core


class Job(Frozen):
    """Everything a run needs to know."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    input: Input
    filters: tuple[AnyFilter, ...] = ()
    model: Model
    tasks: Mapping[str, AnyTask] = Field(min_length=1)  # by column name
    output: str = Field(min_length=1)
    runner: LocalRunner = LocalRunner()

    @model_validator(mode="after")
    def _columns(self) -> Self:
        carried = self.input.carried()
        if len(carried) < len(self.input.carry):
            raise JobError("input.carry: two fields would become the same column")
        check_column_names(carried, self.tasks)
        known = {*carried, *(["source_text"] if self.input.text else [])}
        for name, task in self.tasks.items():
            for field in task.fields():
                if field not in known:
                    raise JobError(
                        f"tasks.{name}: reads {field!r}, which is not read from the shards: "
                        f"add it to input.carry (known here: {', '.join(sorted(known)) or 'none'})"
                    )
        return self

    @classmethod
    def load(cls, path: str | Path, settings: Sequence[str] = ()) -> Self:
        """Read a job file; `settings` are changes such as `model.block_size=64`."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise JobError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise JobError(f"{path}: is not UTF-8 text") from None
        return cls.parse(text, str(path), settings)

    @classmethod
    def parse(cls, text: str, name: str = "job", settings: Sequence[str] = ()) -> Self:
        """Read a job from YAML text; `name` stands in the errors."""
        data = _yaml(text, name)
        if not isinstance(data, dict):
            raise JobError(f"{name}: is not a job file: `shardmill init` writes one to start from")
        for setting in settings:
            _set(data, setting)
        try:
            content = json.dumps(data)
        except TypeError:
            raise JobError(
                f"{name}: dates and the like are not job values: put them in quotes"
            ) from None
        except ValueError:  # an alias inside of what it stands for
            raise JobError(f"{name}: not a job file: it contains itself") from None
        try:
            # Strict JSON: no text taken for a number, no `yes` for a flag, lists for tuples.
            return cls.model_validate_json(content, strict=True)
        except ValidationError as error:
            raise JobError(f"{name}: {_first(error, data)}") from None


def _yaml(text: str, name: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise JobError(f"{name}: line {line}: a key stands twice: remove one") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise JobError(f"{name}: line {line}: not YAML: {error.problem}") from None
    except ReaderError as error:
        raise JobError(f"{name}: not YAML: the character #x{error.character:04x} in it") from None
    except (ValueError, RecursionError):  # such as 2026-13-45, which looks like a date
        raise JobError(f"{name}: holds a date or number that is none: put it in quotes") from None


def _set(data: dict[str, Any], setting: str) -> None:
    """Apply `path.to.field=value`; numbers in the path index lists."""
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
            raise JobError(f"--set {setting}: there is no {key!r} in the job file")
    if isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = _yaml(value, f"--set {setting}")
    elif isinstance(place, dict):
        place[last] = _yaml(value, f"--set {setting}")
    else:
        raise JobError(f"--set {setting}: there is no {last!r} in the job file")


def _first(error: ValidationError, data: Any) -> str:
    """The first fault in one line, and how many more there are."""
    faults = error.errors(include_url=False)
    fault = faults[0]
    where = _path(fault["loc"], data, fault["type"] == "missing")
    value, context = fault["input"], fault.get("ctx", {})
    message = fault["msg"].removeprefix("Value error, ")
    match fault["type"]:
        case "extra_forbidden":
            close = difflib.get_close_matches(str(fault["loc"][-1]), _known_keys(), 1)
            message = "unknown key" + (f": did you mean {close[0]!r}?" if close else "")
        case "missing":
            message = "is missing"
        case "union_tag_invalid":
            message = f"there is no kind {context['tag']!r}: take {context['expected_tags']}"
        case "union_tag_not_found":
            message = "its kind is missing"
        case "value_error" if isinstance(context.get("error"), JobError):
            return message + _more(faults)  # says where by itself
        case _ if not isinstance(value, dict | list):
            message = f"{message[0].lower()}{message[1:]} (got {value!r})"
        case _:
            message = message[0].lower() + message[1:]
    return f"{where}: {message}{_more(faults)}" if where else f"{message}{_more(faults)}"


def _more(faults: Sequence[Any]) -> str:
    return f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""


def _path(location: Sequence[str | int], data: Any, missing: bool) -> str:
    """Where in the job file; names of union members, which pydantic puts between, are left out."""
    path = ""
    for key in location:
        if isinstance(data, list) and isinstance(key, int) and key < len(data):
            path, data = f"{path}[{key}]", data[key]
        elif isinstance(data, dict) and (key in data or (missing and key == location[-1])):
            path, data = f"{path}.{key}", data.get(key)
    return path.removeprefix(".")


def _known_keys() -> list[str]:
    schema = Job.model_json_schema()
    models = [schema, *schema.get("$defs", {}).values()]
    return sorted({key for model in models for key in model.get("properties", {})})
