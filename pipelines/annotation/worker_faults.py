"""Turns unexpected exceptions into WorkerFault, without their messages."""

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
from schemas.full_disk import full_disk_advice
from schemas.regular_file import NotRegularFile


@contextmanager
def worker_faults() -> Iterator[None]:
    """Raise WorkerFault for an unexpected exception, MachineFault for an OSError.

    A pipe or a device in place of a file raises JobError: another attempt would meet it again.
    JobError, ShardFault and WorkerFault pass through. A WorkerFault names the exception's type and
    its place in the code, never its message, which can quote the content of a sample. A
    MachineFault names the file and the operating system's error.
    """
    try:
        yield
    except (JobError, ShardFault, WorkerFault):
        raise
    except NotRegularFile as error:
        raise JobError(
            f"{error.filename}: is a pipe, a socket or a device: put a file in its place"
        ) from None
    except OSError as error:
        file = f" {error.filename}" if isinstance(error.filename, str) else ""
        message = f"{type(error).__name__}:{file} {error.strerror or ''}".strip()
        raise MachineFault(message + full_disk_advice(error)) from None
    except Exception as error:  # noqa: BLE001 - its message may quote a sample
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        raise WorkerFault(f"{type(error).__name__} in {frame.name} ({place})") from None
