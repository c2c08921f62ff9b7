"""The requests that a unit costs in a bucket, as docs/buckets.md states them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import pytest
from support.sample_data import images_column, pairs, parquet_bytes, tar_bytes
from support.small_s3 import BUCKET, SmallS3

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.runners import report_files

FEW, MANY = 2, 12  # units of two jobs; their difference has no request of the run itself
SHARDS = f"s3://{BUCKET}/shards"


def parquet_shard(samples: int, seed: int) -> bytes:
    """Return a Parquet file with row groups of one sample."""
    members = list(pairs(samples, seed))
    images = images_column(content for name, content in members if name.endswith("jpg"))
    texts = [content.decode() for name, content in members if name.endswith("txt")]
    return parquet_bytes({"image": images, "txt": texts}, rows_per_group=1)


def tars(units: int) -> dict[str, bytes]:
    return {f"{number:05}.tar": tar_bytes(pairs(1, number)) for number in range(units)}


def compressed_tars(units: int) -> dict[str, bytes]:
    return {
        f"{number:05}.tar.gz": tar_bytes(pairs(1, number), gzipped=True) for number in range(units)
    }


def parquet_files(units: int) -> dict[str, bytes]:
    return {f"{number:05}.parquet": parquet_shard(1, number) for number in range(units)}


def slices(units: int) -> dict[str, bytes]:
    return {"00000.parquet": parquet_shard(units, 0)}


def folders(units: int) -> dict[str, bytes]:
    return {
        f"{number:05}/{name}": content
        for number in range(units)
        for name, content in pairs(1, number)
    }


def requests_of(
    shards: Mapping[str, bytes], pattern: str, server: SmallS3, runner: Mapping[str, Any]
) -> Counter[str]:
    """Run a job over shards; return the number of its requests by class, and where they went."""
    server.reset()
    for name, content in shards.items():
        server.objects[BUCKET][f"shards/{name}"] = content
    job = Job.model_validate(
        {
            "name": "requests",
            "input": {"shards": f"{SHARDS}/{pattern}", "text": "txt", "max_samples_per_file": 1},
            "filters": [{"kind": "image_size", "min_side": 4}],
            "output": f"s3://{BUCKET}/out",
            # So long that no run, however slow, renews its sign of life.
            "runner": {"claim_seconds": 3600, **runner},
            # Workers on other machines know the server from the job alone.
            "storage": {f"s3://{BUCKET}": {"endpoint": server.url, "anonymous": True}},
        }
    )
    assert run(job).outcome == "complete"
    classes: Counter[str] = Counter()
    for (method, path), times in server.requests.items():
        kind = "PUT" if method == "PUT" or "list-type" in path else method
        kind = "GET" if method == "HEAD" else "DELETE" if method == "POST" else kind
        classes[f"{kind} {'shards' if 'shards/' in unquote(path) else 'output'}"] += times
    return classes


def requests_per_unit(
    make: Any, pattern: str, server: SmallS3, runner: Mapping[str, Any] = {}
) -> dict[str, float]:
    few = requests_of(make(FEW), pattern, server, runner)
    many = requests_of(make(MANY), pattern, server, runner)
    classes = sorted(few.keys() | many.keys())
    each = {kind: (many[kind] - few[kind]) / (MANY - FEW) for kind in classes}
    return {kind: number for kind, number in each.items() if number and "DELETE" not in kind}


# Of the output: attempt marker, Parquet file, and listing before the commit.
OUTPUT = {"PUT output": 3}


@pytest.mark.parametrize(
    ("make", "pattern", "reading"),
    [
        (tars, "*.tar", {"GET shards": 1}),  # one stream
        (compressed_tars, "*.tar.gz", {"GET shards": 1}),
        (slices, "*.parquet", {"GET shards": 3}),  # size, footer and columns
        (parquet_files, "*.parquet", {"GET shards": 3 + 2}),  # plan reads size and footer, too
        # Listed to find it, to split it and to read it; image and text.
        (folders, "*/", {"PUT shards": 3, "GET shards": 2}),
    ],
)
def test_a_unit_costs_three_writing_requests_and_what_its_shard_costs(
    make: Any, pattern: str, reading: dict[str, float], small_s3: SmallS3
) -> None:
    assert requests_per_unit(make, pattern, small_s3) == {**OUTPUT, **reading}


BEAM = {"PUT output": 3, "GET output": 2}  # looks whether a unit is done, as one or more files


@pytest.mark.parametrize(
    ("make", "pattern", "reading"),
    [
        (tars, "*.tar", {"GET shards": 1}),
        (slices, "*.parquet", {"GET shards": 3}),
    ],
)
class TestOtherRunners:
    """A unit costs as little on Ray; on Beam, two looks and its share of the reports more."""

    @pytest.mark.faults  # for its time
    def test_ray(
        self,
        make: Any,
        pattern: str,
        reading: dict[str, float],
        small_s3: SmallS3,
        ray_session: None,
    ) -> None:
        each = requests_per_unit(make, pattern, small_s3, {"kind": "ray"})
        assert each == {**OUTPUT, **reading}

    def test_beam(
        self,
        make: Any,
        pattern: str,
        reading: dict[str, float],
        small_s3: SmallS3,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        pytest.importorskip("apache_beam", reason="Beam is not installed: pip install '.[beam]'")
        # One file of reports, however slow this machine is.
        monkeypatch.setattr(report_files, "_WRITE_SECONDS", 3600)
        each = requests_per_unit(make, pattern, small_s3, {"kind": "beam"})
        assert each == {**BEAM, **reading}
