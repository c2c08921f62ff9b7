"""Each format is read by the program that it is made for, and gives what the output has."""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import datasets
import duckdb
import lance
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import webdataset
from pycocotools.coco import COCO
from support.export_outputs import KEYS, SECRET, asked, exported, files_of, make_output
from support.sample_data import job, jpeg, write_shard

from demo.scenes import scenes
from pipelines.cli.export_command import Format
from pipelines.exports.formats import FORMATS
from pipelines.operations.run import run
from schemas.errors import JobError

SHARDS = 2


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows with names and texts that need care."""
    return Path(make_output(tmp_path_factory.mktemp("readers"), SHARDS).output)


def kept(output: Path) -> list[dict[str, Any]]:
    files = sorted(output.glob("*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    return [row for row in rows if row["status"] == "kept"]


def test_the_command_line_names_all_formats() -> None:
    assert {each.value for each in Format} == set(FORMATS)


def test_hugging_face_shows_pictures(output: Path, tmp_path: Path) -> None:
    exported(output, tmp_path / "e", asked("huggingface", split="a=0.5,b=0.5"))
    loaded = datasets.load_dataset(str(tmp_path / "e"), cache_dir=str(tmp_path / "cache"))
    rows = [row for split in ("a", "b") for row in loaded[split]]
    assert len(rows) == SHARDS * len(KEYS)
    assert {row["image"].size for row in rows} == {(48, 32)}
    files = str(tmp_path / "e/data/*.parquet")
    loaded = datasets.load_dataset(
        "parquet", data_files=files, cache_dir=str(tmp_path / "cache"), split="train"
    )
    assert isinstance(loaded.features["image"], datasets.Image)
    raw = loaded.cast_column("image", datasets.Image(decode=False))
    assert sorted(raw["source_text"]) == sorted(row["source_text"] for row in kept(output))
    for row in raw:
        assert hashlib.sha256(row["image"]["bytes"]).hexdigest() == row["sha256"]
        assert row["image"]["path"] == f"{row['key']}.jpg"


def test_parquet_without_images_has_the_same_rows(output: Path, tmp_path: Path) -> None:
    exported(output, tmp_path / "e", asked("huggingface", images=False))
    assert pq.read_table(tmp_path / "e/data").to_pylist() == kept(output)


def test_csv_is_read_by_pandas_duckdb_and_python(output: Path, tmp_path: Path) -> None:
    exported(output, tmp_path / "e", asked("csv"))
    file, rows = tmp_path / "e/train-00000.csv", kept(output)
    texts = [row["source_text"] for row in rows]
    frame = pd.read_csv(file, keep_default_na=False)
    assert list(frame["source_text"]) == texts
    assert list(frame["key"]) == [row["key"] for row in rows]
    read = f"read_csv('{file}', allow_quoted_nulls = false)"  # an empty text is not null
    found = duckdb.sql(f"SELECT key, source_text, width, filter FROM {read}").fetchall()
    assert found == [(row["key"], row["source_text"], row["width"], None) for row in rows]
    with file.open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["source_text"] for line in lines] == texts
    assert [json.loads(line["scores"]) for line in lines] == [row["scores"] for row in rows]


def test_json_lines_are_read_by_pandas_duckdb_and_datasets(output: Path, tmp_path: Path) -> None:
    exported(output, tmp_path / "e", asked("jsonl"))
    file = tmp_path / "e/train-00000.jsonl"
    texts = [row["source_text"] for row in kept(output)]
    assert list(pd.read_json(file, lines=True)["source_text"]) == texts
    query = f"SELECT source_text FROM read_json('{file}', format = 'newline_delimited')"
    assert [text for (text,) in duckdb.sql(query).fetchall()] == texts
    loaded = datasets.load_dataset(
        "json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert list(loaded["source_text"]) == texts


def samples(folder: Path) -> Iterator[Mapping[str, Any]]:
    urls = [str(file) for file in sorted(folder.glob("*.tar"))]
    yield from webdataset.WebDataset(urls, shardshuffle=False)


def test_webdataset_gives_the_original_images(output: Path, tmp_path: Path) -> None:
    exported(output, tmp_path / "e", asked("webdataset", rows_per_file=8))
    found, rows = list(samples(tmp_path / "e")), kept(output)
    assert [json.loads(sample["json"]) for sample in found] == rows
    assert [sample["txt"].decode() for sample in found] == [row["source_text"] for row in rows]
    for sample, row in zip(found, rows, strict=True):
        assert hashlib.sha256(sample["jpg"]).hexdigest() == row["sha256"]
    names = [sample["__key__"] for sample in found]
    assert names[:6] == [
        "plain",
        "folder/in a folder",
        'with "quotes" and, commas',
        "with%0Anewlines%0D%0A",
        "größe/日本語",
        "100%25 =cmd",
    ]
    assert [unquote(name) for name in names[:6]] == list(KEYS)
    assert names[6:8] == ["plain%232", "folder/in a folder%232"]  # in the same file
    assert names[8] == 'with "quotes" and, commas'  # in the next file


def test_answers_alone_are_joined_by_key(output: Path, tmp_path: Path) -> None:
    exported(output, tmp_path / "e", asked("webdataset", images=False, columns=("key", "width")))
    found = list(samples(tmp_path / "e"))
    wanted = [{"key": row["key"], "width": 48} for row in kept(output)]
    assert [json.loads(each["json"]) for each in found] == wanted
    assert not any({"jpg", "txt"} & set(each) for each in found)


def test_an_exported_tar_is_a_shard(output: Path, tmp_path: Path) -> None:
    """A job over the export keeps the same images and texts."""
    exported(output, tmp_path / "e", asked("webdataset"))
    given = {"shards": f"{tmp_path}/e/*.tar", "text": "txt"}
    again = kept(Path(make_output(tmp_path, 0, input=given).output))
    before = kept(output)
    for name in ("sha256", "source_text"):
        assert [row[name] for row in again] == [row[name] for row in before]
    assert SECRET.encode() not in b"".join(files_of(tmp_path / "e").values())


@pytest.fixture(scope="module")
def located(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output with boxes and masks."""
    folder = tmp_path_factory.mktemp("located")
    scenes.write_shards(folder / "shards", shards=1, samples=6, seed=5)
    demo = Path(scenes.__file__).parents[1] / "checkpoint"  # a model that finds shapes
    masks = str(demo / "mask_decoder.npz")
    tasks = {
        "objects": {"kind": "detect", "labels": ["circle", "star"], "max_new_tokens": 40},
        "stars": {
            "kind": "segment",
            "labels": ["star"],
            "mask_decoder": masks,
            "max_new_tokens": 72,
        },
    }
    carry = {"file": "__file__"}
    given = {"shards": f"{folder}/shards/*.tar", "text": "txt", "carry": carry}
    made = job(folder, demo, tasks=tasks, input=given)
    run(made)
    return Path(made.output)


