"""Writes the list of near images: as Parquet for the filter `duplicates`, or as CSV."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from pipelines.duplicates.images import COLUMNS, Images, to_hexadecimal
from pipelines.duplicates.near_images import NearImages

_ROWS = 1 << 15  # rows that are written at a time

SCHEMA = pa.schema(
    [
        ("group", pa.int64()),
        ("kept", pa.bool_()),
        ("output", pa.string()),
        ("shard", pa.string()),
        ("index", pa.int64()),
        ("distance", pa.int32()),
        ("matching_frames", pa.int32()),  # of a video; null: an image
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("sha256", pa.string()),
        ("pdq", pa.string()),  # of an image; null: a video
        ("kept_output", pa.string()),
        ("kept_shard", pa.string()),
        ("kept_index", pa.int64()),
    ]
)


def write_list(file: Path, images: Images, near: NearImages, is_csv: bool) -> None:
    """Write a row for each image of a group, in the order of `near`."""
    columns = {name: images.mapped(name) for name in COLUMNS} if len(near.images) else {}
    hashes = None if images.are_videos or not columns else images.mapped("pdq")
    writer = (pcsv.CSVWriter if is_csv else pq.ParquetWriter)(file, SCHEMA)
    with writer:
        for start in range(0, len(near.images), _ROWS):
            part = slice(start, start + _ROWS)
            own, kept = near.images[part], near.kept[part]
            nulls = [None] * len(own)
            values = {
                "group": near.groups[part],
                "kept": own == kept,
                "distance": near.distances[part].astype(np.int32),
                **{name: columns[name][own] for name in ("index", "width", "height")},
                "sha256": to_hexadecimal(columns["sha256"][own]),
                "pdq": nulls if hashes is None else to_hexadecimal(hashes[own].view(np.uint8)),
                "matching_frames": nulls if near.frames is None else near.frames[part],
                "kept_index": columns["index"][kept],
            }
            for prefix, numbers in (("", own), ("kept_", kept)):
                names = [images.shards[place] for place in columns["shard"][numbers].tolist()]
                values[f"{prefix}output"] = [output for output, _ in names]
                values[f"{prefix}shard"] = [shard for _, shard in names]
            arrays = [pa.array(values[field.name], field.type) for field in SCHEMA]
            writer.write_batch(pa.record_batch(arrays, schema=SCHEMA))
