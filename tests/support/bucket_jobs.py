"""A corpus of tars, Parquet files and a folder of images, and jobs over it at any place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.sample_data import images_column, job, pairs, parquet_bytes, tar_bytes

from pipelines.config.job import Job
from pipelines.storage.resolve import AnyStorage

STORAGE = AnyStorage()
SUMMARIES = "_shardmill/runs/"  # which differ from run to run

# The second filter drops all samples of one tar, so that there are kept and dropped rows.
FILTERS = [
    {"kind": "image_size", "min_side": 20},
    {"kind": "text_quality", "min_words": 2},
    {"kind": "text_safety_rules"},
]
NO_MODEL: Mapping[str, Any] = {"model": None, "tasks": {}}


def corpus() -> dict[str, bytes]:
    """Return the content of every file of the corpus, by its name."""
    members = list(pairs(10, 7))
    columns = {
        "image": images_column([content for name, content in members if name.endswith("jpg")]),
        "txt": [content.decode() for name, content in members if name.endswith("txt")],
    }
    files = {
        "tars/00 first.tar": tar_bytes(pairs(3, 1)),
        "tars/ümläut+%20.tar": tar_bytes(pairs(5, 2)),
        "tars/small.tar.gz": tar_bytes(pairs(3, 3, side=16), gzipped=True),
        "tables/train.parquet": parquet_bytes(columns, rows_per_group=2),
    }
    return files | {f"photos/{name}": content for name, content in pairs(4, 5)}


def write_corpus(root: str) -> None:
    """Write the corpus below a folder or a bucket."""
    for name, content in corpus().items():
        STORAGE.write_bytes(f"{root}/{name}", content)


def job_over(root: str, output: str, checkpoint: Path | str = "", **keys: Any) -> Job:
    """Return a job over the corpus below `root`; without a checkpoint it has no model."""
    shards = [f"{root}/tars/*.tar*", f"{root}/tables/*.parquet", f"{root}/photos/"]
    reads = {"shards": shards, "text": "txt", "max_samples_per_file": 4}
    model = {} if checkpoint else NO_MODEL
    place = Path("/nowhere")
    given = {"input": reads, "output": output, "filters": FILTERS, **model, **keys}
    return job(place, checkpoint, **given)


def rows_written(root: str) -> dict[str, bytes]:
    """Return the content of every Parquet file of rows of an output, by its name."""
    names = [entry.path.removeprefix(f"{root}/") for entry in STORAGE.list(root)]
    rows = [name for name in names if name.endswith(".parquet") and "_shardmill/" not in name]
    return {name: STORAGE.read_bytes(f"{root}/{name}") for name in rows}
