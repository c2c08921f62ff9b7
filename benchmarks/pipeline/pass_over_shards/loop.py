"""A bare loop: decodes and resizes each image of a tar, with no filters, recovery or threads.

python -m benchmarks.pipeline.pass_over_shards.loop SHARD OUTPUT MODE

MODE `exact` decodes in full, resizes (bicubic) and writes one Parquet file; `bilinear` does the
same with a bilinear resize. `reduced` decodes at the smallest scale that covers the model's
resolution, resizes (bicubic) and writes nothing.
"""

import io
import json
import sys
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from benchmarks.pipeline.pass_over_shards.work import SIDE, answer


def run(shard: str, output: str, mode: str) -> None:
    """Write OUTPUT/0.parquet, or only decode."""
    if mode == "reduced":
        reduced(shard)
    else:
        full(shard, output, mode)


def full(shard: str, output: str, mode: str) -> None:
    """Write one row per image."""
    filters = {"exact": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
    columns: dict[str, list[object]] = {
        name: [] for name in ("key", "width", "height", "caption", "text", "url")
    }
    with tarfile.open(shard) as tar:
        for member in tar:
            file = tar.extractfile(member)
            content = file.read() if file else b""
            key, _, extension = member.name.partition(".")
            if extension == "jpg":
                image = Image.open(io.BytesIO(content)).convert("RGB")
                columns["key"].append(key)
                columns["width"].append(image.width)
                columns["height"].append(image.height)
                columns["caption"].append(answer(image.resize((SIDE, SIDE), filters[mode])))
            elif extension == "txt":
                columns["text"].append(content.decode())
            elif extension == "json":
                columns["url"].append(json.loads(content)["url"])
    pq.write_table(pa.table(columns), Path(output) / "0.parquet", compression="zstd")


def reduced(shard: str) -> None:
    """Read the tar, decode and resize; write nothing."""
    with tarfile.open(shard) as tar:
        for member in tar:
            if member.name.endswith(".jpg") and (file := tar.extractfile(member)):
                image = Image.open(io.BytesIO(file.read()))
                image.draft("RGB", (SIDE, SIDE))
                answer(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC))


if __name__ == "__main__":
    run(*sys.argv[1:])
