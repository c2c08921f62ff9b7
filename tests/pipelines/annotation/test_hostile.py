"""Tests that mutated shards never crash the pass and that every sample becomes a row.

`make fuzz` tests the same properties with thousands of cases.
"""

import gzip
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from support.preprocessing import blocks_of
from support.sample_data import (
    encoded,
    images_column,
    job,
    parquet_bytes,
    picture,
    tar_bytes,
    zstd_bytes,
)

from filters import ImageFilter, ImageSize, TextQuality
from filters.base import Judge
from pipelines.annotation.filtering import FilterChain
from pipelines.rows.row import Row
from pipelines.storage.local import LocalStorage
from schemas.errors import ShardFault
from schemas.resources import Resources
from schemas.sample import Sample, Unit
from schemas.verdict import Verdict, keep

SIDE = 8
TAR = Unit("a", "a.tar", "a.tar", 0, "")
PARQUET = Unit("a", "a.parquet", "a.parquet", 0, "")
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
IMAGES = {name: encoded(picture(24, 16, seed), name) for seed, name in enumerate(FORMATS)}


COMPRESSIONS = st.sampled_from([bytes, gzip.compress, zstd_bytes])


class FrameReader(ImageFilter):
    """Reads frames, so that preprocessing decodes every image."""

    kind: str = "frame_reader"

    def load(self, resources: Resources) -> Judge[Sample]:
        return self

    def judge(self, items: list[Sample]) -> list[Verdict]:
        assert all(item.frames[0].shape == (item.height, item.width, 3) for item in items)
        return [keep() for _ in items]


def preprocess(content: bytes, on_bad_shard: str, unit: Unit = TAR) -> list[Row]:
    small_job = job(
        Path(),
        input={
            "shards": "a.tar",
            "carry": ["json:url"],
            "max_samples_per_file": 3,
            "on_bad_shard": on_bad_shard,
            "truncated": "accept",
            "limits": {"max_pixels": 10_000, "max_members": 9},
        },
    )
    filter_chain = FilterChain(
        [ImageSize(min_side=4), TextQuality(), FrameReader()], Resources(LocalStorage().open)
    )
    blocks = blocks_of(content, unit, small_job.input, filter_chain, side=SIDE)
    return [row for block in blocks for row in block]


def check(rows: list[Row]) -> None:
    """Check that each sample is one row, in order, with either a model image or a reason."""
    assert [row.index for row in rows] == list(range(len(rows)))
    for row in rows:
        assert row.kept == (row.reason == "")
        assert bool(row.model_images) == row.kept
        if row.model_images:
            assert row.model_images[0].shape == (SIDE, SIDE, 3)
            row.texts["key"].value.encode()


def mutated(content: bytes, data: st.DataObject) -> bytes:
    """Change, remove or insert some bytes, or cut off the end."""
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, max(len(changed) - 1, 0)))
        if data.draw(st.booleans()):
            changed[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
        else:
            changed[at : at + data.draw(st.integers(0, 64))] = data.draw(st.binary(max_size=64))
    return bytes(changed[: data.draw(st.integers(0, len(changed)) | st.just(len(changed)))])


def members(number: int, data: st.DataObject) -> list[tuple[str, bytes]]:
    """Draw the members of one sample: mostly well formed, with mutated images, texts and names."""
    name = data.draw(st.sampled_from(["", "../", "/", "./", "a.b/", "ü/"])) + f"{number}"
    kind = data.draw(st.sampled_from(FORMATS))
    extension = data.draw(st.sampled_from(["jpg", "png", "PNG", "webp", "svg", "jpg.jpg"]))
    text = data.draw(
        st.sampled_from([b"a red star", b"", b"\xff\xfe", "ein ü".encode(), b"\0" * 9])
    )
    meta = data.draw(st.sampled_from([b'{"url": 1}', b"{", b'{"url": "\\ud800"}', b"[" * 9999]))
    sample = [(f"{name}.{extension}", mutated(IMAGES[kind], data)), (f"{name}.txt", text)]
    sample += [(f"{name}.json", meta)] * data.draw(st.integers(0, 2))
    sample += [(f"{name}.x{n}", b"") for n in range(data.draw(st.sampled_from([0, 0, 0, 12])))]
    return data.draw(st.permutations(sample))


@given(st.data())
def test_every_sample_is_a_row_whatever_its_members_contain(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, 6))
    content = [member for index in range(number) for member in members(index, data)]
    rows = preprocess(data.draw(COMPRESSIONS)(tar_bytes(content)), "fail")
    assert len(rows) == number
    check(rows)


@given(st.data())
def test_a_mutated_tar_fails_or_is_salvaged(data: st.DataObject) -> None:
    good = [member for index in range(4) for member in members(index, data)]
    check_fate(mutated(data.draw(COMPRESSIONS)(tar_bytes(good)), data), TAR)


@given(st.data())
def test_a_mutated_parquet_file_fails_or_is_salvaged(data: st.DataObject) -> None:
    images = [mutated(IMAGES[data.draw(st.sampled_from(FORMATS))], data) for _ in range(4)]
    columns = {
        "image": images_column(images),
        "txt": ["a red star", "", None, "ein ü"],
        "json": [{"url": "u"}, None, {"url": "v"}, {"url": None}],
    }
    content = parquet_bytes(
        columns,
        rows_per_group=data.draw(st.integers(1, 4)),
        compression=data.draw(st.sampled_from(["none", "snappy", "zstd", "gzip", "lz4"])),
        use_dictionary=data.draw(st.booleans()),
        write_page_checksum=data.draw(st.booleans()),
    )
    check_fate(mutated(content, data), PARQUET)


def check_fate(content: bytes, unit: Unit) -> None:
    """Check the rows of a shard; where it can be read whole, salvaging gives the same rows."""
    whole: list[Row] | None = None
    salvaged: list[Row] | None = None
    with suppress(ShardFault):
        whole = preprocess(content, "fail", unit)
    with suppress(ShardFault):
        salvaged = preprocess(content, "salvage", unit)
    check(salvaged or [])
    if whole is not None:
        assert salvaged is not None
        assert [row.reason for row in salvaged] == [row.reason for row in whole]


def test_unmutated_images_are_all_kept() -> None:
    """The mutations start from a shard whose samples are all kept."""
    content: list[tuple[str, bytes]] = []
    for index, (name, image) in enumerate(IMAGES.items()):
        content += [(f"{index}.{name.lower()}", image), (f"{index}.txt", b"a red star")]
    rows = preprocess(tar_bytes(content), "fail")
    assert [row.status for row in rows] == ["kept"] * len(FORMATS), [row.reason for row in rows]
