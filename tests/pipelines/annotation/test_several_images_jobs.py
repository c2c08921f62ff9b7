"""Jobs whose samples have several images: read from every format, judged, asked and stored."""

from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from support.random_checkpoint import build
from support.sample_data import encoded, images_column, job, jpeg, parquet_bytes, write_shard

from inference import load_engine, resolve_checkpoint
from pipelines.adapters.beam import JobModelHandler
from pipelines.adapters.ray import Annotate, ApplyFilters, ReadShards, unit_rows
from pipelines.adapters.steps import SampleReader
from pipelines.api.annotate import Annotator, judge_images
from pipelines.config.input import Limits
from pipelines.config.job import Job
from pipelines.images import EncodedImage
from pipelines.operations.look import look
from pipelines.operations.run import run
from pipelines.operations.stored_samples.row_images import find_row_images
from pipelines.operations.verify import verify
from pipelines.planning.plan import first_units, plan
from pipelines.planning.resolve import resolve
from schemas.errors import JobError
from schemas.generation import Request
from schemas.resources import Resources
from schemas.sample import Sample

PAIR = ["left.jpg", "right.jpg"]
LEFT, RIGHT = jpeg(40, 30, 1), jpeg(20, 50, 2)
FLAT = encoded(Image.new("RGB", (60, 60), (200, 10, 10)), "PNG")
SIZE: dict[str, Any] = {"kind": "image_size", "min_side": 8, "max_aspect": 100}
SIDES = ("width", "height")


def filtering(folder: Path, *filters: dict[str, Any], **given: Any) -> Job:
    """A job that only filters, over all shards."""
    given = {"shards": f"{folder}/shards/*", "text": None, "images": PAIR, **given}
    keys: dict[str, Any] = {"model": None, "tasks": {}, "filters": [*filters] or [SIZE]}
    return job(folder, input=given, **keys)


def rows_of(given: Job, name: str) -> list[dict[str, Any]]:
    assert run(given).outcome in {"complete", "nothing_kept"}
    assert verify(given.output).problems == ()
    rows: list[dict[str, Any]] = pq.read_table(f"{given.output}/{name}.parquet").to_pylist()
    return rows


def reasons(rows: list[dict[str, Any]]) -> list[str | None]:
    return [row["reason"] for row in rows]


def test_each_image_has_a_size_and_a_digest_and_a_bad_one_is_a_row_with_a_reason(
    tmp_path: Path,
) -> None:
    members = {
        "a.left.jpg": LEFT,
        "a.other.jpg": FLAT,
        "a.right.jpg": RIGHT,
        "b.left.jpg": LEFT,
        "c.right.jpg": RIGHT,
        "c.RIGHT.jpg.txt": b"no image",
        "d.right.jpg": RIGHT,
        "d.left.jpg": LEFT[:-20],
        "e.left.jpg": LEFT,
        "e.right.jpg": b"",
        "f.left.jpg": LEFT,
        "f.right.jpg": b"no image",
        "g.left.jpg": LEFT,
        "g.right.jpg": jpeg(2000, 2000),
        "h.LEFT.JPG": LEFT,
        "h.Right.jpg": LEFT,
    }
    write_shard(tmp_path / "shards/a.tar", members.items())
    limits = {"max_image_bytes": len(jpeg(2000, 2000)) - 1}
    rows = rows_of(filtering(tmp_path, SIZE, {"kind": "image_quality"}, limits=limits), "a")
    assert reasons(rows) == [
        None,
        "image_missing",
        "image_missing",
        "image_truncated",
        "image_empty",
        "image_undecodable",
        "image_too_large",
        None,
    ]
    first, *_, last = rows
    assert [tuple(each[side] for side in SIDES) for each in first["images"]] == [(40, 30), (20, 50)]
    digests = [sha256(image).hexdigest() for image in (LEFT, RIGHT)]
    assert [each["sha256"] for each in first["images"]] == digests
    assert (first["width"], first["height"], first["sha256"]) == (40, 30, digests[0])
    assert len({each["sha256"] for each in last["images"]}) == 1  # one image twice is no fault
    assert [row["images"] for row in rows[1:-1]] == [None] * 6


