"""Ray Data's chain: read_webdataset, map_batches, write_parquet, on all cores of this machine.

python -m benchmarks.pipeline.pass_over_shards.ray_data SHARDS OUTPUT [MODE]

SHARDS is a tar or a folder of tars. MODE says what happens to files that OUTPUT already has:
`append`, which is Ray Data's default, or `overwrite`. Images stay encoded until they are annotated
(`decoder=None`): the default decodes while reading and sends decoded pixels through the object
store.
"""

import json
import sys
from collections import defaultdict
from typing import Any

import numpy as np
import ray
from ray.data import SaveMode

from benchmarks.pipeline.pass_over_shards.work import annotate_pair


def annotated(batch: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the pairs that pass."""
    columns: dict[str, list[object]] = defaultdict(list)
    members = (batch[name] for name in ("__key__", "txt", "jpg", "json"))
    for key, text, image, metadata in zip(*members, strict=True):
        row = annotate_pair(key, text.decode(), image, json.loads(metadata))
        for name, value in (row or {}).items():
            columns[name].append(value)
    return {name: np.array(values) for name, values in columns.items()}


def run(shards: str, output: str, mode: str = "append") -> None:
    """Annotate the shards."""
    ray.init("local", include_dashboard=False, logging_level="warning", log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    pairs = ray.data.read_webdataset([shards], decoder=None)
    rows = pairs.map_batches(annotated)
    rows.write_parquet(output, compression="zstd", mode=SaveMode(mode))


if __name__ == "__main__":
    run(*sys.argv[1:])
