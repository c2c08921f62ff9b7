"""Shards read as webdataset reads them, but never short of a sample without a fault."""

import gzip
import io
import json
import tarfile
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import Member, tar_bytes
from webdataset.tariterators import group_by_keys, tar_file_expander

from pipelines.shards import CountedStream, FieldFault, Limits, RawSample, read_field, read_shard
from schemas.errors import ShardFault

BLOCK = 512
MEMBERS: Sequence[Member] = [
    ("0.jpg", b"x" * 700),
    ("0.txt", b"a"),
    ("1.jpg", bytes(1024)),  # reads like the end of a tar
    ("folder/" + "n" * 150 + ".jpg", b"y" * BLOCK),  # its name takes blocks of its own
    ("2.txt", b""),
    ("3.jpg", b"z"),
]

names = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "a/", "a.b/", "__meta__/", "./"]),
    st.sampled_from(["0", "1", "00.1", "__x__", "", "ü", "a b", "\n"]),
    st.sampled_from(["", ".", ".jpg", ".JPG", ".txt", ".seg.png", "..json", ".__x__"]),
).filter(lambda name: name.strip("/."))


def read(content: bytes) -> list[RawSample]:
    return list(read_shard(CountedStream(io.BytesIO(content))))


def fault(content: bytes) -> ShardFault:
    with pytest.raises(ShardFault) as caught:
        read(content)
    return caught.value


def by_webdataset(content: bytes) -> list[tuple[str, dict[str, bytes]]]:
    files = tar_file_expander([{"url": "", "stream": io.BytesIO(content)}], eof_value=None)
    samples = []
    for sample in group_by_keys(files):
        key = sample.pop("__key__")
        samples.append((key, {name: held for name, held in sample.items() if name != "__url__"}))
    return samples


@given(st.lists(st.tuples(names, st.binary(max_size=3)), max_size=8, unique_by=lambda m: m[0]))
def test_samples_are_those_of_webdataset(members: list[Member]) -> None:
    content = tar_bytes(members)
    samples = read(content)
    if any(sample.repeated for sample in samples):  # where webdataset gives up
        with pytest.raises(ValueError, match="duplicate"):
            by_webdataset(content)
    else:
        assert [(sample.key, sample.members) for sample in samples] == by_webdataset(content)
    assert [sample.index for sample in samples] == list(range(len(samples)))


@pytest.mark.parametrize(
    ("name", "key", "extension"),
    [
        ("0.jpg", "0", "jpg"),
        ("0.JPG", "0", "jpg"),
        ("a.b/0.seg.PNG", "a.b/0", "seg.png"),
        ("train/0.v2.jpg", "train/0", "v2.jpg"),
    ],
)
def test_keys_end_at_the_first_dot_of_the_name(name: str, key: str, extension: str) -> None:
    (sample,) = read(tar_bytes([(name, b"x")]))
    assert (sample.key, sample.members) == (key, {extension: b"x"})


def test_only_files_are_members() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, kind in {"d.jpg": tarfile.DIRTYPE, "l.jpg": tarfile.SYMTYPE}.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
    assert read(file.getvalue()) == []


@pytest.mark.parametrize("gzipped", [False, True])
def test_the_same_samples_plain_and_gzipped(gzipped: bool) -> None:
    content = tar_bytes(MEMBERS, gzipped=gzipped)
    stream = CountedStream(io.BytesIO(content))
    samples = list(read_shard(stream))
    assert [sample.key for sample in samples] == ["0", "1", "folder/" + "n" * 150, "2", "3"]
    assert samples[0].members == {"jpg": b"x" * 700, "txt": b"a"}
    assert stream.bytes_read == len(content)


def test_a_tar_without_members_has_no_samples() -> None:
    assert read(tar_bytes([])) == []
    assert read(tar_bytes([("README", b"no extension, no sample")])) == []


def test_a_repeated_member_is_noted_on_its_sample_alone() -> None:
    samples = read(tar_bytes([("0.jpg", b"x"), ("0.JPG", b"y"), ("1.jpg", b"z")]))
    assert [sample.repeated for sample in samples] == [True, False]


