"""Tests that the contenders do the same work and that costs include every process."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from benchmarks.pipeline.pass_over_shards import loop, shardmill_pass
from benchmarks.pipeline.pass_over_shards.cost import measure
from benchmarks.pipeline.pass_over_shards.photographs import photographs, write_shard

SAMPLES = 5
# The sleep is for the sampling of memory, which may be late beside other processes.
BUSY = (
    "import time; held = bytearray(64 << 20)\nwhile time.process_time() < 0.5: pass\ntime.sleep(2)"
)
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}], check=True)"


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shard(tmp_path_factory.mktemp("shards") / "0.tar", photographs(2), SAMPLES)


def test_photographs_have_the_documented_size() -> None:
    (image,) = photographs(1)
    assert photographs(1) == [image]
    assert 60_000 <= len(image) <= 120_000


@pytest.mark.parametrize("mode", ["exact", "reduced"])
def test_the_pass_stores_the_same_rows_as_the_bare_loop(
    shard: Path, tmp_path: Path, mode: str
) -> None:
    shardmill_pass.run(str(shard), str(tmp_path / "pass"), mode)
    (tmp_path / "loop").mkdir()
    loop.run(str(shard), str(tmp_path / "loop"), "exact")
    ours = pq.read_table(tmp_path / "pass/0.parquet").rename_columns({"source_text": "text"})
    bare = pq.read_table(tmp_path / "loop/0.parquet")
    assert bare.num_rows == SAMPLES
    assert ours.select(bare.column_names).to_pylist() == bare.to_pylist()


def test_decoding_alone_decodes_every_image(
    shard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images: list[Image.Image] = []
    monkeypatch.setattr(loop, "answer", images.append)
    loop.run(str(shard), str(tmp_path), "reduced")
    assert [image.size for image in images] == [(loop.SIDE, loop.SIDE)] * SAMPLES


def test_shards_repeat_images_but_not_keys(shard: Path) -> None:
    with tarfile.open(shard) as tar:
        names = tar.getnames()
    assert len(set(names)) == len(names) == 3 * SAMPLES


@pytest.mark.parametrize("program", [BUSY, PARENT])
def test_cost_includes_child_processes(program: str) -> None:
    cost = measure([sys.executable, "-c", program])
    assert cost.cpu >= 0.5
    assert cost.memory >= 64 << 20


def test_a_failing_contender_stops_the_benchmark() -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        measure([sys.executable, "-c", "raise SystemExit('no room')"])
    assert "no room" in caught.value.stdout
