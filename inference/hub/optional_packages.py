"""Checks for packages that only some models need."""

from importlib.metadata import PackageNotFoundError, version

from inference.config import Model
from schemas.errors import JobError


def extra_packages(model: Model) -> dict[str, str]:
    """Return the versions of the extra packages that a model needs, by name.

    Raises JobError, with the command that installs it, if a package is missing.
    """
    needed = []
    if model.adapter is not None:
        needed.append(("model.adapter", "peft", "peft>=0.21"))
    if model.precision in ("int8", "nf4"):
        needed.append(("model.precision", "bitsandbytes", "bitsandbytes>=0.50"))
    return {name: _version(field, name, requirement) for field, name, requirement in needed}


def _version(field: str, name: str, requirement: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        raise JobError(f"{field}: {name} is not installed: pip install '{requirement}'") from None
