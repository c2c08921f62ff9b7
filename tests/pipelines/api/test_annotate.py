"""Tests of `shardmill.annotate` and `judge_images`: the same values as a job's, for any image."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import ExifTags, Image
from support.sample_data import encoded, job, jpeg, picture, write_shard

from filters import ImageSize
from inference.tasks.text_tasks import Caption
from pipelines.api import annotate as module
from pipelines.api.annotate import Annotator, annotate, judge_images
from pipelines.operations.run import run
from schemas.errors import JobError

SETTINGS: dict[str, Any] = {"precision": "float32", "device": "cpu"}
TASKS: dict[str, Any] = {
    "caption": {"kind": "caption", "max_new_tokens": 4},
    "objects": {"kind": "detect", "labels": ["cat", "dog"], "max_new_tokens": 6},
    "answer": {"kind": "vqa", "question_field": "source_text", "max_new_tokens": 3},
    "named": {"kind": "segment", "labels_field": "source_text", "max_new_tokens": 6, "best": 1},
    "blank": {"kind": "prompt", "text": "", "max_new_tokens": 3, "logprobs": True},
}


@pytest.fixture(scope="module")
def annotator(checkpoint: Path) -> Annotator:
    return Annotator(checkpoint, **SETTINGS)


def captions(annotator: Annotator, images: Sequence[object]) -> list[object]:
    rows = annotator.annotate(images, {"c": TASKS["caption"]})
    assert {row["status"] for row in rows} == {"kept"}
    return [row["c"] for row in rows]


def test_the_values_are_those_of_a_job_over_the_same_samples(
    checkpoint: Path, tmp_path: Path
) -> None:
    files = [jpeg(48, 32, seed) for seed in range(7)]
    files[2] = files[2][:100]  # its header can be read, its pixels cannot
    files[4] = jpeg(20, 20)  # too small
    files[5] = b"no image"
    texts = [f"what is number {n}?" for n in range(7)]
    texts[6] = "write to someone@example.org"
    members = [
        member
        for n, (file, text) in enumerate(zip(files, texts, strict=True))
        for member in ((f"{n}.jpg", file), (f"{n}.txt", text.encode()))
    ]
    write_shard(tmp_path / "shards/a.tar", members)
    filters = [{"kind": "image_size", "min_side": 24}, {"kind": "personal_data"}]
    model = {**SETTINGS, "block_size": 2}
    wanted = {"filters": filters, "tasks": TASKS, "model": {"checkpoint": str(checkpoint), **model}}
    run(job(tmp_path, checkpoint, **wanted))
    stored = pq.read_table(tmp_path / "output/a.parquet").to_pylist()

    rows = Annotator(checkpoint, **model).annotate(
        files, TASKS, texts=texts, filters=filters, details=True
    )
    assert [row["reason"] for row in rows] == [
        *(None, None, "image_undecodable", None, "image_too_small", "image_undecodable", None)
    ]
    for row, other in zip(rows, stored, strict=True):
        for pairs, name, value in (
            ("scores", "name", "value"),
            ("redactions", "infotype", "count"),
        ):
            other[pairs] = {pair[name]: pair[value] for pair in other[pairs]}
        assert row == {name: other[name] for name in other if name not in ("shard", "key")}
    assert rows[6]["source_text"] == "write to [EMAIL_ADDRESS]"
    assert isinstance(rows[0]["objects"], list)
    for row in rows:
        logprobs, info = row["blank_logprobs"], row["blank_info"]
        assert (logprobs is None) == (info is None)
        if logprobs is not None:
            assert len(logprobs) == info["num_tokens"]
            assert np.mean(logprobs) == pytest.approx(info["mean_logprob"])
    assert "caption_logprobs" not in rows[0]


def test_an_image_is_the_same_as_a_file_in_memory_or_as_pixels(
    annotator: Annotator, tmp_path: Path
) -> None:
    image = picture(40, 30)
    path = tmp_path / "a.png"
    image.save(path)
    array = np.asarray(image)
    same = [path, str(path), path.read_bytes(), bytearray(path.read_bytes()), image, array]
    same += [Image.open(path), array[:, :, [0, 1, 2]], np.dstack([array, np.full((30, 40), 255)])]
    same[-1] = same[-1].astype(np.uint8)
    assert len(set(captions(annotator, same))) == 1
    gray = picture(40, 30, mode="L")
    grays = [gray, np.asarray(gray), np.asarray(gray)[:, :, None], encoded(gray, "PNG")]
    assert len(set(captions(annotator, grays))) == 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16", "F", "LA"])
def test_pixels_of_every_mode_are_those_of_the_file(mode: str, annotator: Annotator) -> None:
    if mode in ("I;16", "F"):
        dtype = np.uint16 if mode == "I;16" else np.float32
        image = Image.fromarray((np.arange(1200).reshape(30, 40) * 54).astype(dtype))
    elif mode in ("1", "P"):
        image = picture(40, 30).convert(mode)
    else:
        image = picture(40, 30, mode=mode)
    file = encoded(image, "TIFF")
    first, second, third = captions(annotator, [file, Image.open(io.BytesIO(file)), image])
    assert first == second == third


def test_an_image_of_pillow_is_turned_upright_like_its_file(annotator: Annotator) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    for format in ("JPEG", "PNG", "TIFF"):
        file = encoded(picture(40, 30), format, exif=exif)
        rows = annotator.annotate(
            [file, Image.open(io.BytesIO(file))], {"c": TASKS["caption"]}, details=True
        )
        assert [(row["width"], row["height"]) for row in rows] == [(30, 40)] * 2
        assert rows[0]["c"] == rows[1]["c"]


def test_a_bad_image_loses_nothing_else(annotator: Annotator) -> None:
    good = jpeg(40, 30)
    cut = Image.open(io.BytesIO(good[: len(good) - 100]))
    huge = np.zeros((20_000, 6_000), np.uint8)
    rows = annotator.annotate([good, b"", cut, huge, b"GIF89a", good], ["caption", "ocr"])
    assert [(row["status"], row["reason"]) for row in rows] == [
        ("kept", None),
        ("invalid", "image_undecodable"),
        ("invalid", "image_undecodable"),
        ("invalid", "image_too_many_pixels"),
        ("invalid", "image_undecodable"),
        ("kept", None),
    ]
    assert rows[0] == rows[5]
    assert list(rows[1]) == ["status", "reason", "caption", "ocr"]
    assert rows[1]["caption"] is None


def test_a_file_that_disappears_is_a_bad_image(
    annotator: Annotator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "check_image", lambda _: None)  # as if it disappeared afterwards
    (row,) = annotator.annotate([tmp_path / "gone.jpg"], "caption")
    assert (row["status"], row["reason"]) == ("invalid", "image_unreadable")


def test_tasks_are_named_by_kind_or_by_the_caller(annotator: Annotator) -> None:
    image = [jpeg(30, 30)]
    short = {"kind": "caption", "max_new_tokens": 4}
    expected = annotator.annotate(image, [short])
    assert list(expected[0]) == ["status", "reason", "caption"]
    assert annotator.annotate(image, short) == expected
    assert annotator.annotate(image, Caption(max_new_tokens=4)) == expected
    assert annotator.annotate(image, (Caption(max_new_tokens=4),)) == expected
    (named,) = annotator.annotate(image, {"a": short, "b": Caption(max_new_tokens=4)})
    assert named["a"] == named["b"] == expected[0]["caption"]
    assert annotator.annotate([], "caption") == []


@pytest.mark.parametrize(
    ("images", "tasks", "options", "message"),
    [
        ("a.jpg", "caption", {}, "images: must be a list"),
        (None, "caption", {}, "images: must be a list"),
        (["gone.jpg"], "caption", {}, "images[0]: gone.jpg is not there"),
        (["."], "caption", {}, "images[0]: . is a folder: list its files"),
        (["/dev/null"], "caption", {}, "images[0]: /dev/null is a pipe, a socket or a device"),
        (["https://a/b.jpg"], "caption", {}, "images[0]: https://a/b.jpg is a URL: download it"),
        ([b"", 3], "caption", {}, "images[1]: is of type int: give a path"),
        ([np.zeros((4, 4))], "caption", {}, "images[0]: is an array of float64: scale it"),
        (
            [np.zeros((4, 4, 2), np.uint8)],
            "caption",
            {},
            "images[0]: is an array of shape (4, 4, 2)",
        ),
        ([np.zeros((0, 4), np.uint8)], "caption", {}, "which has no pixels"),
        (
            [b""],
            "captions",
            {},
            "tasks.captions: there is no kind 'captions': did you",
        ),
        ([b""], [], {}, "tasks: name at least one"),
        ([b""], 3, {}, "tasks: must be a list"),
        ([b""], [3], {}, "tasks: a task is a kind such as 'caption'"),
        ([b""], ["ocr", "ocr"], {}, "tasks: two are of kind ocr: give a dict"),
        ([b""], "detect", {}, "tasks.detect: give exactly one of labels and labels_field"),
        ([b""], {"status": "ocr"}, {}, "status"),
        ([b""], {"a": {"kind": "vqa"}}, {}, "tasks.a: give exactly one of question and"),
        ([b""], {"a": TASKS["answer"]}, {}, "tasks.a: reads 'source_text'"),
        ([b""], "ocr", {"filters": "image_sizes"}, "filters[0]: there is no kind 'image_sizes'"),
        (
            [b""],
            "ocr",
            {"filters": {"kind": "image_size", "min_sid": 1}},
            "filters[0].min_sid: unknown key",
        ),
        ([b""], "ocr", {"filters": "datacomp_basic"}, "name the texts in texts"),
        ([b""], "ocr", {"texts": ["a", "b"]}, "texts: has 2 texts for 1 image"),
        ([b""], "ocr", {"texts": [1]}, "texts[0]: is of type int: give text"),
        ([b""], "ocr", {"texts": "a"}, "texts: must be a list"),
    ],
)
def test_a_mistake_names_the_argument(
    images: Any, tasks: Any, options: Any, message: str, *, annotator: Annotator
) -> None:
    with pytest.raises(JobError) as caught:
        annotator.annotate(images, tasks, **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"precision": "float64"}, "precision: "),
        ({"presicion": "float32"}, "presicion: unknown key: did you mean 'precision'?"),
        ({"block_size": 0}, "block_size: "),
    ],
)
def test_a_wrong_setting_of_the_model_is_named(
    settings: Any, message: str, checkpoint: Path
) -> None:
    with pytest.raises(JobError) as caught:
        annotate([b""], "caption", checkpoint, **settings)
    assert str(caught.value).startswith(message)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="checkpoint"):
        annotate([b""], "caption", tmp_path / "nothing", device="cpu")


def test_the_model_is_loaded_once(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.annotation import loaded_job

    loads: list[object] = []
    load = loaded_job.load_engine

    def counted(*arguments: Any) -> Any:
        loads.append(arguments[0])
        return load(*arguments)

    monkeypatch.setattr(loaded_job, "load_engine", counted)
    monkeypatch.setattr(module, "_last", [])
    image = [jpeg(30, 30)]
    first = annotate(image, {"c": TASKS["caption"]}, checkpoint, **SETTINGS)
    assert annotate(image, {"c": TASKS["caption"]}, str(checkpoint), **SETTINGS) == first
    annotate(image, {"o": TASKS["objects"]}, checkpoint, **SETTINGS)  # another task
    assert len(loads) == 1
    with Annotator(checkpoint, **SETTINGS) as kept:
        assert kept.annotate(image, {"c": TASKS["caption"]}) == first
        kept.annotate(image, {"c": TASKS["caption"]})
    assert len(loads) == 2


def test_a_filter_drops_images_and_answers(annotator: Annotator) -> None:
    rows = annotator.annotate(
        [jpeg(30, 30), jpeg(300, 300)], {"c": TASKS["caption"]}, filters=ImageSize(min_side=100)
    )
    assert rows[0] == {
        "status": "dropped",
        "filter": "image_size",
        "reason": "image_too_small",
        "c": None,
    }
    assert rows[1]["status"] == "kept"


def test_judge_images() -> None:
    rows = judge_images(
        [jpeg(30, 40), np.zeros((300, 300, 3), np.uint8), b"no"],
        [{"kind": "image_size", "min_side": 100}, "image_quality"],
        evaluate="all",
    )
    small, flat, broken = rows
    assert (small["status"], small["filter"], small["reason"]) == (
        *("dropped", "image_size", "image_too_small"),
    )
    assert small["scores"]["image_size.short_side"] == 30
    assert "image_quality.contrast" in small["scores"]
    assert flat["reason"] == "image_flat"
    assert (broken["status"], broken["reason"]) == ("invalid", "image_undecodable")
    (judged,) = judge_images([jpeg(30, 40)], "text_quality", texts=["one"])
    assert judged["reason"] == "text_too_short"
    with pytest.raises(JobError, match=r"filters"):
        judge_images([jpeg(30, 40)], [])
