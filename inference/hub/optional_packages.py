"""Checks for packages that only jobs with a model need."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution, version

from inference.config import QUANTIZED, Model, is_plain_int8
from schemas.errors import JobError

# The packages of the extra `models`: a job without a model runs without them.
_MODELS = ("accelerate", "huggingface_hub", "safetensors", "tokenizers", "torch", "transformers")


def check_model_packages(field: str) -> None:
    """Raise JobError, with the command that installs them, if packages for models are missing.

    `field` is the path of the field in the job that names a model.
    """
    if missing := [name for name in _MODELS if not is_installed(name)]:
        raise JobError(
            f"{field}: a model needs {_listed(missing)}: pip install 'shardmill[models]'"
        )


def is_installed(name: str) -> bool:
    """Return whether a package is installed; it is not imported."""
    try:
        distribution(name)  # `version` parses the package's description too
    except PackageNotFoundError:
        return False
    return True


def extra_packages(model: Model, device: str) -> dict[str, str]:
    """Return the versions of the extra packages that a model needs on a device, by name.

    Raises JobError, with the command that installs it, if a package is missing.
    """
    needed = []
    if model.adapter is not None:
        needed.append(("model.adapter", "peft", "peft>=0.21"))
    if model.precision in QUANTIZED and not is_plain_int8(model.precision, device):
        needed.append(("model.precision", "bitsandbytes", "bitsandbytes>=0.50"))
    return {name: _version(field, name, requirement) for field, name, requirement in needed}


def _version(field: str, name: str, requirement: str) -> str:
    if not is_installed(name):
        raise JobError(f"{field}: {name} is not installed: pip install '{requirement}'")
    return version(name)


def _listed(missing: Sequence[str]) -> str:
    verb = "which is" if len(missing) == 1 else "which are"
    return f"{', '.join(missing)}, {verb} not installed"
