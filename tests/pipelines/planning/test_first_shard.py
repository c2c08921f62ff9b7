"""The look into the first shard: what it holds, what the job takes, and what to write instead."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.sample_data import images_column, jpeg, parquet_bytes, tar_bytes, write_shard

from pipelines.config.input import Input
from pipelines.planning import first_shard
from pipelines.planning.first_shard import FirstShard, look_at_first_shard
from pipelines.planning.shards import find_shards
from pipelines.storage.resolve import STORAGE

IMAGE = jpeg(24, 24)


def sample(number: int, **members: bytes) -> list[tuple[str, bytes]]:
    return [(f"{number}.{extension}", content) for extension, content in members.items()]


def tar(path: Path, number: int = 4) -> Path:
    """Write a shard as img2dataset does: image, text and JSON."""
    record = json.dumps({"caption": "a b", "url": "http://x", "meta": {"license": "cc"}}).encode()
    members = [m for n in range(number) for m in sample(n, jpg=IMAGE, txt=b"a b", json=record)]
    return write_shard(path, members)


def look(path: Path | str, **keys: Any) -> FirstShard:
    given = Input.model_validate({"shards": str(path), **keys})
    first = look_at_first_shard(find_shards(given.patterns()), given, STORAGE)
    assert first is not None
    return first


def test_a_wrong_text_is_told_with_what_the_shard_holds(tmp_path: Path) -> None:
    first = look(tar(tmp_path / "0.tar"), text="caption")
    assert first.samples == 4
    assert first.holds["txt"] == first.holds["jpg"] == first.holds["json:meta.license"] == 4
    assert first.takes == {"image": 4, "caption": 0}
    assert first.invalid == {"text_missing (caption)": 4}
    (line,) = first.missing
    assert line.startswith("input.text: caption is in none of the first 4 samples of 0.tar, which ")
    assert "txt (4 of 4)" in line
    assert line.endswith("did you mean text: txt or text: json:caption?")


@pytest.mark.parametrize("text", ["txt", "TXT", "Txt"])
def test_extensions_match_without_case(text: str, tmp_path: Path) -> None:
    path = write_shard(tmp_path / "0.tar", sample(0, JPG=IMAGE, TXT=b"a b", JSON=b'{"u": "x"}'))
    first = look(path, text=text, carry=["JSON"])
    assert first.takes == {"image": 1, text: 1, "JSON": 1}
    assert not first.invalid
    assert not first.missing


def test_what_carry_lacks_in_every_sample_is_told(tmp_path: Path) -> None:
    first = look(tar(tmp_path / "0.tar"), carry=["json:nope", "json:licence", "json:url"])
    assert first.takes == {"image": 4, "txt": 4, "json:nope": 0, "json:licence": 0, "json:url": 4}
    nope, licence = first.missing
    assert nope.startswith("input.carry: json:nope is in none of")
    assert "did you mean" not in nope
    assert licence.endswith("did you mean carry: json:meta.license?")


def test_what_some_samples_lack_is_counted_only(tmp_path: Path) -> None:
    members = [*sample(0, jpg=IMAGE, txt=b"a"), *sample(1, jpg=IMAGE), *sample(2, txt=b"a")]
    first = look(write_shard(tmp_path / "0.tar", members))
    assert first.takes == {"image": 2, "txt": 1}
    assert first.invalid == {"text_missing (txt)": 1, "image_missing": 1}
    assert not first.missing


def test_a_shard_without_images_is_told(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "0.tar", sample(0, mp4=b"x", txt=b"a"))
    (line,) = look(path).missing
    assert "none of the first 1 sample of 0.tar has an image, which hold mp4 (1 of 1)" in line


def test_a_parquet_file_tells_its_columns(tmp_path: Path) -> None:
    meta = pa.array([{"width": 3, "page": None}, None])
    columns = {"image": images_column([IMAGE] * 2), "caption": ["a", None], "meta": meta}
    (tmp_path / "0.parquet").write_bytes(parquet_bytes(columns))
    first = look(tmp_path / "0.parquet", text="caption", carry=["meta"])
    assert first.takes == {"image": 2, "caption": 1, "meta": 1}
    assert first.holds == {
        "image": 2, "image:path": 2, "caption": 1, "meta": 1, "meta:width": 1,
    }  # fmt: skip


def test_a_folder_tells_its_extensions(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(IMAGE)
        (tmp_path / f"{number}.TXT").write_bytes(b"a b")
    first = look(f"{tmp_path}/", text="txt", carry=["caption"])
    assert first.takes == {"image": 3, "txt": 3, "caption": 0}
    assert first.holds == {"jpg": 3, "txt": 3}
    assert len(first.missing) == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"garbage" * 500, "shard_unreadable near byte"),
        (b"", "shard_unreadable near byte 0"),
        (b"PAR1", "shard_unreadable near byte"),
    ],
)
def test_a_damaged_shard_is_no_error(content: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / "0.tar").write_bytes(content)
    first = look(tmp_path / "0.tar")
    assert first.problem.startswith(problem)
    assert (first.samples, first.missing) == (0, ())


def test_a_cut_shard_tells_what_is_before_the_cut(tmp_path: Path) -> None:
    path = tar(tmp_path / "0.tar")
    path.write_bytes(path.read_bytes()[:-12_000])
    first = look(path, text="caption", on_bad_shard="salvage")
    assert first.problem.startswith("shard_truncated")
    assert 0 < first.samples < 4
    assert len(first.missing) == 1


def test_a_shard_that_is_gone_is_no_error(tmp_path: Path) -> None:
    given = Input(shards=str(tar(tmp_path / "0.tar")))
    units = find_shards(given.patterns())
    (tmp_path / "0.tar").unlink()
    first = look_at_first_shard(units, given, STORAGE)
    assert first is not None
    assert first.problem == "shard_missing near byte 0"


def test_only_the_beginning_of_a_shard_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tar(tmp_path / "0.tar", 20)
    monkeypatch.setattr(first_shard, "_SAMPLES", 7)
    assert look(path).samples == 7
    monkeypatch.setattr(first_shard, "_MAX_BYTES", 9000)
    first = look(path, text="caption")
    assert 0 < first.samples < 7
    assert not first.problem
    assert first.missing


def test_a_shard_that_expands_without_end_is_left_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = tar_bytes(sample(0, bin=bytes(4 << 20), jpg=IMAGE))
    (tmp_path / "0.tar.gz").write_bytes(gzip.compress(big, 1))
    monkeypatch.setattr(first_shard, "_MAX_SECONDS", 0.0)
    first = look(tmp_path / "0.tar.gz")
    assert (first.samples, first.problem) == (0, "")


def test_fields_of_json_are_bounded(tmp_path: Path) -> None:
    record: dict[str, object] = {f"id-{n}": n for n in range(500)}
    record |= {"x" * 200: 1, "with.dot": 1, "deep": {"a": {"b": {"c": {"d": 1}}}}}
    members = sample(0, jpg=IMAGE, txt=b"a", json=json.dumps(record).encode())
    first = look(write_shard(tmp_path / "0.tar", members))
    assert len(first.holds) == 100
    assert not any("x" * 101 in name or "with.dot" in name for name in first.holds)
    assert "json:deep.a.b" not in first.holds or "json:deep.a.b.c" not in first.holds


def test_several_images_in_a_sample_ask_for_the_name_of_one(tmp_path: Path) -> None:
    members = [("7.left.jpg", IMAGE), ("7.right.jpg", IMAGE), ("7.outputs.txt", b"a")]
    path = write_shard(tmp_path / "0.tar", [*members, ("8.jpg", IMAGE), ("8.outputs.txt", b"a")])
    first = look(path, text="outputs.txt")
    assert first.holds == {"left.jpg": 1, "right.jpg": 1, "outputs.txt": 2, "jpg": 1}
    assert first.missing == (
        "input.image: is needed: 1 of the first 2 samples of 0.tar have several images: write the "
        "extension of one, such as left.jpg",
    )
    named = look(path, text="outputs.txt", image="right.jpg")
    assert named.takes == {"image": 1, "outputs.txt": 1}
    assert not named.missing


def test_several_videos_in_a_sample_ask_for_the_name_of_one(tmp_path: Path) -> None:
    path = write_shard(tmp_path / "0.tar", [("7.mp4", b"a"), ("7.webm", b"b")])
    (missing,) = look(path, text=None, video={}).missing
    assert missing.endswith("have several videos: write the extension of one, such as mp4")


def test_fields_are_named_as_a_job_names_them(tmp_path: Path) -> None:
    record = b'\xef\xbb\xbf{"og:title": "t", "alt text": {"a.b": 1}, "0": 2, "": 3}'
    path = write_shard(tmp_path / "0.tar", sample(0, jpg=IMAGE, json=record))
    first = look(path, text='json:"og:title"', carry={"ab": 'json:alt text."a.b"'})
    assert first.holds.keys() == {
        *("jpg", "json", 'json:"og:title"', "json:alt text", 'json:alt text."a.b"', 'json:"0"'),
    }
    assert not first.missing
    assert set(first.takes.values()) == {1}
    columns = {"image": images_column([IMAGE]), "a.b": [1], "p:q": [2]}
    (tmp_path / "0.parquet").write_bytes(parquet_bytes(columns))
    assert look(tmp_path / "0.parquet", text="a.b").holds.keys() == {
        *("image", "image:path", "a.b", '"p:q"'),
    }


def test_the_field_that_makes_samples_invalid_is_named(tmp_path: Path) -> None:
    columns = {"image": images_column([IMAGE] * 2), "n": ["1", "x"], "b": [b"ok", b"\xff"]}
    (tmp_path / "a.parquet").write_bytes(parquet_bytes(columns))
    carry = {"b": "b", "w": {"source": "n", "type": "int64"}}
    first = look(tmp_path / "a.parquet", text=None, carry={"b": "b"})
    assert first.invalid == {"text_not_utf8 (b)": 1}
    first = look(tmp_path / "a.parquet", text=None, carry={**carry, "b": "n"})
    assert first.invalid == {"value_unfit (n)": 1}


def test_a_message_says_how_many_fields_it_leaves_out(tmp_path: Path) -> None:
    names = {f"m{number}": b"x" for number in range(14)}
    first = look(write_shard(tmp_path / "0.tar", sample(0, jpg=IMAGE, **names)), text="zz")
    (line,) = first.missing
    assert "m10 (1 of 1), 3 more" in line
