"""Read the pairs of a shard with the webdataset package, for rivals without such a reader."""

import json
from collections.abc import Iterator
from typing import Any

import webdataset

Pair = tuple[str, str, bytes, dict[str, Any]]  # key, text, encoded image, metadata


def samples(shard: str) -> Iterator[Pair]:
    """Yield pairs in the order of the tar; only text and JSON are decoded."""
    for sample in webdataset.WebDataset(shard, shardshuffle=False):
        metadata = json.loads(sample["json"])
        yield sample["__key__"], sample["txt"].decode(), sample["jpg"], metadata
