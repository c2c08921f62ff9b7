"""The type of device that an output's files are computed on: another may round sums otherwise."""

from inference import device_type
from pipelines.planning.resolve import ResolvedJob
from pipelines.storage.storage import Storage
from schemas.errors import JobError


def check_device(work: ResolvedJob, storage: Storage) -> None:
    """Note this worker's type of device with the output; JobError where another is noted."""
    if work.job.runner.mixed_devices:
        return
    path, here = work.layout.device, device_type(work.resolved.device)
    try:
        noted = storage.read_bytes(path).decode()
    except FileNotFoundError:
        storage.write_bytes(path, here.encode())
        return
    if noted != here:
        raise JobError(
            f"runner: the output was begun on {noted}, and a worker has {here}, whose results can "
            "differ in their last digits: use the same type, or set runner.mixed_devices: true"
        )