@pytest.mark.parametrize("to", FORMATS)
def test_the_bytes_are_the_same_twice(to: str, located: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        exported(located, tmp_path / name, asked(to, split="x=0.5,y=0.5", shuffle=5))
    found = [files_of(tmp_path / name) for name in ("a", "b")]
    if to == "lance":  # whose manifests have the time and a random name
        found = [{n: each for n, each in f.items() if "/_" not in n} for f in found]
    assert found[0] == found[1]


def test_pycocotools_reads_boxes_and_masks(located: Path, tmp_path: Path) -> None:
    exported(located, tmp_path / "e", asked("coco"))
    coco, rows = COCO(str(tmp_path / "e/train-00000.json")), kept(located)
    assert [image["file_name"] for image in coco.dataset["images"]] == [r["file"] for r in rows]
    labels = {each["id"]: each["name"] for each in coco.dataset["categories"]}
    boxes = masks = 0
    for image, row in zip(coco.dataset["images"], rows, strict=True):
        assert (image["width"], image["height"]) == (row["width"], row["height"])
        assert image["row"]["key"] == row["key"]
        found = coco.loadAnns(coco.getAnnIds([image["id"]]))
        objects = [*row["objects"], *row["stars"]]
        assert [labels[each["category_id"]] for each in found] == [o["label"] for o in objects]
        for each, stored in zip(found, objects, strict=True):
            left, top, width, height = each["bbox"]
            corners = [stored[name] for name in ("x_min", "y_min", "x_max", "y_max")]
            assert [left, top, left + width, top + height] == pytest.approx(corners)
            boxes += 1
            if stored.get("mask"):
                mask = coco.annToMask(each)
                assert mask.shape == (row["height"], row["width"])
                assert int(np.sum(mask)) == each["area"]
                masks += 1
    assert boxes > masks > 0


def test_files_of_coco_count_on(located: Path, tmp_path: Path) -> None:
    exported(located, tmp_path / "e", asked("coco", rows_per_file=2))
    exported(located, tmp_path / "f", asked("coco"))
    parts = [json.loads(file.read_text()) for file in sorted((tmp_path / "e").glob("*.json"))]
    (whole,) = [json.loads(file.read_text()) for file in (tmp_path / "f").glob("*.json")]
    assert len(parts) == 3
    for kind in ("images", "annotations"):
        assert [each for part in parts for each in part[kind]] == whole[kind]
    assert all(part["categories"] == whole["categories"] for part in parts)


def test_coco_needs_objects(output: Path, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="--to: coco takes the objects of tasks such as detect"):
        exported(output, tmp_path / "e", asked("coco"))


def test_several_images_of_a_sample(tmp_path: Path) -> None:
    members = [
        (f"{number}.{side}.jpg", jpeg(40, 30, 2 * number + (side == "right")))
        for number in range(3)
        for side in ("left", "right")
    ]
    write_shard(tmp_path / "shards/0.tar", members)
    images = ["right.jpg", "left.jpg"]
    given = {"shards": f"{tmp_path}/shards/*.tar", "text": None, "images": images}
    filters = [{"kind": "image_size", "min_side": 4}]
    made = job(tmp_path, model=None, tasks={}, input=given, filters=filters)
    run(made)
    exported(made.output, tmp_path / "w", asked("webdataset"))
    found = list(samples(tmp_path / "w"))
    for number, sample in enumerate(found):
        assert sample["left.jpg"] == jpeg(40, 30, 2 * number)
        assert sample["right.jpg"] == jpeg(40, 30, 2 * number + 1)
    assert len(found) == 3
    exported(made.output, tmp_path / "h", asked("huggingface"))
    cache = str(tmp_path / "cache")
    loaded = datasets.load_dataset(str(tmp_path / "h"), split="train", cache_dir=cache)
    assert [len(row["image_files"]) for row in loaded] == [2, 2, 2]
    assert loaded[0]["image_files"][0].size == (40, 30)


def test_lance_reads_a_dataset_of_each_split(output: Path, tmp_path: Path) -> None:
    exported(output, tmp_path / "e", asked("lance", split="a=0.5,b=0.5", rows_per_file=2))
    rows = []
    for split in ("a", "b"):
        dataset = lance.dataset(str(tmp_path / f"e/{split}.lance"))
        dataset.validate()
        found = dataset.to_table().to_pylist()
        assert found[1] == dataset.take([1]).to_pylist()[0]
        assert len(dataset.get_fragments()) == -(-len(found) // 2)
        rows += found
    images = {row["sha256"]: row.pop("image") for row in rows}
    assert all(hashlib.sha256(each["bytes"]).hexdigest() == name for name, each in images.items())
    rows.sort(key=lambda row: (row["shard"], row["index"]))
    assert rows == kept(output)


def test_a_column_named_image_is_told(tmp_path: Path) -> None:
    given = {"shards": f"{tmp_path}/shards/*.tar", "text": None, "carry": {"image": "txt"}}
    output = make_output(tmp_path, 1, input=given).output
    with pytest.raises(JobError, match="has a column image of its own"):
        exported(output, tmp_path / "e", asked("huggingface"))
    assert not (tmp_path / "e").exists()
    exported(output, tmp_path / "e", asked("huggingface", images=False))
    assert "image" in pq.read_table(tmp_path / "e/data").column_names
