"""Reading shards: from the bytes in storage to samples, in any shard format."""

from pipelines.reading.formats import OpenUnit, open_unit
from pipelines.reading.raw_sample import RawSample

__all__ = ["OpenUnit", "RawSample", "open_unit"]
