"""Tests that a shard becomes blocks of rows: every sample once, in order, faults with reasons."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.memory_storage import VERSION
from support.preprocessing import blocks_of
from support.sample_data import Member, encoded, job, jpeg, picture, tar_bytes

from filters import ImageFilter, ImageSize, TextQuality
from filters.base import Filter, Judge
from filters.images.pdq import LOWEST_QUALITY, pdq_hash
from pipelines.annotation import preprocessing
from pipelines.annotation.filtering import FilterChain
from pipelines.config.input import Limits
from pipelines.images import EncodedImage
from pipelines.rows.counts import count
from pipelines.rows.row import Row
from pipelines.rows.table import to_arrow
from pipelines.storage.local import LocalStorage
from schemas.errors import ShardFault
from schemas.generation import ImageSpec
from schemas.resources import Resources
from schemas.sample import Sample, Unit
from schemas.tables import output_schema
from schemas.verdict import Verdict, drop, keep

SIDE = 16
UNIT = Unit("a", "/a.tar", "a.tar", 0, VERSION)
RESOURCES = Resources(open=LocalStorage().open)
SMALL = jpeg(20, 20)
GOOD: Sequence[Member] = [("0.jpg", jpeg(40, 30)), ("0.txt", b"a red star")]


class Dark(ImageFilter):
    """Drops images with a mean brightness of at most 50."""

    kind: str = "dark"

    def load(self, resources: Resources) -> Judge[Sample]:
        return self

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [keep() if item.frames[0].mean() > 50 else drop("dark") for item in items]


def preprocess(
    content: bytes,
    filters: Sequence[Filter] = (),
    *,
    block_size: int = 4,
    skip: int = 0,
    stop: int | None = None,
    **reading: Any,
) -> list[list[Row]]:
    small_job = job(
        Path("/nowhere"), input={"shards": "a.tar", **reading}, model={"checkpoint": "m"}
    )
    filter_chain = FilterChain(filters, RESOURCES)
    return blocks_of(
        content,
        UNIT,
        small_job.input,
        filter_chain,
        side=SIDE,
        threads=2,
        block_size=block_size,
        skip=skip,
        stop=stop,
    )


def single_row(members: Sequence[Member], filters: Sequence[Filter] = (), **reading: Any) -> Row:
    ((row,),) = preprocess(tar_bytes(members), filters, **reading)
    return row


def test_a_kept_sample_is_ready_for_the_engine() -> None:
    row = single_row(GOOD)
    assert row.kept
    assert (row.shard, row.index, row.width, row.height) == ("a.tar", 0, 40, 30)
    assert {name: text.value for name, text in row.texts.items()} == {
        "key": "0",
        "source_text": "a red star",
    }
    assert row.sha256 == hashlib.sha256(GOOD[0][1]).hexdigest()
    decoded = EncodedImage.open(GOOD[0][1], Limits(max_pixels=10_000)).upright()
    np.testing.assert_array_equal(row.model_images[0], decoded.fit(ImageSpec(SIDE)))
    assert (row.image, row.encoded, row.frames) == (b"", None, ())


def test_a_truncated_image_with_enough_rows_is_kept_if_the_job_accepts_it() -> None:
    members = [("0.jpg", jpeg(40, 30)[:-2]), GOOD[1]]
    refused = single_row(members)
    assert (refused.status, refused.reason) == ("invalid", "image_truncated")
    accepted = single_row(members, [Dark()], truncated="accept", min_decoded_rows=1.0)
    assert (accepted.kept, accepted.truncated, accepted.decoded_rows) == (True, True, 1.0)
    whole = single_row(GOOD, truncated="accept")
    assert (whole.kept, whole.truncated, whole.decoded_rows) == (True, False, 1.0)
    np.testing.assert_array_equal(accepted.model_images[0], whole.model_images[0])
    assert (count([accepted, whole]).truncated, count([refused]).truncated) == (1, 0)
    (first, second), (third,) = (
        to_arrow(rows, output_schema({}, {})).to_pylist() for rows in ([accepted, whole], [refused])
    )
    stored = [(row["truncated"], row["decoded_rows"]) for row in (first, second, third)]
    assert stored == [(True, 1.0), (False, 1.0), (None, None)]


def test_a_truncated_image_with_too_few_rows_is_invalid() -> None:
    content = jpeg(40, 300, quality=95)
    members = [("0.jpg", content[: len(content) * 3 // 4]), GOOD[1]]
    row = single_row(members, truncated="accept")
    assert (row.reason, row.error) == ("image_truncated", "OSError")
    assert single_row(members, truncated="accept", min_decoded_rows=0.5).kept


def test_kept_rows_get_the_hash_of_their_first_frame() -> None:
    pdqhash = pytest.importorskip("pdqhash", reason="pip install 'pdqhash>=0.2.8'")
    frame = EncodedImage.open(GOOD[0][1], Limits()).upright().pixels()
    digest, quality = pdq_hash(frame, pdqhash)
    for filters in ([], [Dark()]):  # without and with filters that read frames
        row = single_row(GOOD, filters, pdq=True)
        assert (row.pdq, row.pdq_quality, row.frames) == (digest.hex(), quality, ())
    assert quality > LOWEST_QUALITY
    red = encoded(Image.new("RGB", (64, 64), "red"), "PNG")
    flat = single_row([("0.png", red), GOOD[1]], pdq=True)
    assert (flat.kept, flat.pdq, flat.pdq_quality) == (True, None, 0)
    assert single_row(GOOD).pdq_quality is None

    rejected = single_row(GOOD, pdq=True)
    rejected.reject("quarantined", "a_reason", "a_filter")
    schema = output_schema({}, {}, pdq=True)
    kept, other = to_arrow([row, rejected], schema).to_pylist()
    assert (kept["pdq"], kept["pdq_quality"]) == (digest.hex(), quality)
    assert (other["pdq"], other["pdq_quality"]) == (None, None)
    assert not {"pdq", "pdq_quality"} & set(output_schema({}, {}).names)


LAB = encoded(Image.new("LAB", (9, 9)), "TIFF")


@pytest.mark.parametrize(
    ("members", "reason", "error"),
    [
        ([("0.jpg", SMALL), ("0.JPG", SMALL), ("0.txt", b"a")], "member_repeated", ""),
        ([("0.txt", b"a")], "image_missing", ""),
        ([("0.a.png", SMALL), ("0.b.png", SMALL), ("0.txt", b"a")], "image_several", ""),
        ([("0.jpg", SMALL), ("0.png", SMALL), ("0.txt", b"a")], "image_several", ""),
        ([("0.jpg", SMALL)], "text_missing", ""),
        ([("0.jpg", SMALL), ("0.txt", b"\xff")], "text_not_utf8", ""),
        ([("0.jpg", b"none"), ("0.txt", b"a")], "image_undecodable", "UnidentifiedImageError"),
        ([("0.jpg", SMALL[:-20]), ("0.txt", b"a")], "image_truncated", "OSError"),
        ([("0.png", LAB), ("0.txt", b"a")], "image_mode_unsupported", ""),
    ],
)
def test_a_bad_sample_is_invalid_with_a_reason(
    members: Sequence[Member], reason: str, error: str
) -> None:
    row = single_row(members)
    assert (row.status, row.reason, row.error, row.filter) == ("invalid", reason, error, "")
    assert row.model_images == ()


@pytest.mark.parametrize("name", ["0.jpg", "0.JPEG", "0.png", "0.tif", "0.bmp"])
def test_the_content_determines_the_format_not_the_extension(name: str) -> None:
    assert single_row([(name, SMALL), ("0.txt", b"a")]).kept


@pytest.mark.parametrize(
    ("limit", "most", "reason"),
    [
        ("max_pixels", 1200, "image_too_many_pixels"),
        ("max_image_bytes", len(GOOD[0][1]), "image_too_large"),
        ("max_text_characters", len("a red star"), "text_too_large"),
        ("max_text_bytes", len("a red star"), "text_too_large"),
        ("max_members", 2, "members_too_many"),
    ],
)
def test_limits_are_inclusive(limit: str, most: int, reason: str) -> None:
    assert single_row(GOOD, limits={limit: most}).kept
    row = single_row(GOOD, limits={limit: most - 1})
    assert (row.status, row.reason) == ("invalid", reason)


def test_samples_need_no_text_where_the_job_reads_none() -> None:
    assert single_row([("0.jpg", SMALL)], text=None).kept


def test_texts_are_judged_before_headers_and_headers_before_pixels() -> None:
    filters = [Dark(), ImageSize(min_side=30), TextQuality()]
    black = encoded(picture(40, 30).point(lambda _: 0), "PNG")
    fates = {
        "poor text": [("0.jpg", b"no image"), ("0.txt", b"x")],
        "small": [("0.jpg", SMALL[:-20]), ("0.txt", b"a red star")],
        "dark": [("0.png", black), ("0.txt", b"a red star")],
        "good": GOOD,
    }
    reasons = [single_row(members, filters).reason for members in fates.values()]
    assert reasons == ["text_too_short", "image_too_small", "dark", ""]


def test_reduced_decoding_still_covers_the_models_square() -> None:
    large = jpeg(256, 256)
    row = single_row([("0.jpg", large), ("0.txt", b"a")], decode="reduced")
    assert (row.width, row.height) == (256, 256)
    half = EncodedImage.open(large, Limits(max_pixels=1 << 20)).upright(SIDE)
    assert half.pixels().shape == (32, 32, 3)
    np.testing.assert_array_equal(row.model_images[0], half.fit(ImageSpec(SIDE)))


def mixed(fates: Sequence[bool]) -> bytes:
    """Return a shard of good samples and of samples without an image."""
    members = []
    for index, good in enumerate(fates):
        if good:
            members.append((f"{index}.jpg", SMALL))
        members.append((f"{index}.txt", b"a"))
    return tar_bytes(members)


@given(
    st.lists(st.booleans(), max_size=30),
    st.integers(1, 5),
    st.integers(1, 7),
    st.integers(0, 3),
)
def test_blocks_contain_every_sample_once_in_order(
    fates: list[bool], block_size: int, part: int, parts_done: int
) -> None:
    skip = part * parts_done
    blocks = preprocess(mixed(fates), block_size=block_size, skip=skip, max_samples_per_file=part)
    assert [row.index for block in blocks for row in block] == list(range(skip, len(fates)))
    assert [row.kept for block in blocks for row in block] == fates[skip:]
    for block in blocks:
        last = block[-1]
        assert len({row.index // part for row in block}) == 1
        kept = sum(row.kept for row in block)
        assert kept <= block_size
        full = kept == block_size and last.kept
        assert full or (last.index + 1) % part == 0 or last.index == len(fates) - 1


def test_chunk_sizes_do_not_change_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    content = mixed([True, False, True, True, False, True, True])
    one = preprocess(content, [Dark(), TextQuality(min_words=1, min_characters=1)])
    for name, value in {"_CHUNK": 2, "_CHUNK_BYTES": 1, "_CHUNK_PIXELS": 1}.items():
        monkeypatch.setattr(preprocessing, name, value)
        other = preprocess(content, [Dark(), TextQuality(min_words=1, min_characters=1)])
        assert [[row.index for row in block] for block in other] == [
            [row.index for row in block] for block in one
        ]
        assert [[row.sha256 for row in block] for block in other] == [
            [row.sha256 for row in block] for block in one
        ]


def test_a_preview_reads_only_the_first_samples() -> None:
    blocks = preprocess(mixed([True] * 9), stop=3)
    assert [row.index for block in blocks for row in block] == [0, 1, 2]


def test_positions_grow_towards_the_size_of_the_shard() -> None:
    content = mixed([True] * 40)
    positions = [row.position for block in preprocess(content) for row in block]
    assert positions == sorted(positions)
    assert 0 < positions[0] < positions[-1] <= len(content)


def test_a_cut_shard_raises_its_fault() -> None:
    content = mixed([True] * 9)
    with pytest.raises(ShardFault):
        preprocess(content[: len(content) // 2])