def test_a_key_that_comes_back_is_a_sample_of_its_own() -> None:
    samples = read(tar_bytes([("0.jpg", b"x"), ("1.jpg", b"y"), ("0.txt", b"z")]))
    assert [(sample.index, sample.key) for sample in samples] == [(0, "0"), (1, "1"), (2, "0")]


def needed(plain: bytes) -> int:
    """Bytes up to the block of zeros that ends a tar."""
    return len(plain.rstrip(b"\0")) // BLOCK * BLOCK + 2 * BLOCK


def test_a_tar_cut_anywhere_is_a_fault() -> None:
    plain = tar_bytes(MEMBERS)
    for end in range(needed(plain)):
        cut = fault(plain[:end])
        assert cut.reason == ("shard_truncated" if end >= BLOCK else "shard_unreadable")
        assert cut.offset == end


def test_a_tar_cut_in_its_padding_is_whole() -> None:
    plain = tar_bytes(MEMBERS)
    assert len(read(plain[: needed(plain)])) == len(read(plain))


def test_a_gzipped_tar_cut_anywhere_is_a_fault() -> None:
    gzipped = tar_bytes(MEMBERS, gzipped=True)
    for end in range(len(gzipped)):
        cut = fault(gzipped[:end])
        assert cut.reason == ("shard_truncated" if end > 1 else "shard_unreadable")


def test_a_tar_gzipped_after_it_was_cut_is_a_fault() -> None:
    after_zeros = 3 * BLOCK + BLOCK + BLOCK + 3 * BLOCK  # between members 1.jpg and folder/…
    plain = tar_bytes(MEMBERS)
    assert plain[after_zeros - 1024 : after_zeros] == bytes(1024)
    assert fault(gzip.compress(plain[:after_zeros])).reason == "shard_truncated"


@pytest.mark.parametrize("member", range(1, 4))
def test_a_damaged_header_is_no_end(member: int) -> None:
    content = bytearray(tar_bytes([(f"{index}.jpg", b"x") for index in range(4)]))
    content[member * 2 * BLOCK] ^= 1
    assert fault(bytes(content)).reason == "shard_damaged"


@given(
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_damaged_bytes_raise_nothing_but_shard_faults(
    gzipped: bool, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(tar_bytes(MEMBERS, gzipped=gzipped))
    for place, value in changes:
        content[place % len(content)] = value
    with suppress(ShardFault):
        read(bytes(content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "shard_unreadable"),
        (b"<html>not found</html>" * 100, "shard_unreadable"),
        (gzip.compress(b"no tar" * 100), "shard_unreadable"),
        (tar_bytes(MEMBERS) + b"more", "shard_damaged"),
        (tar_bytes(MEMBERS) * 2, "shard_damaged"),
        (tar_bytes(MEMBERS, gzipped=True) + b"more", "shard_damaged"),
        (tar_bytes(MEMBERS, gzipped=True) * 2, "shard_damaged"),
    ],
)
def test_what_is_no_tar_is_a_fault(content: bytes, reason: str) -> None:
    assert fault(content).reason == reason


def test_samples_before_the_cut_are_given_out_first() -> None:
    samples = read_shard(CountedStream(io.BytesIO(tar_bytes(MEMBERS)[: 9 * BLOCK])))
    assert next(samples).key == "0"
    with pytest.raises(ShardFault):
        next(samples)


def test_storage_errors_are_no_faults_of_the_shard() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        list(read_shard(CountedStream(Failing())))


def test_the_layout_of_img2dataset() -> None:
    fields = {"url": "https://example.com/0", "caption": "a star", "status": "success", "width": 9}
    (sample,) = read(
        tar_bytes(
            [
                ("000000000.jpg", b"x"),
                ("000000000.json", json.dumps(fields, indent=4).encode()),
                ("000000000.txt", b"a star"),
            ]
        )
    )
    assert sample.key == "000000000"
    parsed: dict[str, Any] = {}
    sources = ["txt", "json:caption", "json:url", "json:width"]
    found = [read_field(sample.members, source, parsed) for source in sources]
    assert found == ["a star", "a star", "https://example.com/0", "9"]


JSON = {
    "text": "ü",
    "none": None,
    "number": 1.5,
    "flag": True,
    "list": [1, "ü"],
    "meta": {"url": "u", "more": {"deep": "d"}},
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("txt", "a\nb"),
        ("cls", None),
        ("json", json.dumps(JSON)),
        ("json:text", "ü"),
        ("json:none", None),
        ("json:missing", None),
        ("json:number", "1.5"),
        ("json:flag", "true"),
        ("json:list", '[1, "ü"]'),
        ("json:meta.url", "u"),
        ("json:meta.more.deep", "d"),
        ("json:meta.more", '{"deep": "d"}'),
        ("json:text.url", None),
        ("json:list.0", None),
    ],
)
def test_fields(source: str, value: str | None) -> None:
    members = {"txt": b"a\nb", "json": json.dumps(JSON).encode()}
    assert read_field(members, source, {}) == value


