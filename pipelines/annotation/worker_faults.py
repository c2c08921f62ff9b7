"""Turns errors that are not the data's fault into worker faults that quote nothing."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import (
    JobError,
    MachineFault,
    ShardFault,
    WorkerFault,
)


@contextmanager
def worker_faults() -> Iterator[None]:
    """Turn what is no fault of the data into a WorkerFault that quotes nothing but places in code.

    Messages of exceptions can hold what a sample holds; types and lines of code cannot.
    """
    try:
        yield
    except (JobError, ShardFault, WorkerFault):
        raise
    except OSError as error:
        file = f" {error.filename}" if isinstance(error.filename, str) else ""
        told = f"{type(error).__name__}:{file} {error.strerror or ''}".strip()
        raise MachineFault(told) from None
    except Exception as error:  # noqa: BLE001 - a border: nothing of the data may pass
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        raise WorkerFault(f"{type(error).__name__} in {frame.name} ({place})") from None
