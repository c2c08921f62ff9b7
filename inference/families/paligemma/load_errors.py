"""Tells the errors of a checkpoint's files from the errors of the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import JobError, ShardmillError


@contextmanager
def load_errors(folder: Path, part: str) -> Iterator[None]:
    """Turn an error over the checkpoint's files into a JobError; the machine's errors pass."""
    try:
        yield
    except (ShardmillError, RuntimeError, MemoryError, ImportError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise JobError(
            f"model.checkpoint: {str(folder)!r} cannot be loaded ({type(error).__name__} in its "
            f"{part}): copy or fetch it again"
        ) from None


def missing_weights(folder: Path) -> JobError:
    """Return the error of a checkpoint that lacks a weight, or has one of another shape."""
    return JobError(f"model.checkpoint: weights are missing in {str(folder)!r}: copy it again")