@pytest.mark.parametrize(
    ("members", "source", "reason"),
    [
        ({"txt": b"\xff"}, "txt", "text_not_utf8"),
        ({"txt": b"\xed\xa0\x80"}, "txt", "text_not_utf8"),
        ({"json": b"\xff"}, "json:a", "text_not_utf8"),
        ({"json": b"{"}, "json:a", "json_malformed"),
        ({"json": b""}, "json:a", "json_malformed"),
        ({"json": b"[" * 100_000}, "json:a", "json_malformed"),
        ({"json": b'{"a": ' + b"9" * 5000 + b"}"}, "json:a", "json_malformed"),
        ({"json": rb'{"a": "\ud800"}'}, "json:a", "text_not_utf8"),
        ({"json": rb'{"a": ["\ud800"]}'}, "json:a", "text_not_utf8"),
    ],
)
def test_fields_that_cannot_be_used(members: dict[str, bytes], source: str, reason: str) -> None:
    with pytest.raises(FieldFault) as caught:
        read_field(members, source, {})
    assert caught.value.reason == reason


def test_json_is_parsed_once() -> None:
    parsed: dict[str, Any] = {}
    assert read_field({"json": b'{"a": "1"}'}, "json:a", parsed) == "1"
    assert read_field({"json": b"no longer read"}, "json:a", parsed) == "1"


def test_only_wanted_members_that_are_small_enough_are_read() -> None:
    members = [
        ("0.jpg", b"12"),
        ("0.txt", b"123"),
        ("0.mp4", b"1"),
        ("1.JPG", b"1"),
        ("1.txt", b""),
    ]
    limits = Limits({"jpg": 2, "txt": 2}, members=3)
    first, second = read_shard(CountedStream(io.BytesIO(tar_bytes(members))), limits)
    assert (first.members, first.oversized) == ({"jpg": b"12"}, {"txt"})
    assert first.extensions == {"jpg", "txt", "mp4"}
    assert (second.members, second.oversized) == ({"jpg": b"1", "txt": b""}, set())
    assert not first.crowded


def test_a_sample_of_ten_thousand_members_is_told_and_not_held() -> None:
    members = [(f"0.{number}", b"x" * 100) for number in range(10_000)] + [("1.txt", b"next")]
    limits = Limits({str(number): 100 for number in range(10_000)}, members=9_999)
    content = tar_bytes(members)
    first, second = read_shard(CountedStream(io.BytesIO(content)), limits)
    assert first.crowded
    assert not first.members
    assert not second.crowded
    just = read_shard(CountedStream(io.BytesIO(content)), limits._replace(members=10_000))
    assert not next(just).crowded


def test_a_sparse_member_that_claims_a_terabyte_is_not_read() -> None:
    """GNU's sparse files state their size and hold none of it."""
    header = bytearray(tarfile.TarInfo("0.jpg").tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[483:495] = tarfile.itn(1 << 33, 12, tarfile.GNU_FORMAT)  # the size of the whole
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    content = bytes(header) + bytes(2 * 512)
    (sample,) = read_shard(CountedStream(io.BytesIO(content)), Limits({"jpg": 1 << 20}, members=9))
    assert sample.oversized == {"jpg"}
