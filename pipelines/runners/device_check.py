"""Checks that all workers of an output use one type of device, since types round differently."""

from inference import device_type
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.storage.storage import Storage
from schemas.errors import JobError


def check_device(work: ResolvedJob, storage: Storage) -> None:
    """Record this worker's type of device in the output; raise JobError if another is recorded."""
    if work.job.runner.mixed_devices:
        return
    path, here = work.layout.device, device_type(work.resolved.device, work.uses_torch)
    try:
        recorded = storage.read_bytes(path).decode()
    except FileNotFoundError:
        storage.write_bytes(path, here.encode())
        return
    if recorded != here:
        raise JobError(
            f"runner: the output was begun on {recorded}, and a worker has {here}, whose results "
            "can differ in their last digits: use the same type, or set runner.mixed_devices: true"
        )
