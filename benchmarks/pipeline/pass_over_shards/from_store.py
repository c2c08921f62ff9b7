"""Runs the pass, or the chain of a rival, over a shard of an object store.

python -m benchmarks.pipeline.pass_over_shards.from_store SHARD OUTPUT WAY STORE

SHARD is a local tar, and STORE the URL of a folder that holds the same tar. WAY is a key of WAYS.
The environment says how the store is reached.
"""

import io
import json
import os
import sys
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.pipeline.pass_over_shards.work import annotate_pair


def shardmill_on_disk(shard: str, output: str, url: str) -> None:
    from benchmarks.pipeline.pass_over_shards.shardmill_pass import run

    run(shard, output, "exact")


def shardmill(shard: str, output: str, url: str) -> None:
    from benchmarks.pipeline.pass_over_shards.shardmill_pass import run

    run(url, output, "exact")


def receive(shard: str, output: str, url: str) -> None:
    """Stream the bytes by obstore and throw them away: what receiving alone costs."""
    from obstore.store import from_url

    folder, _, name = url.rpartition("/")
    options: Any = {"allow_http": True, "timeout": "1h"}
    answer = from_url(folder, client_options=options).get(name)
    assert sum(map(len, answer.stream(1 << 20))) == os.path.getsize(shard)


def webdataset_by_curl(shard: str, output: str, url: str) -> None:
    """Read by WebDataset's `pipe:curl`, from a bucket that everybody may read."""
    from benchmarks.pipeline.pass_over_shards.samples import samples

    address = url.replace("s3://", os.environ["AWS_ENDPOINT_URL"] + "/")
    _annotate(samples(f"pipe:curl -s -f {address}"), output)


def ray_data(shard: str, output: str, url: str) -> None:
    from benchmarks.pipeline.pass_over_shards.ray_data import run

    run(url, output)


def daft(shard: str, output: str, url: str) -> None:
    """Read by Daft, which has no reader of tars: one file is downloaded whole."""
    import daft

    config = daft.io.IOConfig(
        s3=daft.io.S3Config(endpoint_url=os.environ["AWS_ENDPOINT_URL"], anonymous=True)
    )
    frame = daft.from_pydict({"url": [url]})
    content = frame.select(frame["url"].download(io_config=config)).to_pydict()["url"][0]
    _annotate(_pairs(content), output)


def _pairs(content: bytes) -> Iterable[tuple[str, str, bytes, Mapping[str, Any]]]:
    members: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar:
            file = tar.extractfile(member)
            key, _, extension = member.name.partition(".")
            members[extension] = file.read() if file else b""
            if len(members) == 3:
                yield key, members["txt"].decode(), members["jpg"], json.loads(members["json"])
                members = {}


def _annotate(pairs: Iterable[tuple[Any, ...]], output: str) -> None:
    rows = [row for pair in pairs if (row := annotate_pair(*pair))]
    pq.write_table(pa.Table.from_pylist(rows), Path(output) / "0.parquet", compression="zstd")


FROM_DISK, FROM_STORE, RECEIVING = "pass, on disk", "pass, from the store", "receiving alone"
WAYS: dict[str, Callable[[str, str, str], None]] = {
    FROM_DISK: shardmill_on_disk,
    FROM_STORE: shardmill,
    RECEIVING: receive,
    "WebDataset, pipe:curl": webdataset_by_curl,
    "Ray Data": ray_data,
    "Daft": daft,
}

if __name__ == "__main__":
    local, target, way, store = sys.argv[1:]
    WAYS[way](local, target, f"{store.rstrip('/')}/{Path(local).name}")
