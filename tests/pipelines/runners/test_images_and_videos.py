"""All runners write the same bytes for samples with several images, and for videos."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.random_checkpoint import build
from support.sample_data import job, jpeg, write_shard
from support.videos import video

from pipelines.operations.run import run
from schemas.sample import RGB

pytestmark = pytest.mark.faults

PAIRS = {"images": ["left.jpg", "right.jpg"]}
VIDEOS = {"video": {"frames": 2}, "pdq": True}
RUNNERS: Mapping[str, dict[str, Any]] = {
    "local, 2 workers": {"kind": "local", "workers": 2},
    "ray": {"kind": "ray", "workers": 1},
    "beam": {"kind": "beam"},
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of 16 image tokens."""
    return build(tmp_path_factory.mktemp("checkpoint"), 2, image_size=56, patch_size=14)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shards of pairs and three of videos; the last sample of each is damaged."""
    folder = tmp_path_factory.mktemp("corpus")
    for shard in range(3):
        pairs = {
            f"{key}.{side}.jpg": jpeg(40, 30 + number, 10 * shard + 2 * key + number)
            for key in range(4)
            for number, side in enumerate(("left", "right"))
        }
        pairs["4.left.jpg"] = jpeg(40, 30)
        write_shard(folder / f"pairs/{shard}.tar", pairs.items())
        clips = {f"{key}.mp4": video(noise(3 + key, 4 * shard + key)) for key in range(4)}
        clips["4.mp4"] = clips["0.mp4"][:200]
        write_shard(folder / f"videos/{shard}.tar", clips.items())
    return folder


def noise(number: int, seed: int) -> list[RGB]:
    """Frames with details, so that they have hashes; the first is black and has none."""
    squares = np.random.default_rng(seed).integers(0, 256, (number, 8, 8, 3), np.uint8)
    squares[0] = 0
    return [frame.repeat(16, axis=0).repeat(16, axis=1) for frame in squares]


def files(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.glob("*.parquet")}


@pytest.mark.parametrize("kind", ["pairs", "videos"])
@pytest.mark.usefixtures("ray_session")
def test_all_runners_write_the_same_bytes(
    kind: str, corpus: Path, checkpoint: Path, tmp_path: Path
) -> None:
    several = PAIRS if kind == "pairs" else VIDEOS
    keys: dict[str, Any] = {
        "input": {"shards": f"{corpus}/{kind}/*.tar", "text": None, **several},
        "filters": [{"kind": "image_size", "min_side": 8, "max_aspect": 3.0}],
        "tasks": {"same": {"kind": "vqa", "question": "same?", "max_new_tokens": 4}},
    }
    alone = job(tmp_path / "alone", checkpoint, **keys)
    assert run(alone).outcome == "complete"
    expected = files(tmp_path / "alone/output")
    assert sorted(expected) == ["0.parquet", "1.parquet", "2.parquet"]
    rows = pq.read_table(tmp_path / "alone/output/0.parquet").to_pylist()
    assert [row["status"] for row in rows] == [*["kept"] * 4, "invalid"]
    assert all(row["same_info"] for row in rows[:4])
    if kind == "videos":
        hashes = [row["pdq_frames"] for row in rows[:4]]
        assert all(each[0] is None and None not in each[1:] for each in hashes)
        assert len({each[-1] for each in hashes}) == 4
    for name, runner in RUNNERS.items():
        other = job(tmp_path / name, checkpoint, runner=runner, **keys)
        assert run(other).outcome == "complete"
        assert files(tmp_path / name / "output") == expected, name
