"""Tests that captions and answers about videos follow from the sampled frames, in both engines."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.sample_data import encoded, job, picture, write_shard
from support.videos import video

from pipelines.adapters.steps import (
    Answered,
    Rejected,
    SampleAnnotator,
    SampleFilter,
    SampleReader,
)
from pipelines.annotation.annotator import Annotator
from pipelines.api import annotate as api
from pipelines.config.job import Job
from pipelines.config.video import VideoFrames
from pipelines.images import DecodeOptions
from pipelines.images.video import EncodedVideo
from pipelines.operations.run import run
from pipelines.planning.plan import first_units
from pipelines.planning.resolve import resolve
from schemas.errors import JobError
from schemas.generation import Request
from schemas.sample import Sample

TASKS: dict[str, Any] = {
    "caption": {"kind": "caption", "max_new_tokens": 6},
    "answer": {"kind": "vqa", "question_field": "source_text", "max_new_tokens": 6},
}
SAMPLING = VideoFrames(frames=3, stride=4)
NAMES = ("key", "status", "reason", "num_frames", "caption", "answer")


def moving(number: int, seed: int) -> list[Any]:
    """Frames that show another picture each."""
    return [np.asarray(picture(40, 30, 100 * seed + each)) for each in range(number)]


MP4 = video(moving(10, 0))
SHORT = video(moving(2, 1), "webm", "libvpx-vp9")  # has too few frames
GIF = encoded(
    picture(30, 20), "GIF", save_all=True, append_images=[picture(30, 20, 1)], duration=500
)


def asking(folder: Path, checkpoint: Path, engine: str = "fast") -> Job:
    model = {"checkpoint": str(checkpoint), "precision": "float32", "device": "cpu"}
    given = {"shards": f"{folder}/shards/*.tar", "video": SAMPLING.model_dump()}
    sizes = {"block_size": 4, "batch_size": 4, "engine": engine}
    output = f"{folder}/{engine}"
    return job(folder, input=given, tasks=TASKS, model={**model, **sizes}, output=output)


def write_clips(folder: Path) -> None:
    clips = {"a.mp4": MP4, "b.webm": SHORT, "c.gif": GIF, "d.mp4": MP4[:-30], "e.mp4": MP4}
    members = [
        each
        for name, content in clips.items()
        for each in ((name, content), (f"{name[0]}.txt", f"what moves in {name[0]}?".encode()))
    ]
    write_shard(folder / "shards/a.tar", members)


def rows_of(given: Job) -> list[dict[str, Any]]:
    assert run(given).outcome == "complete"
    return pq.read_table(f"{given.output}/a.parquet").to_pylist()


def test_both_engines_answer_alike_and_as_about_the_sampled_frames(
    tmp_path: Path, checkpoint: Path
) -> None:
    write_clips(tmp_path)
    fast = rows_of(asking(tmp_path, checkpoint))
    reference = rows_of(asking(tmp_path, checkpoint, "reference"))
    assert [[row[name] for name in NAMES] for row in fast] == [
        [row[name] for name in NAMES] for row in reference
    ]
    assert [row["reason"] for row in fast] == [None, None, None, "image_truncated", None]
    assert [row["num_frames"] for row in fast] == [10, 2, 2, None, 10]
    assert fast[0]["caption"] == fast[4]["caption"]
    given = asking(tmp_path, checkpoint)
    annotator = Annotator(resolve(given), given.open_storage(), 1)
    try:
        engine = annotator._loaded.engine
        assert engine is not None
        opened = EncodedVideo.open(MP4, given.input.limits, SAMPLING)
        images = opened.decode(DecodeOptions(annotator._loaded.image_spec)).model_images
        assert len({image.tobytes() for image in images}) == 3
        prompts = (("caption en", 6), ("answer en what moves in a?", 6))
        ((caption, answer),) = engine.generate([Request(images, prompts)])
    finally:
        annotator.close()
    for name, generation in (("caption", caption), ("answer", answer)):
        assert fast[0][name] == generation.text.strip()
        scores = [token.logprob for token in generation.tokens]
        assert fast[0][f"{name}_info"]["mean_logprob"] == pytest.approx(np.mean(scores), abs=1e-4)


def test_steps_of_other_pipelines_answer_as_a_job(tmp_path: Path, checkpoint: Path) -> None:
    write_clips(tmp_path)
    given = asking(tmp_path, checkpoint)
    work = resolve(given)
    (unit,) = first_units(given)
    read = list(SampleReader(work).samples(unit))
    samples = [each for each in read if isinstance(each, Sample)]
    assert [each.num_frames for each in samples] == [10, 2, 2, 10]
    assert [each.duration for each in samples] == pytest.approx([1.0, 0.2, 1.0, 1.0])
    assert [each.fps for each in samples] == pytest.approx([10, 10, 2, 10])
    (rejected,) = [each for each in read if isinstance(each, Rejected)]
    assert rejected.reason == "image_truncated"
    assert SampleFilter(work).judge(samples) == samples
    answered = SampleAnnotator(work).annotate(samples)
    found = [each.answers["caption"].value for each in answered if isinstance(each, Answered)]
    assert found == [row["caption"] for row in rows_of(given) if row["status"] == "kept"]


def test_videos_in_memory_are_answered_and_judged(tmp_path: Path, checkpoint: Path) -> None:
    write_clips(tmp_path)
    file = tmp_path / "a.mp4"
    file.write_bytes(MP4)
    settings = {"precision": "float32", "device": "cpu", "block_size": 4, "batch_size": 4}
    tasks = {"caption": TASKS["caption"]}
    with api.Annotator(checkpoint, **settings) as annotator:
        rows = annotator.annotate(
            [file, SHORT, MP4[:-30]], tasks, video=SAMPLING.model_dump(), details=True
        )
    assert [row["reason"] for row in rows] == [None, None, "image_truncated"]
    assert [row["num_frames"] for row in rows] == [10, 2, None]
    assert rows[0]["duration"] == pytest.approx(1)
    stored = rows_of(asking(tmp_path, checkpoint))
    assert [row["caption"] for row in rows[:2]] == [row["caption"] for row in stored[:2]]
    with pytest.raises(JobError, match=r"^video\.frames: "):
        api.judge_images([file], {"kind": "image_size"}, video={"frames": 0})


def test_verdicts_about_images_are_not_taken_for_videos(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", [("a.gif", GIF)])
    small = {"kind": "image_size", "min_side": 8}
    keys: dict[str, Any] = {"model": None, "tasks": {}}
    given = {"shards": f"{tmp_path}/shards/a.tar", "text": None, "image": "gif"}
    run(job(tmp_path, input=given, filters=[small], **keys))
    later = {"filters_from": f"{tmp_path}/output", "output": f"{tmp_path}/later"}
    with pytest.raises(JobError, match=r"input\.video: .* judged its samples as images"):
        run(job(tmp_path, checkpoint, input={**given, "video": {}}, **later))
