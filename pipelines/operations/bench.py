"""`shardmill bench`: measures the speed of a model on this machine."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from inference import Model, check_model_packages, resolve_device
from pipelines.config.validation_errors import first_fault
from pipelines.storage.cached_folders import CachedFolders
from pipelines.storage.resolve import STORAGE, open_file
from schemas.errors import JobError
from schemas.resources import Resources

if TYPE_CHECKING:
    from inference.benchmarking.benchmark import Rate

# The kinds of inference.benchmarking.benchmark, which imports torch.
KINDS = ("caption", "ocr", "detect", "segment", "answer")


def bench(
    settings: dict[str, Any],
    kinds: Sequence[str],
    block_sizes: Sequence[int],
    images: int,
    gpus: int = 1,
) -> Iterator["Rate"]:
    """Yield the measured rate for each block size; `settings` are keys of a job's `model`.

    Without block sizes, the engine chooses one. Raises JobError if a setting or kind is wrong.
    """
    check_model_packages("CHECKPOINT")
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise JobError(f"--mix: {', '.join(unknown)!r}: give some of {','.join(KINDS)}")
    try:
        model = Model.model_validate(settings)
    except ValidationError as error:
        raise JobError(f"--{first_fault(error, settings, Model)}") from None
    resources = Resources(
        open_file,
        device=resolve_device(model.device),
        gpus=gpus,
        threads=len(os.sched_getaffinity(0)),
        fetch=CachedFolders(STORAGE),
    )
    from inference.benchmarking.benchmark import bench as bench_engine

    return bench_engine(model, kinds, block_sizes, images, resources)