def test_limits_hold_for_each_image(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", [("a.left.jpg", LEFT), ("a.right.jpg", jpeg(60, 60))])
    rows = rows_of(filtering(tmp_path, limits={"max_pixels": 3599}), "a")
    assert reasons(rows) == ["image_too_many_pixels"]
    more = filtering(tmp_path, limits={"max_pixels": 3600})
    rows = rows_of(more.model_copy(update={"output": f"{tmp_path}/more"}), "a")
    assert reasons(rows) == [None]


def test_a_sample_without_the_setting_is_still_refused(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", [("a.left.jpg", LEFT), ("a.right.jpg", RIGHT)])
    given = filtering(tmp_path, images=None)
    rows = rows_of(given, "a")
    assert reasons(rows) == ["image_several"]
    assert "images" not in rows[0]
    assert "images" not in given.model_dump(mode="json")["input"]


@pytest.mark.parametrize(
    ("name", "stage", "reason"),
    [
        ("size", {**SIZE, "min_side": 25}, "image_too_small"),
        ("format", {"kind": "image_format", "formats": ["png"]}, "image_format_unwanted"),
        ("hashes", {"kind": "hash_list"}, "hash_listed"),
        ("quality", {"kind": "image_quality"}, None),
    ],
)
def test_a_bad_second_image_drops_the_sample(
    tmp_path: Path, name: str, stage: dict[str, Any], reason: str | None
) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text(f"algorithm,hash\nmd5,{md5(RIGHT).hexdigest()}\n")
    if name == "hashes":
        stage = {**stage, "path": str(listed)}
    good, bad = (LEFT, RIGHT) if name != "format" else (FLAT, RIGHT)
    bad = FLAT if name == "quality" else bad
    members = [
        (f"{key}.{side}", image)
        for key, images in (
            ("a", (good, good)),
            ("b", (good, bad)),
            ("c", (bad, good)),
        )
        for side, image in zip(PAIR, images, strict=True)
    ]
    write_shard(tmp_path / "shards/a.tar", members)
    rows = rows_of(filtering(tmp_path, stage), "a")
    assert [row["status"] == "kept" for row in rows] == [True, False, False]
    found = reasons(rows)[1:]
    assert found[0] == found[1]
    assert found[0] is not None
    if reason is not None:
        assert found[0] == reason


def test_images_are_read_from_columns_and_from_lists(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    columns = {
        "before": images_column([LEFT, LEFT, None]),
        "after": pa.array([RIGHT, None, RIGHT], pa.binary()),
        "views": pa.array([[LEFT, RIGHT, LEFT], [LEFT, None], []], pa.list_(pa.binary())),
    }
    (tmp_path / "shards/p.parquet").write_bytes(parquet_bytes(columns))
    expected = [None, "image_missing", "image_missing"]
    rows = rows_of(filtering(tmp_path, images=["before", "after"]), "p")
    assert (reasons(rows), len(rows[0]["images"]), rows[0]["key"]) == (expected, 2, "0.jpg")
    lists = filtering(tmp_path, images="views")
    rows = rows_of(lists.model_copy(update={"output": f"{tmp_path}/lists"}), "p")
    assert reasons(rows) == expected
    assert [each["width"] for each in rows[0]["images"]] == [40, 20, 40]
    one = filtering(tmp_path, images=["after", "views:1"])
    rows = rows_of(one.model_copy(update={"output": f"{tmp_path}/one"}), "p")
    assert (reasons(rows), [each["width"] for each in rows[0]["images"]]) == (expected, [20, 20])


def test_a_list_of_100_images_is_too_many(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    kind = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    image = {"bytes": RIGHT, "path": "a.jpg"}
    views = pa.array([[image] * 100, [image] * 17, [image] * 16, None, [None]], kind)
    (tmp_path / "shards/p.parquet").write_bytes(parquet_bytes({"views": views}))
    rows = rows_of(filtering(tmp_path, images="views"), "p")
    assert reasons(rows) == ["images_too_many"] * 2 + [None] + ["image_missing"] * 2
    assert len(rows[2]["images"]) == 16


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ("before", "input.images: .*p.parquet: column 'before' holds no lists of images"),
        ("nothing", "input.images: .*p.parquet: column 'nothing' is not there"),
        (["before", "nothing"], "input.images: .*p.parquet: column 'nothing' is not there"),
        (["before", "views"], "input.images: .*'views' holds lists of images: name one, such as"),
    ],
)
def test_a_wrong_column_is_told_in_one_line(tmp_path: Path, images: Any, message: str) -> None:
    (tmp_path / "shards").mkdir()
    views = pa.array([[LEFT]], pa.list_(pa.binary()))
    columns = {"before": images_column([LEFT]), "views": views}
    (tmp_path / "shards/p.parquet").write_bytes(parquet_bytes(columns))
    with pytest.raises(JobError, match=message) as caught:
        run(filtering(tmp_path, images=images))
    assert "\n" not in str(caught.value)


def test_images_are_read_from_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "pairs"
    folder.mkdir()
    for name, image in {
        "1.left.jpg": LEFT,
        "1.right.jpg": RIGHT,
        "2.left.jpg": LEFT,
        "readme.txt": b"",
    }.items():
        (folder / name).write_bytes(image)
    rows = rows_of(filtering(tmp_path, shards=str(folder)), "pairs")
    assert [(row["key"], row["reason"]) for row in rows] == [("1", None), (None, "image_missing")]
    assert [each["width"] for each in rows[0]["images"]] == [40, 20]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"images": ["left.jpg"]}, "name at least two images, each once"),
        ({"images": ["left.jpg", "LEFT.jpg"]}, "name at least two images, each once"),
        ({"images": []}, "name at least two images, each once"),
        ({"images": ["left.jpg", "a/b.jpg"]}, "'a/b.jpg' is neither a column"),
        ({"images": "views:0"}, "'views:0' is no column with lists of images"),
        ({"image": "jpg"}, "image and images exclude each other"),
        ({"video": {}}, "images and video exclude each other"),
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        filtering(tmp_path, **given)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of 16 image tokens."""
    return build(tmp_path_factory.mktemp("checkpoint"), 2, image_size=56, patch_size=14)


def asking(folder: Path, checkpoint: Path, tasks: Any = None, **given: Any) -> Job:
    given = {"shards": f"{folder}/shards/*", "text": "txt", "images": PAIR, **given}
    same = {"same": {"kind": "vqa", "question": "same?", "max_new_tokens": 5}}
    own = {"own": {"kind": "vqa", "question_field": "source_text", "max_new_tokens": 5}}
    return job(folder, checkpoint, input=given, tasks=tasks or {**same, **own})


def pairs_shard(folder: Path) -> list[tuple[bytes, bytes]]:
    images = [(jpeg(40, 30, seed), jpeg(20, 50, seed + 100)) for seed in range(6)]
    write_shard(
        folder / "shards/a.tar",
        [
            member
            for key, (left, right) in enumerate(images)
            for member in (
                (f"{key}.left.jpg", left),
                (f"{key}.right.jpg", right),
                (f"{key}.txt", f"is {key} the same?".encode()),
            )
        ],
    )
    return images


def test_both_engines_answer_about_all_images_in_their_order(
    tmp_path: Path, checkpoint: Path
) -> None:
    images = pairs_shard(tmp_path)
    given = asking(tmp_path, checkpoint)
    rows = rows_of(given, "a")
    assert given.model is not None
    reference = given.model.model_copy(update={"engine": "reference"})
    other = given.model_copy(update={"model": reference, "output": f"{tmp_path}/reference"})
    assert [(row["same"], row["own"]) for row in rows_of(other, "a")] == [
        (row["same"], row["own"]) for row in rows
    ]
    engine = load_engine(reference, resolve_checkpoint(reference), Resources(open, threads=1))
    fitted = [
        tuple(
            EncodedImage.open(each, given.input.limits).upright().fit(engine.image_spec)
            for each in pair
        )
        for pair in images
    ]
    block = [Request(pair, (("answer en same?", 5),)) for pair in fitted]
    assert [row["same"] for row in rows] == [
        answer.text.strip() for (answer,) in engine.generate(block)
    ]


def test_verdicts_of_an_earlier_output_hold_for_all_images(
    tmp_path: Path, checkpoint: Path
) -> None:
    pairs_shard(tmp_path)
    filtered = filtering(tmp_path, text="txt").model_copy(update={"output": f"{tmp_path}/filtered"})
    rows_of(filtered, "a")
    given = asking(tmp_path, checkpoint).model_copy(update={"filters_from": filtered.output})
    rows = rows_of(given, "a")
    again = asking(tmp_path, checkpoint).model_copy(update={"output": f"{tmp_path}/again"})
    assert [row["own"] for row in rows] == [row["own"] for row in rows_of(again, "a")]
    assert [len(row["images"]) for row in rows] == [2] * 6
    other = asking(tmp_path, checkpoint, images=["right.jpg", "left.jpg"])
    other = other.model_copy(update={"filters_from": filtered.output, "output": f"{tmp_path}/x"})
    with pytest.raises(JobError, match=r"input.images: .* judged other images"):
        run(other)


@pytest.mark.parametrize(
    ("task", "given"),
    [
        ({"kind": "detect", "labels": ["star"]}, {}),
        ({"kind": "segment", "labels": ["star"]}, {"images": "views"}),
        ({"kind": "ocr_boxes"}, {}),
        ({"kind": "vqa", "question": "what?", "region_field": "source_text"}, {}),
        ({"kind": "detect", "labels": ["star"]}, {"images": None, "video": {}}),
    ],
)
def test_places_in_one_of_several_images_are_refused(
    tmp_path: Path, checkpoint: Path, task: dict[str, Any], given: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"tasks\.t: .* is about places in one image, and input\."):
        asking(tmp_path, checkpoint, tasks={"t": task}, **given)


def test_image_tokens_are_limited_when_a_job_is_planned(
    tmp_path: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pairs_shard(tmp_path)
    many = [f"{number}.jpg" for number in range(257)]
    with pytest.raises(JobError, match=r"^input.images: 257 images of 16 tokens are 4,112 image"):
        plan(asking(tmp_path, checkpoint, images=many))
    video = {"images": None, "video": {"frames": 256}}
    folder = build(
        tmp_path_factory.mktemp("large"),
        1,
        image_size=56,
        patch_size=8,
        max_position_embeddings=101,
    )
    with pytest.raises(
        JobError, match=r"^input.video.frames: 256 images of 49 tokens .* at most 83"
    ):
        plan(asking(tmp_path, folder, **video))
    with pytest.raises(
        JobError, match=r"^input.limits.max_images: 16 images are 784 tokens, which"
    ):
        plan(asking(tmp_path, folder, images="views"))
    with pytest.raises(JobError, match=r"tasks.same.max_new_tokens = 5 exceed the 101 positions"):
        plan(asking(tmp_path, folder))


def test_look_and_contact_sheets_show_all_images_beside_each_other(tmp_path: Path) -> None:
    shard = write_shard(tmp_path / "shards/a.tar", [("a.left.jpg", LEFT), ("a.right.jpg", RIGHT)])
    given = filtering(tmp_path)
    (row,) = rows_of(given, "a")
    (shown,) = find_row_images([row], first_units(given), given.input, given.open_storage())
    assert shown.image is not None
    assert shown.image.shape == (50, 40 + 8 + 20, 3)
    looked = look(given, None, "a.tar", index=0)
    assert looked.image is not None
    assert (looked.image == shown.image).all()
    assert looked.image_size == len(LEFT) + len(RIGHT)
    assert (shown.image[:30, :40] == EncodedImage.open(LEFT, Limits()).upright().pixels()).all()
    assert (shown.image[:, 48:] == EncodedImage.open(RIGHT, Limits()).upright().pixels()).all()
    for changed in ([("a.left.jpg", LEFT), ("a.right.jpg", LEFT)], [("a.left.jpg", LEFT)]):
        write_shard(shard, changed)
        (shown,) = find_row_images([row], first_units(given), given.input, given.open_storage())
        assert shown.image is None


def test_the_steps_of_pipelines_give_the_same_rows(tmp_path: Path, checkpoint: Path) -> None:
    images = pairs_shard(tmp_path)
    with_missing = [(f"{n}.{PAIR[n % 2]}", LEFT) for n in range(2)]
    write_shard(tmp_path / "shards/b.tar", with_missing)
    given = asking(tmp_path, checkpoint)
    rows = rows_of(given, "a") + pq.read_table(f"{given.output}/b.parquet").to_pylist()
    read, judge, annotate = ReadShards(given), ApplyFilters(given), Annotate(given)
    units = [pa.Table.from_pylist([unit]) for unit in unit_rows(given)]
    table = pa.concat_tables(annotate(judge(each)) for unit in units for each in read(unit))
    columns = ("shard", "index", "status", "reason", "same", "own")
    assert [[row[name] for name in columns] for row in table.to_pylist()] == [
        [row[name] for name in columns] for row in rows
    ]
    (first, *_) = SampleReader(resolve(given)).samples(first_units(given)[0])
    assert isinstance(first, Sample)
    assert JobModelHandler(given).get_num_bytes([first]) == sum(map(len, images[0]))


def test_a_python_program_asks_about_tuples_of_images(tmp_path: Path, checkpoint: Path) -> None:
    images = pairs_shard(tmp_path)
    rows = rows_of(asking(tmp_path, checkpoint), "a")
    tasks = {"same": {"kind": "vqa", "question": "same?", "max_new_tokens": 5}}
    settings = {"precision": "float32", "device": "cpu", "block_size": 4, "batch_size": 4}
    with Annotator(checkpoint, **settings) as annotator:
        found = annotator.annotate([*images, [RIGHT, b"no image"]], tasks, details=True)
        assert [row["same"] for row in found[:-1]] == [row["same"] for row in rows]
        assert [row["images"] for row in found[:-1]] == [row["images"] for row in rows]
        assert (found[-1]["status"], found[-1]["reason"]) == ("invalid", "image_undecodable")
        with pytest.raises(JobError, match=r"tasks\.o: detect is about places .* images gives"):
            annotator.annotate(images, {"o": {"kind": "detect", "labels": ["star"]}})
        with pytest.raises(JobError, match=r"images: 257 images of 16 tokens are 4,112 image tok"):
            annotator.annotate([[LEFT] * 257], tasks)
        with pytest.raises(JobError, match=r"images\[1\]: is empty: give at least one image"):
            annotator.annotate([images[0], ()], tasks)
    judged = judge_images([(LEFT, RIGHT), (LEFT, LEFT), LEFT], {**SIZE, "min_side": 25})
    assert [row["status"] for row in judged] == ["dropped", "kept", "kept"]
