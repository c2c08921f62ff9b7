"""Tests that each sample of a hostile tar and a hostile Parquet file gets its expected reason."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support import hostile_shards
from support.sample_data import job

from pipelines.operations.run import run
from pipelines.operations.verify import verify

ROOT = Path(__file__).parents[3]
MIB = 1 << 20
SOURCES: dict[str, tuple[Callable[[], tuple[bytes, dict[str, str]]], list[str]]] = {
    "hostile.tar": (hostile_shards.tar, ["json:url"]),
    "hostile.parquet": (hostile_shards.parquet, ["json:url", "tags"]),
}
# Reasons that need a decoder that hangs or dies (tests/faults/test_decoders.py), a key or a type
# that the job states (test_carried_fields.py), a file of one image (test_annotate.py), several
# images (test_several_images_jobs.py), or videos.
ELSEWHERE = {
    "image_decoder_hung",
    "image_decoder_died",
    "image_unreadable",
    "images_too_many",
    "key_missing",
    "value_unfit",
    "video_missing",
    "video_stream_missing",
    "video_codec_unsupported",
    "video_without_frames",
    "video_needs_memory",
}


def reading(folder: Path, shard: str, carry: list[str]) -> dict[str, Any]:
    return {"shards": f"{folder}/shards/{shard}", "carry": carry, "limits": hostile_shards.LIMITS}


@pytest.mark.parametrize("shard", SOURCES)
def test_every_sample_is_a_row_with_its_reason(
    shard: str, tmp_path: Path, checkpoint: Path
) -> None:
    make, carry = SOURCES[shard]
    content, reasons = make()
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / shard).write_bytes(content)
    summary = run(job(tmp_path, checkpoint, input=reading(tmp_path, shard, carry)))
    assert summary.outcome == "complete"
    rows = pq.read_table(tmp_path / "output/hostile.parquet").to_pylist()
    assert [row["index"] for row in rows] == list(range(len(reasons)))
    stored = {name: row["reason"] or "" for name, row in zip(reasons, rows, strict=True)}
    assert stored == reasons
    assert {row["status"] for row in rows} == {"kept", "invalid"}
    assert verify(str(tmp_path / "output")).problems == ()


def test_every_documented_reason_has_a_case() -> None:
    text = (ROOT / "docs/output.md").read_text(encoding="utf-8")
    section = text.split("Samples that are `invalid`:")[1].split("Samples that are")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    cases = {reason for make, _ in SOURCES.values() for reason in make()[1].values()} - {""}
    assert cases == documented - ELSEWHERE


PROGRAM = r"""
import sys
from pathlib import Path
from support.sample_data import job
from filters import ImageFilter
from pipelines.annotation.filtering import FilterChain
from pipelines.annotation.decoding import RowDecoder
from pipelines.annotation.preprocessing import unit_blocks
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.reading import open_unit
from pipelines.storage.local import LocalStorage
from inference.benchmarking.peak_memory import peak_memory
from schemas.generation import ImageSpec
from schemas.resources import Resources
from schemas.sample import Unit
from schemas.verdict import keep

class FrameReader(ImageFilter):
    kind: str = "frame_reader"
    def load(self, resources):
        return self
    def judge(self, items):
        return [keep() for _ in items]

path, limits = sys.argv[1], eval(sys.argv[2])
small_job = job(Path(), input={"shards": path, "limits": limits})
filters = FilterChain([FrameReader()], Resources(open))
decoder = RowDecoder(small_job.input, filters, ImageSpec(224), threads=2)
unit = Unit("a", path, path, 0, "")
before = peak_memory()
with open_unit(unit, LocalStorage(), small_job.input) as shard:
    steps = (unit, shard, small_job.input, filters, decoder)
    for block in unit_blocks(*steps, timer=StageTimer(), block_size=256):
        pass
print(peak_memory() - before)
"""


@pytest.mark.parametrize("shard", SOURCES)
def test_memory_is_bounded(shard: str, tmp_path: Path) -> None:
    """Decoding the 900 megapixels would take 2.7 GB; all other cases need little memory."""
    path = tmp_path / shard
    path.write_bytes(SOURCES[shard][0]()[0])
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), repr(hostile_shards.LIMITS)],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(process.stdout) < 200 * MIB
