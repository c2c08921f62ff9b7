"""Reading shards: from bytes in storage to samples, whatever the format and its faults."""

from collections.abc import Iterator

from pipelines.reading.parquet import read_parquet
from pipelines.reading.raw_sample import RawSample, Wanted
from pipelines.reading.shard_stream import CountedStream, salvage
from pipelines.reading.webdataset_tar import read_tar
from schemas.sample import Unit

PARQUET = ".parquet"
TARS = (".tar.gz", ".tgz", ".tar")


def is_parquet(shard: str) -> bool:
    return shard.lower().endswith(PARQUET)


def read_unit(unit: Unit, stream: CountedStream, wanted: Wanted) -> Iterator[RawSample]:
    """The samples of a unit, in order; memory is bounded by what is wanted.

    Raises ShardFault where the shard is cut or damaged.
    """
    if is_parquet(unit.shard):
        return read_parquet(stream, wanted, unit.row_groups, unit.first_index)
    return read_tar(stream, wanted)


__all__ = [
    "PARQUET",
    "TARS",
    "CountedStream",
    "RawSample",
    "Wanted",
    "is_parquet",
    "read_unit",
    "salvage",
]
