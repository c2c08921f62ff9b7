"""Loads a filter of the user's own, which the job file names as `kind: "module:Class"`."""

import hashlib
import importlib
import inspect
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from filters.base import Filter, ImageFilter, TextFilter

FAULT = "own_class"  # pydantic's type of the errors about such a filter
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def names_own_class(value: object) -> bool:
    """Return whether a filter in a job file is of the user's own class."""
    return isinstance(value, Mapping) and ":" in str(value.get("kind"))


def load_own_filter(value: dict[str, Any], info: ValidationInfo) -> Filter:
    """Return an instance of the class that `kind` names, with the other keys as its settings.

    The current folder is searched after all others. Raises PydanticCustomError of the type FAULT,
    in one line, if the module or the class is wrong, or a setting is.
    """
    kind = value["kind"]
    own = _own_class(kind)
    settings = {key: setting for key, setting in value.items() if key != "kind"}
    if own.model_fields["kind"].is_required():
        settings["kind"] = own.__name__
    try:
        if info.mode == "json":  # as strictly as the job file
            stage = own.model_validate_json(json.dumps(settings), strict=True)
        else:
            stage = own.model_validate(settings)
    except ValidationError as error:
        raise _fault(_setting_problem(error)) from None
    stage._own_class = kind
    return stage


def rules_of(stage: Filter) -> str:
    """Return the version of a filter's rules, for job.record.

    For a class that the job file names, the SHA-256 of the file that defines it is added.
    """
    if stage.recorded_kind == stage.kind:
        return stage.rules
    path = getattr(sys.modules[type(stage).__module__], "__file__", None)
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else "unknown"
    return f"{stage.rules}, sha256 of its source: {digest}"


def _own_class(kind: str) -> type[Filter]:
    if not _NAME.fullmatch(kind):
        raise _fault(f"{kind!r} names no class: write module:Class, such as my_filters:NoShouting")
    module_name, _, name = kind.partition(":")
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.append(folder)  # at the end, so that no installed package is replaced
    try:
        importlib.invalidate_caches()  # the module may be younger than this process
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise _fault(_import_problem(module_name, error)) from None
        raise _fault(
            f"there is no module {error.name!r}: put it into the current folder, or name its "
            "folder in PYTHONPATH, also on workers of other machines"
        ) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the module may raise anything
        raise _fault(_import_problem(module_name, error)) from None
    own = getattr(module, name, None)
    if own is None:
        raise _fault(f"module {module_name!r} has no class {name!r}: mend its name")
    if not (isinstance(own, type) and issubclass(own, TextFilter | ImageFilter)):
        raise _fault(f"{kind} is no filter: derive the class from TextFilter or ImageFilter")
    if inspect.isabstract(own):
        missing = ", ".join(sorted(own.__abstractmethods__))
        raise _fault(f"{kind} does not define {missing}: define it")
    return own


def _import_problem(module: str, error: BaseException) -> str:
    first_line = (str(error).splitlines() or [""])[0]
    return f"importing {module!r} failed ({type(error).__name__}: {first_line}): mend the module"


def _setting_problem(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    where = ".".join(map(str, fault["loc"]))
    message = {"extra_forbidden": "unknown key: remove it", "missing": "is missing"}.get(
        fault["type"], str(fault["msg"]).removeprefix("Value error, ")
    )
    return f"{where}: {message}" if where else message


def _fault(problem: str) -> PydanticCustomError:
    return PydanticCustomError(FAULT, "{problem}", {"problem": problem})
