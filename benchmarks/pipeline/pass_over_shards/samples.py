"""The pairs of a shard, for rivals that read no WebDataset, by webdataset's own reader."""

import json
from collections.abc import Iterator
from typing import Any

import webdataset

Pair = tuple[str, str, bytes, dict[str, Any]]  # key, text, encoded image, metadata


def samples(shard: str) -> Iterator[Pair]:
    """In the order of the tar, nothing decoded but text and JSON."""
    for sample in webdataset.WebDataset(shard, shardshuffle=False):
        metadata = json.loads(sample["json"])
        yield sample["__key__"], sample["txt"].decode(), sample["jpg"], metadata
