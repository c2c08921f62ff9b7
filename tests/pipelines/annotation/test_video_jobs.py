"""Tests that jobs read videos from every format, store their times, and judge their frames."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.sample_data import encoded, job, jpeg, parquet_bytes, picture, write_shard
from support.videos import gray_frames, sound_only, video

from filters import ImageFilter, ImageQuality
from filters.base import Judge
from pipelines.config.job import Job
from pipelines.operations.inspect import select
from pipelines.operations.look import look
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, keep

MP4 = video(gray_frames(12))
WEBM = video(gray_frames(6, 32, 40), "webm", "libvpx", rate=5)
GIF = encoded(
    picture(30, 20), "GIF", save_all=True, append_images=[picture(30, 20, 1)], duration=500
)
SMALL: dict[str, Any] = {"kind": "image_size", "min_side": 8, "max_aspect": 100}


def filtering(folder: Path, **given: Any) -> Job:
    """A job that only filters, over all shards."""
    given = {"shards": f"{folder}/shards/*", "text": None, "video": {}, **given}
    keys: dict[str, Any] = {"model": None, "tasks": {}, "filters": [SMALL]}
    return job(folder, input=given, **keys)


def rows_of(given: Job, name: str) -> list[dict[str, Any]]:
    assert run(given).outcome == "complete"
    assert verify(given.output).problems == ()
    return pq.read_table(f"{given.output}/{name}.parquet").to_pylist()


def test_times_are_stored_and_hostile_videos_are_rows_with_reasons(tmp_path: Path) -> None:
    members = {
        "a.mp4": MP4,
        "b.webm": WEBM,
        "c.gif": GIF,
        "d.mp4": MP4[:-40],
        "e.mp4": sound_only(),
        "f.mkv": video(gray_frames(2), "matroska", "ffv1"),
        "g.mov": b"",
        "h.mp4": b"no video",
        "i.jpg": jpeg(20, 20),
        "j.tiff": encoded(picture(9, 9), "TIFF"),
    }
    write_shard(tmp_path / "shards/a.tar", members.items())
    rows = rows_of(filtering(tmp_path), "a")
    assert [row["reason"] for row in rows] == [
        None,
        None,
        None,
        "image_truncated",
        "video_stream_missing",
        "video_codec_unsupported",
        "image_empty",
        "image_undecodable",
        "video_missing",
        "video_missing",
    ]
    measured = [
        tuple(row[name] for name in ("width", "height", "num_frames", "duration", "fps"))
        for row in rows[:4]
    ]
    assert measured == [
        (64, 48, 12, pytest.approx(1.2), pytest.approx(10)),
        (32, 40, 6, pytest.approx(1.2), pytest.approx(5)),
        (30, 20, 2, pytest.approx(1), pytest.approx(2)),
        (None,) * 5,
    ]


def test_a_video_without_times_is_judged_as_a_video_and_an_animation_is_not(tmp_path: Path) -> None:
    black = picture(30, 20).point(lambda _: 0)
    later = [picture(30, 20, number) for number in range(3)]
    members = [
        ("gif.gif", encoded(black, "GIF", save_all=True, append_images=later)),
        ("webp.webp", encoded(black, "WEBP", save_all=True, append_images=later, duration=0)),
    ]
    write_shard(tmp_path / "shards/a.tar", members)
    given = filtering(tmp_path).model_copy(update={"filters": (ImageQuality(),)})
    rows = rows_of(given, "a")
    assert [(row["status"], row["num_frames"], row["duration"]) for row in rows] == [
        ("kept", 4, None),
        ("kept", 4, None),
    ]
    images = filtering(tmp_path, video=None, image="gif").model_copy(
        update={"filters": (ImageQuality(),), "output": f"{tmp_path}/images"}
    )
    run(images)
    stored = pq.read_table(f"{images.output}/a.parquet").to_pylist()
    assert [row["reason"] for row in stored] == ["image_flat", "image_missing"]


def test_a_video_is_taken_before_a_thumbnail_and_several_videos_are_named(tmp_path: Path) -> None:
    members = [("a.mp4", MP4), ("a.webp", encoded(picture(9, 9), "WEBP")), ("a.jpg", jpeg(8, 8))]
    write_shard(tmp_path / "shards/a.tar", [*members, ("b.mp4", MP4), ("b.webm", WEBM)])
    rows = rows_of(filtering(tmp_path), "a")
    assert [(row["reason"], row["width"]) for row in rows] == [(None, 64), ("image_several", None)]
    named = filtering(tmp_path, image="webm").model_copy(update={"output": f"{tmp_path}/named"})
    rows = rows_of(named, "a")
    assert [(row["reason"], row["width"]) for row in rows] == [("video_missing", None), (None, 32)]


def test_videos_are_read_from_parquet_and_from_folders(tmp_path: Path) -> None:
    columns = {"image": [jpeg(8, 8)] * 2, "video": pa.array([MP4, WEBM], pa.binary())}
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards/p.parquet").write_bytes(parquet_bytes(columns))
    assert [row["width"] for row in rows_of(filtering(tmp_path), "p")] == [64, 32]
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "2.mp4").write_bytes(MP4)
    (folder / "10.webm").write_bytes(WEBM)
    given = filtering(tmp_path, shards=str(folder))
    given = given.model_copy(update={"output": f"{tmp_path}/of_folder"})
    assert [(row["key"], row["width"]) for row in rows_of(given, "clips")] == [
        ("2", 64),
        ("10", 32),
    ]
    without = filtering(tmp_path, shards=str(folder), video=None)
    without = without.model_copy(update={"output": f"{tmp_path}/without"})
    with pytest.raises(JobError, match=r"a folder without images: for videos, set input\.video"):
        run(without)


class BrightestFrame(ImageFilter):
    """Keep videos none of whose judged frames is brighter than `most`."""

    kind: Literal["brightest_frame"] = "brightest_frame"
    most: float

    def load(self, resources: Resources) -> Judge[Sample]:
        return self

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(max(float(frame.mean()) for frame in item.frames)) for item in items]

    def _judge(self, gray: float) -> Verdict:
        return keep({"gray": gray}) if gray <= self.most else drop("bright", {"gray": gray})


def test_filters_judge_the_first_and_the_last_frame(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", [("a.mp4", MP4), ("b.webm", WEBM)])
    stages = (BrightestFrame(most=60),)  # the last frames have 75 and 45
    given = filtering(tmp_path, frames=2).model_copy(update={"filters": stages})
    rows = rows_of(given, "a")
    assert [row["reason"] for row in rows] == ["bright", None]
    assert [score["value"] for row in rows for score in row["scores"]] == [
        pytest.approx(75, abs=2),
        pytest.approx(45, abs=2),
    ]


@pytest.mark.parametrize("setting", [{"decode": "reduced"}, {"truncated": "accept"}])
def test_settings_of_images_are_refused_for_videos(tmp_path: Path, setting: Any) -> None:
    with pytest.raises(ValueError, match="is for images: remove it, or `video`"):
        filtering(tmp_path, **setting)


def test_a_missing_package_is_told_when_a_job_is_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shard(tmp_path / "shards/a.tar", [("a.mp4", MP4)])
    monkeypatch.setattr("pipelines.images.video.find_spec", lambda name: None)
    with pytest.raises(JobError, match=r"input\.video: needs PyAV: pip install 'shardmill\[video"):
        run(filtering(tmp_path))


def test_the_first_frame_is_shown(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", [("a.mp4", MP4), ("b.mp4", MP4[:-40])])
    given = filtering(tmp_path)
    assert run(given).outcome == "complete"
    shown = select(given.output, 2)
    assert [each.image is None for each in shown] == [False, True]
    frame = shown[0].image
    assert frame is not None
    assert frame.shape == (48, 64, 3)
    assert abs(float(frame.mean()) - 20) <= 2
    looked = look(given, None, "a", index=0)
    assert looked.row is not None
    assert (looked.row.num_frames, looked.row.duration) == (12, pytest.approx(1.2))
    assert looked.image is not None
    np.testing.assert_array_equal(looked.image, frame)
