"""Near-duplicates are listed over several outputs, and a second job leaves the copies out."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image
from skimage import data
from support.command_line import CommandLine
from support.sample_data import encoded, write_shard

pytest.importorskip("pdqhash", reason="pip install 'pdqhash>=0.2.8'")


@pytest.fixture
def call(command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    return command_line


def scene(number: int, side: int = 256) -> Image.Image:
    photograph = (data.astronaut, data.coffee, data.chelsea, data.rocket)[number]()
    return Image.fromarray(photograph[:256, :256]).resize((side, side))


def write_job(name: str, shards: str, *, pdq: bool = True, more: str = "") -> None:
    Path(f"{name}.yaml").write_text(
        f"name: {name}\ninput: {{shards: '{shards}', text: null, pdq: {str(pdq).lower()}}}\n"
        "model: null\ntasks: {}\n"
        f"filters:\n  - {{kind: image_size, min_side: 9}}\n{more}output: {name}\n"
    )


def write_shards(*shards: list[bytes]) -> None:
    for number, images in enumerate(shards):
        members = [(f"{index}.jpg", image) for index, image in enumerate(images)]
        write_shard(Path(f"shards/{number}.tar"), members)


FLAT = encoded(Image.new("RGB", (64, 64), "red"), "PNG")
SHARDS = (
    [
        encoded(scene(0, 128), "JPEG", quality=80),  # a copy of 1.tar#0
        encoded(scene(1), "PNG"),  # kept: the first of two of the same size
        FLAT,
        encoded(scene(2), "JPEG"),  # alone
    ],
    [
        encoded(scene(0), "PNG"),  # kept: the largest
        encoded(scene(1), "JPEG", quality=60),
        FLAT,
        encoded(scene(0, 128), "JPEG", quality=80),
        b"no image",
    ],
)


def listed(file: str) -> list[tuple[object, ...]]:
    names = ("kept", "output", "shard", "index", "kept_shard", "kept_index")
    return [tuple(row[name] for name in names) for row in pq.read_table(file).to_pylist()]


def test_each_distinct_image_is_left_once(call: CommandLine) -> None:
    write_shards(*SHARDS)
    write_job("first", "shards/*.tar")
    call.done("run", "first.yaml")
    report = json.loads(call.done("duplicates", "first", "--output", "list.parquet", "--json"))
    assert (report["images"], report["groups"], report["copies"]) == (6, 2, 3)
    assert listed("list.parquet") == [
        (True, "first", "0.tar", 1, "0.tar", 1),
        (False, "first", "1.tar", 1, "0.tar", 1),
        (True, "first", "1.tar", 0, "1.tar", 0),
        (False, "first", "0.tar", 0, "1.tar", 0),
        (False, "first", "1.tar", 3, "1.tar", 0),
    ]
    rows = pq.read_table("list.parquet").to_pylist()
    assert [row["distance"] == 0 for row in rows if row["kept"]] == [True, True]
    assert all(row["distance"] <= 31 for row in rows)
    stored = {
        (row["shard"], row["index"]): row
        for number in range(2)
        for row in pq.read_table(f"first/{number}.parquet").to_pylist()
    }
    for row in rows:
        for name in ("width", "height", "sha256", "pdq"):
            assert row[name] == stored[row["shard"], row["index"]][name]

    more = "  - {kind: duplicates, path: list.parquet}\nfilters_from: first\n"
    write_job("second", "shards/*.tar", pdq=False, more=more)
    call.done("run", "second.yaml")
    reasons = [
        (row["status"], row["filter"], row["reason"])
        for number in range(2)
        for row in pq.read_table(f"second/{number}.parquet").to_pylist()
    ]
    copy = ("dropped", "duplicates", "near_duplicate")
    kept = ("kept", None, None)
    assert reasons[:4] == [copy, kept, kept, kept]
    assert reasons[4:8] == [kept, copy, kept, copy]
    assert reasons[8][0] == "invalid"


def test_the_order_of_outputs_does_not_matter(call: CommandLine) -> None:
    write_shards(*SHARDS)
    for number in range(2):
        write_job(f"out{number}", f"shards/{number}.tar")
        call.done("run", f"out{number}.yaml")
    call.done("duplicates", "out0", "out1", "--output", "a.parquet")
    call.done("duplicates", "out1", "out0/", "--output", "b.parquet")
    assert Path("a.parquet").read_bytes() == Path("b.parquet").read_bytes()
    assert {row[1] for row in listed("a.parquet")} == {"out0", "out1"}
    call.done("duplicates", "out1", "out0", "--output", "c.csv", "--distance", "0")
    with Path("c.csv").open(newline="") as text:
        lines = list(csv.DictReader(text))
    found = [(line["kept"], line["shard"], line["index"], line["distance"]) for line in lines]
    assert found == [("true", "0.tar", "0", "0"), ("false", "1.tar", "3", "0")]


def test_the_same_shard_of_two_outputs(call: CommandLine) -> None:
    write_shards([encoded(scene(0), "PNG")])
    for name in ("one", "other"):
        write_job(name, "shards/0.tar")
        call.done("run", f"{name}.yaml")
    call.done("duplicates", "other", "one", "--output", "list.parquet")
    assert listed("list.parquet") == [
        (True, "one", "0.tar", 0, "0.tar", 0),
        (False, "other", "0.tar", 0, "0.tar", 0),
    ]
    write_job("ambiguous", "shards/0.tar", more="  - {kind: duplicates, path: list.parquet}\n")
    line = call.mistake("plan", "ambiguous.yaml")
    assert "filters[1].of: list.parquet has a shard 0.tar of one and one of other" in line
    for name, status in (("one", "kept"), ("other", "dropped")):
        more = f"  - {{kind: duplicates, path: list.parquet, of: {name}}}\n"
        write_job(f"of_{name}", "shards/0.tar", more=more)
        call.done("run", f"of_{name}.yaml") if status == "kept" else call("run", f"of_{name}.yaml")
        assert pq.read_table(f"of_{name}/0.parquet")["status"].to_pylist() == [status]
    write_job("wrong", "shards/0.tar", more="  - {kind: duplicates, path: list.parquet, of: x}\n")
    assert "filters[1].of: 'x' is no output of list.parquet" in call.mistake("plan", "wrong.yaml")


def test_a_list_of_other_shards_decides_nothing(call: CommandLine) -> None:
    write_shards([encoded(scene(0), "PNG"), encoded(scene(0, 128), "PNG")])
    write_job("first", "shards/0.tar")
    call.done("run", "first.yaml")
    call.done("duplicates", "first", "--output", "list.parquet")
    write_shards([encoded(scene(1), "PNG"), encoded(scene(2), "PNG")])
    write_job("second", "shards/0.tar", more="  - {kind: duplicates, path: list.parquet}\n")
    call.done("run", "second.yaml")
    rows = pq.read_table("second/0.parquet").to_pylist()
    assert [(row["status"], row["reason"]) for row in rows] == [
        ("kept", None),
        ("quarantined", "other_image"),
    ]


def test_mistakes_are_one_line(call: CommandLine) -> None:
    write_shards([encoded(scene(0), "PNG")])
    write_job("plain", "shards/0.tar", pdq=False)
    call.done("run", "plain.yaml")
    assert "plain: has no column pdq: run a job with input.pdq: true" in call.mistake(
        "duplicates", "plain"
    )
    assert "named twice" in call.mistake("duplicates", "plain", "./plain/")
    assert "ends neither in" in call.mistake("duplicates", "plain", "--output", "list.txt")
    assert "is not an output" in call.mistake("duplicates", "nothing")
    Path("list.parquet").write_bytes(b"no list")
    assert "exists already" in call.mistake("duplicates", "plain", "--output", "list.parquet")
    write_job("bad", "shards/0.tar", more="  - {kind: duplicates, path: list.parquet}\n")
    assert "filters[1].path: list.parquet is no Parquet file of" in call.mistake("plan", "bad.yaml")
    assert not list(Path().glob("*.unfinished"))


def test_an_output_without_duplicates_gives_an_empty_list(call: CommandLine) -> None:
    write_shards([encoded(scene(0), "PNG"), FLAT, FLAT])
    write_job("first", "shards/0.tar")
    call.done("run", "first.yaml")
    call.done("duplicates", "first", "--output", "list.parquet")
    assert listed("list.parquet") == []
    write_job("second", "shards/0.tar", more="  - {kind: duplicates, path: list.parquet}\n")
    call.done("run", "second.yaml")
    assert pq.read_table("second/0.parquet")["status"].to_pylist() == ["kept"] * 3
