"""Outputs that tests export: kept, dropped and redacted samples with names that need care."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.sample_data import Member, job, jpeg, write_shard

from pipelines.config.job import Job
from pipelines.exports.request import ExportRequest
from pipelines.operations.export import Exported, export
from pipelines.operations.run import run
from pipelines.storage.storage import Storage

SECRET = "quentin.vasseur@posteo.example"  # is redacted
KEYS = (
    "plain",
    "folder/in a folder",
    'with "quotes" and, commas',
    "with\nnewlines\r\n",
    "größe/日本語",
    "100% =cmd",
)
TEXTS = (
    "",
    "a text",
    f"write to {SECRET}",
    'he said: "no",\n\r\nand\tleft',
    "ünï 日本 🎈",
    "x" * 90_000,
)
DROPPED = 3  # of each shard: they are too small


def members(shard: int) -> Iterator[Member]:
    """Yield samples with each key and text, and some that are dropped, with a secret."""
    for number, (key, text) in enumerate(zip(KEYS, TEXTS, strict=True)):
        yield f"{key}.jpg", jpeg(48, 32, 100 * shard + number)
        yield f"{key}.txt", text.encode()
    for number in range(DROPPED):
        yield f"small {number}.jpg", jpeg(8, 8, 1000 + 100 * shard + number)
        yield f"small {number}.txt", f"of {SECRET}".encode()


def make_output(folder: Path, shards: int = 3, **keys: Any) -> Job:
    """Run a job without a model over shards with such samples; return the job."""
    for shard in range(shards):
        write_shard(folder / f"shards/{shard}.tar", members(shard))
    made = job(
        folder,
        **{
            "model": None,
            "tasks": {},
            "input": {"shards": f"{folder}/shards/*.tar", "text": "txt"},
            "filters": [{"kind": "image_size", "min_side": 16}, {"kind": "personal_data"}],
            **keys,
        },
    )
    run(made)
    return made


def asked(to: str, **keys: Any) -> ExportRequest:
    return ExportRequest(format=to, **keys)


@contextmanager
def no_progress(_: int) -> Iterator[Any]:
    yield lambda _: None


def exported(
    output: object, folder: object, request: ExportRequest, storage: Storage | None = None
) -> Exported:
    return export(str(output), str(folder), request, storage, progress=no_progress)


def files_of(folder: Path) -> dict[str, bytes]:
    """Return all files of an export, by their names."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
