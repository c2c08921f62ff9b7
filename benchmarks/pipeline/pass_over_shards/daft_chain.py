"""Daft's chain on its native runner: a custom source for tars, decoding, resizing, Parquet.

python -m benchmarks.pipeline.pass_over_shards.daft_chain SHARD OUTPUT

Daft has no WebDataset reader. Its `resize` is bilinear, which is less work than bicubic. The model
and sha256, which Daft lacks, are functions over batches.
"""

import hashlib
import sys
from collections.abc import Iterator

import daft
import pyarrow as pa
from daft import DataType, Series, col
from daft.functions import decode_image, image_height, image_width, resize
from daft.io.source import DataSource, DataSourceTask
from daft.recordbatch import MicroPartition

from benchmarks.pipeline.pass_over_shards.samples import samples
from benchmarks.pipeline.pass_over_shards.work import (
    ANSWER,
    MAX_ASPECT,
    MAX_WORDS,
    MIN_SIDE,
    MIN_WORDS,
    SIDE,
)

_BATCH = 256  # pairs read at a time
_SCHEMA = pa.schema(
    [("key", pa.string()), ("text", pa.string()), ("url", pa.string()), ("image", pa.binary())]
)


class Shard(DataSource):
    """Daft's data source for the pairs of one tar."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def name(self) -> str:
        return "webdataset"

    @property
    def schema(self) -> daft.Schema:
        return daft.Schema.from_pyarrow_schema(_SCHEMA)

    def get_tasks(self, pushdowns: object) -> Iterator[DataSourceTask]:
        yield ShardTask(self._path)


class ShardTask(DataSourceTask):
    """Reads one tar in batches."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def schema(self) -> daft.Schema:
        return daft.Schema.from_pyarrow_schema(_SCHEMA)

    def get_micro_partitions(self) -> Iterator[MicroPartition]:
        rows: list[dict[str, object]] = []
        for key, text, image, metadata in samples(self._path):
            rows.append({"key": key, "text": text, "url": metadata["url"], "image": image})
            if len(rows) == _BATCH:
                yield MicroPartition.from_arrow(pa.Table.from_pylist(rows, _SCHEMA))
                rows = []
        if rows:
            yield MicroPartition.from_arrow(pa.Table.from_pylist(rows, _SCHEMA))


@daft.func.batch(return_dtype=DataType.string())
def sha256(images: Series) -> list[str]:
    return [hashlib.sha256(image).hexdigest() for image in images.to_pylist()]


@daft.func.batch(return_dtype=DataType.string())
def answer(images: Series) -> list[str]:
    return [ANSWER] * len(images)


def run(shard: str, output: str) -> None:
    """Annotate the shard."""
    words = col("text").split(" ").list.length()
    width, height = image_width(col("pixels")), image_height(col("pixels"))
    pairs = Shard(shard).read().where((words >= MIN_WORDS) & (words <= MAX_WORDS))
    pairs = pairs.with_column("pixels", decode_image(col("image"), mode="RGB"))
    pairs = pairs.with_columns({"width": width, "height": height})
    long = (col("width") > col("height")).if_else(col("width"), col("height"))
    short = (col("width") > col("height")).if_else(col("height"), col("width"))
    pairs = pairs.where((short >= MIN_SIDE) & (long <= MAX_ASPECT * short))
    pairs = pairs.with_columns(
        {
            "sha256": sha256(col("image")),
            "caption": answer(resize(col("pixels"), SIDE, SIDE)),
        }
    )
    pairs.exclude("image", "pixels").write_parquet(output, compression="zstd")


if __name__ == "__main__":
    run(*sys.argv[1:])
