"""`datasets.load_dataset` reads exports whose first samples have null and empty lists only."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import datasets
import pytest
from support.export_outputs import asked, exported
from support.sample_data import Member, encoded, job, picture, write_shard

from pipelines.operations.run import run

PLAIN, FULL = 12, 4  # samples without values, and then with values
CARRIED = {"title": "string", "width_told": "int64", "share": "float64", "seen": "bool"}
VALUES = {
    "title": "2024",
    "width_told": 7,
    "share": 0.25,
    "seen": True,
    "at": "2024-05-06T07:08:09",
}
AT = datetime(2024, 5, 6, 7, 8, 9)


def members(number: int) -> list[Member]:
    is_full = number >= PLAIN
    values = VALUES if is_full else {"title": None}
    text = "write to ann@example.org" if is_full else "a text"
    image = encoded(picture(40, 30, number), "PNG" if is_full else "JPEG")
    return [
        (f"{number:03}.{'png' if is_full else 'jpg'}", image),
        (f"{number:03}.json", json.dumps(values).encode()),
        (f"{number:03}.txt", text.encode()),
    ]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nullable")
    samples = [members(number) for number in range(PLAIN + FULL)]
    write_shard(folder / "shards/0.tar", [each for sample in samples for each in sample])
    carry = {
        name: {"source": f"json:{name}", "type": kind}
        for name, kind in {**CARRIED, "at": "timestamp[us]"}.items()
    }
    made = job(
        folder,
        model=None,
        tasks={},
        input={"shards": f"{folder}/shards/*.tar", "text": "txt", "carry": carry},
        filters=[{"kind": "image_size", "min_side": 4}, {"kind": "personal_data"}],
    )
    run(made)
    return Path(made.output)


def loaded(output: Path, folder: Path, to: str) -> datasets.Dataset:
    exported(output, folder / to, asked(to, rows_per_file=5))
    return datasets.load_dataset(str(folder / to), split="train", cache_dir=str(folder / "cache"))


def check(rows: list[dict[str, Any]], at: object, redactions: object, empty: object) -> None:
    """Check the values of the first rows and of the last ones."""
    assert len(rows) == PLAIN + FULL
    for row in rows[:PLAIN]:
        assert [row[name] for name in (*VALUES, "filter", "reason")] == [None] * 7
        assert row["redactions"] == empty
    for row in rows[PLAIN:]:
        assert [row[name] for name in CARRIED] == [VALUES[name] for name in CARRIED]
        assert row["at"] == at
        assert row["redactions"] == redactions


REDACTED = [{"infotype": "EMAIL_ADDRESS", "count": 1}]


def test_webdataset(output: Path, tmp_path: Path) -> None:
    dataset = loaded(output, tmp_path, "webdataset")
    check([row["json"] for row in dataset], AT.isoformat(), REDACTED, [])
    for number, row in enumerate(dataset):
        here, other = ("png", "jpg") if number >= PLAIN else ("jpg", "png")
        assert row[here].size == (40, 30)
        assert row[other] is None
    raw = dataset.cast_column("png", datasets.Image(decode=False))[PLAIN]
    assert hashlib.sha256(raw["png"]["bytes"]).hexdigest() == raw["json"]["sha256"]
    files = str(tmp_path / "webdataset/*.tar")  # without the README
    again = datasets.load_dataset(
        "webdataset",
        data_files=files,
        features=datasets.load_dataset_builder(str(tmp_path / "webdataset")).info.features,
        split="train",
        cache_dir=str(tmp_path / "again"),
    )
    assert again["json"][:] == dataset["json"][:]


def test_json_lines(output: Path, tmp_path: Path) -> None:
    rows = list(loaded(output, tmp_path, "jsonl"))
    check(rows, rows[-1]["at"], REDACTED, [])
    assert datetime.fromisoformat(rows[-1]["at"]) == AT


def test_csv(output: Path, tmp_path: Path) -> None:
    check(list(loaded(output, tmp_path, "csv")), AT.isoformat(), json.dumps(REDACTED), "[]")


def test_hugging_face(output: Path, tmp_path: Path) -> None:
    check(list(loaded(output, tmp_path, "huggingface")), AT, REDACTED, [])
