"""A corpus grows over three generations, and runs that extend its output are killed."""

import random
import signal
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.sample_data import images_column, jpeg, pairs, parquet_bytes, write_shard
from support.shardmill_process import start

from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults
JOB = """\
name: growing
input: {{shards: "{folder}/shards/*", max_samples_per_file: 4}}
filters: [{{kind: text_quality, min_words: 2}}]
output: {folder}/unused
"""
SAMPLES = 6


def add_generation(shards: Path, number: int) -> None:
    """Add four tars of 6 samples and a Parquet file of three slices; the third removes two."""
    for unit in range(4):
        write_shard(shards / f"{unit}-{number}.tar", pairs(SAMPLES, 10 * number + unit))
    images = images_column([jpeg(24, 24, seed + number) for seed in range(SAMPLES)])
    table = {"image": images, "txt": ["a small picture"] * SAMPLES}
    (shards / f"large-{number}.parquet").write_bytes(parquet_bytes(table, rows_per_group=2))
    if number == 2:
        (shards / "0-0.tar").unlink()
        (shards / "large-1.parquet").unlink()


def finish(job_file: Path, output: Path, options: list[str]) -> float:
    """Run to the end; return the seconds."""
    begun = time.monotonic()
    process = start(job_file, output, options=options)
    errors = process.wait()
    assert process.returncode == 0, errors
    return time.monotonic() - begun


def parquet(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.parquet")}


@pytest.mark.parametrize("seed", range(3))
def test_every_sample_is_once_in_its_shard_s_file(seed: int, tmp_path: Path) -> None:
    chance = random.Random(f"generations/{seed}")
    shards, output = tmp_path / "shards", tmp_path / "output"
    job_file = tmp_path / "job.yaml"
    job_file.write_text(JOB.format(folder=tmp_path))
    options = ["--extend", "--forget-missing"]
    for number in range(3):
        add_generation(shards, number)
        seconds = finish(job_file, tmp_path / f"whole-{number}", [])
        expected = parquet(tmp_path / f"whole-{number}")
        before = parquet(output)
        for _ in range(2):
            running = [
                start(job_file, output, options=options) for _ in range(chance.choice((1, 2)))
            ]
            running[0].ends_within(chance.uniform(0.3, 1.2) * seconds)
            for process in running:
                process.send_signal(signal.SIGKILL)
                process.wait()
            made = parquet(output)
            assert all(content == {**before, **expected}[name] for name, content in made.items())
        finish(job_file, output, options)
        assert parquet(output) == expected
        assert (output / "_SUCCESS").exists()
        assert not list(output.rglob("*.tmp"))
        assert verify(str(output)).problems == ()
    rows = pq.read_table(output, columns=["shard", "index"]).to_pylist()
    names = [path.name for path in shards.iterdir()]
    assert sorted((row["shard"], row["index"]) for row in rows) == sorted(
        (name, index) for name in names for index in range(SAMPLES)
    )
