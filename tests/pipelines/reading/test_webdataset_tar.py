"""Tests that tars give the same samples as webdataset, and a fault where any sample is lost."""

import gzip
import io
import itertools
import json
import re
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sample_data import Member, tar_bytes, zstd_bytes
from webdataset.tariterators import base_plus_ext, group_by_keys, tar_file_expander

from pipelines.config.field_source import FieldSource
from pipelines.config.input import Input, Limits
from pipelines.reading.raw_sample import RawSample
from pipelines.reading.sample_members import Member as ReadMember
from pipelines.reading.shard_stream import CountedStream
from pipelines.reading.text_fields import as_text, find_value
from pipelines.reading.webdataset_tar import (
    is_added_by_macos,
    key_and_extension,
    read_members,
    read_tar,
)
from pipelines.reading.zstd_stream import ZSTD
from schemas.errors import ShardFault

BLOCK = 512
MEMBERS: Sequence[Member] = [
    ("0.jpg", b"x" * 700),
    ("0.txt", b"a"),
    ("1.jpg", bytes(1024)),  # zeros, like the end of a tar
    ("folder/" + "n" * 150 + ".jpg", b"y" * BLOCK),  # its long name takes extra blocks
    ("2.txt", b""),
    ("3.jpg", b"z"),
]


SKIPPABLE = b"\x5a\x2a\x4d\x18"  # begins a skippable frame


def in_frames(content: bytes) -> bytes:
    """Compress with zstd in several frames, with skippable ones before, between and after them."""
    skippable = SKIPPABLE + b"\x03\0\0\0abc"
    pieces = [content[start : start + 1000] for start in range(0, len(content), 1000)]
    return skippable + b"".join(zstd_bytes(piece) + skippable for piece in pieces)


def frames_after(content: bytes) -> Iterator[bytes]:
    """Yield the rest of the content at the end of each frame, after which nothing need follow."""
    for start in re.finditer(re.escape(ZSTD) + b"|" + re.escape(SKIPPABLE), content):
        yield content[start.start() :]


names = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "a/", "a.b/", "__meta__/", "./"]),
    st.sampled_from(["0", "1", "00.1", "__x__", "", "ü", "a b", "\n"]),
    st.sampled_from(["", ".", ".jpg", ".JPG", ".txt", ".seg.png", "..json", ".__x__"]),
).filter(lambda name: name.strip("/.") and not is_added_by_macos(name))


def read(content: bytes) -> list[ReadMember]:
    return list(read_members(CountedStream(io.BytesIO(content)), lambda _: 1 << 30))


def samples(
    content: bytes, *fields: str, image: str | None = None, **limits: int
) -> list[RawSample]:
    given = reads(*fields, image=image, **limits)
    return list(read_tar(CountedStream(io.BytesIO(content)), given))


def reads(*fields: str, image: str | None = None, **limits: int) -> Input:
    """Return the `input` of a job that reads these extensions."""
    return Input(shards="a.tar", text=None, image=image, carry=fields, limits=Limits(**limits))


def grouped(members: list[ReadMember]) -> list[tuple[str, list[tuple[str, bytes | None]]]]:
    """Group adjacent members of the same key: key -> extension and content of each member."""
    return [
        (key, [(member.extension, member.content) for member in group])
        for key, group in itertools.groupby(members, key=lambda member: member.key)
    ]


def fault(content: bytes) -> ShardFault:
    with pytest.raises(ShardFault) as caught:
        read(content)
    return caught.value


def by_webdataset(content: bytes) -> list[tuple[str, dict[str, bytes]]]:
    files = tar_file_expander([{"url": "", "stream": io.BytesIO(content)}], eof_value=None)
    samples = []
    for sample in group_by_keys(files):
        key = sample.pop("__key__")
        samples.append((key, {name: data for name, data in sample.items() if name != "__url__"}))
    return samples


@given(st.lists(st.tuples(names, st.binary(max_size=3)), max_size=8, unique_by=lambda m: m[0]))
def test_samples_are_the_same_as_webdatasets(members: list[Member]) -> None:
    content = tar_bytes(members)
    groups = grouped(read(content))
    if any(len(dict(group)) < len(group) for _, group in groups):  # webdataset raises
        with pytest.raises(ValueError, match="duplicate"):
            by_webdataset(content)
    else:
        assert [(key, dict(group)) for key, group in groups] == by_webdataset(content)


@given(
    st.lists(st.tuples(names, st.binary(max_size=600)), max_size=5, unique_by=lambda m: m[0]),
    st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.integers(0, 200),
)
def test_members_are_the_same_as_tarfiles(members: list[Member], format: int, longer: int) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format, errors="replace") as tar:
        for name, content in members:
            prefix = "" if format == tarfile.USTAR_FORMAT else "n" * longer
            member = tarfile.TarInfo(prefix + name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    file.seek(0)
    with tarfile.open(fileobj=file) as tar:
        expected = [
            (info.name, cast(Any, tar.extractfile(info)).read())
            for info in tar
            if base_plus_ext(info.name)[0] is not None and not re.match("__.*__", info.name)
        ]
    read_back = read(file.getvalue())
    if not any(re.match("__", name) for name, _ in members):
        assert [member.content for member in read_back] == [content for _, content in expected]
        assert [member.key for member in read_back] == [base_plus_ext(n)[0] for n, _ in expected]


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
    assert read(tar_bytes([(name, b"x")])) == [(key, extension, b"x", True, 1, name)]


@given(st.text("ab./", max_size=12))
def test_names_are_split_like_webdataset(name: str) -> None:
    key, extension = base_plus_ext(name)
    assert key_and_extension(name) == (key or "", extension or "")


def of_type(name: str, kind: bytes, size: int = 0) -> bytes:
    """Return the header of a member."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, "/etc/passwd", size
    return member.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"?"],
)
def test_links_and_devices_make_their_sample_unusable(kind: bytes) -> None:
    content = of_type("0.jpg", kind) + tar_bytes([("0.txt", b"a"), ("1.jpg", b"x")])
    first, second = samples(content, "txt")
    assert (first.fault, first.image, first.fields) == ("member_not_a_file", b"", {})
    assert (second.fault, second.image) == ("", b"x")


def test_folders_are_no_samples() -> None:
    assert read(of_type("a.jpg", tarfile.DIRTYPE) + bytes(1024)) == []


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd_bytes, in_frames])
def test_plain_and_compressed_tars_give_the_same_samples(
    compress: Callable[[bytes], bytes],
) -> None:
    content = compress(tar_bytes(MEMBERS))
    stream = CountedStream(io.BytesIO(content))
    read_samples = list(read_tar(stream, reads("txt")))
    assert [sample.key for sample in read_samples] == ["0", "1", "folder/" + "n" * 150, "2", "3"]
    assert read_samples[0].fields == {"jpg": b"x" * 700, "txt": b"a"}
    assert stream.bytes_read == len(content)


def test_a_tar_without_members_has_no_samples() -> None:
    assert read(tar_bytes([])) == []
    assert read(tar_bytes([("README", b"no extension, no sample")])) == []


def test_a_repeated_member_affects_only_its_sample() -> None:
    read_samples = samples(tar_bytes([("0.jpg", b"x"), ("0.JPG", b"y"), ("1.jpg", b"z")]))
    assert [sample.fault for sample in read_samples] == ["member_repeated", ""]


def test_a_key_that_occurs_again_later_is_a_new_sample() -> None:
    read_samples = samples(tar_bytes([("0.jpg", b"x"), ("1.jpg", b"y"), ("0.txt", b"z")]))
    assert [(sample.index, sample.key) for sample in read_samples] == [(0, "0"), (1, "1"), (2, "0")]
    assert [sample.fault for sample in read_samples] == ["", "", "image_missing"]


def needed(plain: bytes) -> int:
    """Return the number of bytes up to the blocks of zeros that end a tar."""
    return len(plain.rstrip(b"\0")) // BLOCK * BLOCK + 2 * BLOCK


def test_a_tar_cut_anywhere_is_a_fault() -> None:
    plain = tar_bytes(MEMBERS)
    for end in range(needed(plain)):
        cut = fault(plain[:end])
        assert cut.reason == ("shard_truncated" if end >= BLOCK else "shard_unreadable")
        assert cut.offset == end


def test_a_tar_cut_in_its_padding_is_complete() -> None:
    plain = tar_bytes(MEMBERS)
    assert len(read(plain[: needed(plain)])) == len(read(plain))


def test_a_gzipped_tar_cut_anywhere_is_a_fault() -> None:
    gzipped = tar_bytes(MEMBERS, gzipped=True)
    for end in range(len(gzipped)):
        cut = fault(gzipped[:end])
        assert cut.reason == ("shard_truncated" if end > 1 else "shard_unreadable")


@pytest.mark.parametrize("compress", [zstd_bytes, in_frames])
def test_a_tar_cut_anywhere_in_its_zstd_frames_is_a_fault(
    compress: Callable[[bytes], bytes],
) -> None:
    content = compress(tar_bytes(MEMBERS))
    whole = {0} | {len(content) - len(frames) for frames in frames_after(content)}
    for end in set(range(len(content))) - whole:
        cut = fault(content[:end])
        assert cut.reason == ("shard_truncated" if end > 3 else "shard_unreadable")
        assert cut.offset == end


def test_a_damaged_zstd_frame_is_a_fault() -> None:
    tar = tar_bytes(MEMBERS)
    frame = bytearray(zstd_bytes(tar[BLOCK:]))
    frame[6] |= 0b110  # the type of the first block is the reserved one
    assert fault(zstd_bytes(tar[:BLOCK]) + bytes(frame)).reason == "shard_damaged"
    assert fault(bytes(frame)).reason == "shard_unreadable"
    assert fault(zstd_bytes(b"no tar" * 100)).reason == "shard_unreadable"


def test_a_zstd_frame_of_a_large_window_is_refused_before_memory_is_taken() -> None:
    content = bytearray(zstd_bytes(tar_bytes(MEMBERS)))
    assert not content[4] & 0x20  # the header states a window
    content[5] = 17 << 3  # 128 MiB
    assert len(read(bytes(content))) == len(MEMBERS)
    content[5] += 1
    refused = fault(bytes(content))
    assert (refused.reason, refused.offset) == ("shard_window_too_large", 0)
    later = zstd_bytes(tar_bytes(MEMBERS)[:BLOCK]) + bytes(content)
    assert fault(later).reason == "shard_damaged"


def test_a_frame_of_zeros_is_read_in_little_memory() -> None:
    members = [("0.mp4", bytes(64 << 20)), ("1.jpg", b"x")]
    content = zstd_bytes(tar_bytes(members))
    assert len(content) < 100_000
    before, pool = pa.total_allocated_bytes(), pa.default_memory_pool()
    tracemalloc.start()
    try:
        assert [sample.fault for sample in samples(content)] == ["image_missing", ""]
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert pool.bytes_allocated() - before < 16 << 20


def test_a_tar_gzipped_after_it_was_cut_is_a_fault() -> None:
    after_zeros = 3 * BLOCK + BLOCK + BLOCK + 3 * BLOCK  # between members 1.jpg and folder/…
    plain = tar_bytes(MEMBERS)
    assert plain[after_zeros - 1024 : after_zeros] == bytes(1024)
    assert fault(gzip.compress(plain[:after_zeros])).reason == "shard_truncated"


@pytest.mark.parametrize("member", range(1, 4))
def test_a_damaged_header_does_not_end_the_tar(member: int) -> None:
    content = bytearray(tar_bytes([(f"{index}.jpg", b"x") for index in range(4)]))
    content[member * 2 * BLOCK] ^= 1
    assert fault(bytes(content)).reason == "shard_damaged"


@given(
    st.sampled_from([bytes, gzip.compress, zstd_bytes]),
    st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_damaged_bytes_raise_only_shard_faults(
    compress: Callable[[bytes], bytes], changes: list[tuple[int, int]]
) -> None:
    content = bytearray(compress(tar_bytes(MEMBERS)))
    for place, value in changes:
        content[place % len(content)] = value
    with suppress(ShardFault):
        read(bytes(content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "shard_unreadable"),
        (b"<html>not found</html>" * 100, "shard_unreadable"),
        (gzip.compress(b"no tar" * 100, mtime=0), "shard_unreadable"),
        (tar_bytes(MEMBERS) + b"more", "shard_damaged"),
        (tar_bytes(MEMBERS) * 2, "shard_damaged"),
        (tar_bytes(MEMBERS, gzipped=True) + b"more", "shard_damaged"),
        (tar_bytes(MEMBERS, gzipped=True) * 2, "shard_damaged"),
        (zstd_bytes(tar_bytes(MEMBERS)) + b"more", "shard_damaged"),
        (zstd_bytes(tar_bytes(MEMBERS)) + bytes(10), "shard_damaged"),
        (zstd_bytes(tar_bytes(MEMBERS)) * 2, "shard_damaged"),
    ],
)
def test_other_data_and_appended_data_are_faults(content: bytes, reason: str) -> None:
    assert fault(content).reason == reason


def test_samples_before_the_cut_are_yielded_first() -> None:
    stream = CountedStream(io.BytesIO(tar_bytes(MEMBERS)[: 9 * BLOCK]))
    read_samples = read_tar(stream, reads())
    assert next(read_samples).key == "0"
    with pytest.raises(ShardFault):
        list(read_samples)


def test_storage_errors_are_not_shard_faults() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        list(read_tar(CountedStream(Failing()), reads()))


def test_a_storage_error_within_a_zstd_frame_is_no_shard_fault() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 6:
                raise OSError(5, "Input/output error")
            return super().read(min(size or 0, 6))

    with pytest.raises(OSError, match="Input/output") as caught:
        list(read_tar(CountedStream(Failing(zstd_bytes(tar_bytes(MEMBERS)))), reads()))
    assert caught.value.errno == 5


def test_the_layout_of_img2dataset() -> None:
    fields = {"url": "https://example.com/0", "caption": "a star", "status": "success", "width": 9}
    members = [
        ("000000000.jpg", b"x"),
        ("000000000.json", json.dumps(fields, indent=4).encode()),
        ("000000000.txt", b"a star"),
    ]
    (sample,) = samples(tar_bytes(members), "txt", "json")
    assert sample.key == "000000000"
    parsed: dict[str, Any] = {}
    sources = ["txt", "json:caption", "json:url", "json:width"]
    found = [find_value(sample.fields, FieldSource.parse(source), parsed) for source in sources]
    values = [as_text(value) for value in found]
    assert values == ["a star", "a star", "https://example.com/0", "9"]


@pytest.mark.parametrize(
    ("image", "text", "fault"),
    [(2, 3, ""), (1, 3, "image_too_large"), (2, 2, "text_too_large")],
)
def test_only_requested_members_within_the_limits_are_read(
    image: int, text: int, fault: str
) -> None:
    members = [("0.jpg", b"12"), ("0.txt", b"123"), ("0.mp4", b"1"), ("1.JPG", b"1")]
    content = tar_bytes(members)
    first, second = samples(content, "txt", max_image_bytes=image, max_text_bytes=text)
    assert first.fault == fault
    assert first.fields == ({} if fault else {"jpg": b"12", "txt": b"123"})
    assert (second.fault, second.image) == ("", b"1")


def test_a_sample_of_too_many_members_is_reported_and_not_stored() -> None:
    members = [(f"0.{number}", b"x" * 100) for number in range(9_999)]
    content = tar_bytes([*members, ("0.jpg", b"x"), ("1.jpg", b"next")])
    fields = [str(number) for number in range(10_000)]
    first, second = samples(content, *fields, max_members=9_999)
    assert (first.fault, first.fields, second.fault) == ("members_too_many", {}, "")
    assert samples(content, *fields, max_members=10_000)[0].fault == ""


def test_a_repeated_member_is_reported_even_at_the_limit_of_members() -> None:
    content = tar_bytes([("0.jpg", b"x"), ("0.txt", b"a"), ("0.txt", b"b"), ("1.jpg", b"next")])
    first, second = samples(content, "txt", max_members=2)
    assert (first.fault, first.fields, second.fault) == ("member_repeated", {}, "")


def extended(kind: bytes, content: bytes) -> bytes:
    """Return an extended header with this content."""
    return of_type("x", kind, len(content)) + content + bytes(-len(content) % BLOCK)


@pytest.mark.parametrize(
    "header",
    [
        extended(tarfile.GNUTYPE_LONGNAME, b"/" * 1_000_000),
        extended(tarfile.XHDTYPE, b"5 a=\n" * 200_000),
    ],
    ids=["a name", "records"],
)
def test_a_long_header_is_read_in_linear_time(header: bytes) -> None:
    """Quadratic time in the length of these headers would be hours."""
    (sample,) = samples(header + tar_bytes([("0", b"x"), ("1.jpg", b"x")]))
    assert (sample.key, sample.fault) == ("1", "")


def test_unused_records_of_global_headers_are_not_kept_in_memory() -> None:
    def header(number: int) -> bytes:
        return extended(tarfile.XGLTYPE, b"900015 key%03d=%s\n" % (number, b"x" * 900_000))

    content = b"".join(map(header, range(20))) + tar_bytes([("0.jpg", b"x")])
    tracemalloc.start()
    try:
        assert len(samples(content)) == 1
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_sparse_member_that_claims_a_terabyte_is_not_read() -> None:
    """A GNU sparse file states its full size without storing that many bytes."""
    header = bytearray(of_type("0.jpg", tarfile.GNUTYPE_SPARSE))
    header[483:495] = tarfile.itn(1 << 33, 12, tarfile.GNU_FORMAT)  # the full size of the file
    header[482] = 1  # another extended header follows
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    further = bytes(504) + b"\1" + bytes(7) + bytes(512)
    (sample, following) = samples(bytes(header) + further + tar_bytes([("1.jpg", b"x")]))
    assert (sample.fault, following.fault) == ("member_not_a_file", "")


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_an_extended_header_of_any_size_is_not_read_into_memory(kind: bytes) -> None:
    small = of_type("0.jpg", tarfile.REGTYPE)
    shard_fault = fault(small + of_type("x", kind, 1 << 33) + bytes(4096))
    assert (shard_fault.reason, shard_fault.offset) == ("shard_damaged", 2 * BLOCK)


@pytest.mark.parametrize(
    "records",
    [
        b"x path=a\n",
        b"9 path\n\n\n",
        b"99 path=a\n",
        b"0 path=a\n",
        b"11 size=ab\n",
        b"11 size=-9\n",
    ],
)
def test_damaged_records_of_an_extended_header_are_a_fault(records: bytes) -> None:
    header = of_type("x", tarfile.XHDTYPE, len(records))
    content = header + records.ljust(BLOCK, b"\0") + tar_bytes([("0.jpg", b"x")])
    assert fault(content).reason == "shard_damaged"


STEREO: Sequence[Member] = [
    ("7.left.jpg", b"left"),
    ("7.right.JPG", b"right"),
    ("7.cls", b"3"),
    ("8.LEFT.JPG", b"next"),
    ("9.right.jpg", b"alone"),
]


def test_the_job_names_the_image_of_several_by_its_compound_extension() -> None:
    first, second, third = samples(tar_bytes(STEREO), "cls", image="Left.jpg")
    assert (first.key, first.image) == ("7", b"left")
    assert first.fields == {"left.jpg": b"left", "cls": b"3"}
    assert (second.image, third.fault) == (b"next", "image_missing")
    others = samples(tar_bytes(STEREO), image="right.jpg")
    assert [sample.image for sample in others] == [b"right", b"", b"alone"]


def test_a_compound_extension_is_the_image_if_no_other_member_may_be() -> None:
    assert [(each.image, each.fault) for each in samples(tar_bytes(STEREO))] == [
        (b"", "image_several"),
        (b"next", ""),
        (b"alone", ""),
    ]
    with_mask = [("0.seg.png", b"mask"), ("0.jpg", b"x"), ("0.depth.png", b"depth")]
    for order in itertools.permutations(with_mask):
        (sample,) = samples(tar_bytes(order))
        assert (sample.image, sample.fields) == (b"x", {"jpg": b"x"})


def test_the_image_may_have_any_extension_that_the_job_names() -> None:
    (sample,) = samples(tar_bytes([("0.img", b"x"), ("0.jpg", b"thumbnail")]), image="img")
    assert (sample.image, sample.fault) == (b"x", "")


def test_a_large_mask_beside_the_image_is_no_fault() -> None:
    members = [("0.jpg", b"12"), ("0.seg.png", b"123"), ("1.seg.png", b"123"), ("2.jpg", b"12")]
    faults = [each.fault for each in samples(tar_bytes(members), max_image_bytes=2)]
    assert faults == ["", "image_too_large", ""]


def test_images_that_are_not_the_samples_are_not_kept_in_memory() -> None:
    members = [(f"0.{number}.jpg", bytes(1 << 20)) for number in range(50)]
    content = tar_bytes([*members, ("0.jpg", b"x")])
    tracemalloc.start()
    try:
        assert samples(content)[0].image == b"x"
        assert tracemalloc.get_traced_memory()[1] < 5 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("extension", ["jfif", "JPE", "left.jfif"])
def test_rare_extensions_of_jpeg_are_images(extension: str) -> None:
    (sample,) = samples(tar_bytes([(f"0.{extension}", b"x")]))
    assert (sample.image, sample.fault) == (b"x", "")


def test_members_that_macos_adds_belong_to_no_sample() -> None:
    """`._0.txt` would split sample 0 in two, and `._1.jpg` would be its second image."""
    plain: list[Member] = [("0.jpg", b"x"), ("0.txt", b"a"), ("d/1.jpg", b"y"), ("d/1.txt", b"b")]
    added: list[Member] = [
        ("._0.jpg", b"attributes"), plain[0], ("._0.txt", b"attributes"), plain[1],
        (".DS_Store", b""), ("d/.DS_Store", b""), ("d/._1.jpg", b""), plain[2], plain[3],
        ("__MACOSX/d/1.jpg", b""), ("x/__MACOSX/._0.jpg", b""),
    ]  # fmt: skip
    expected = samples(tar_bytes(plain), "txt")
    found = samples(tar_bytes(added), "txt")
    assert [each.left_out for each in found] == [5, 2]
    for sample in found:
        sample.left_out = 0
    assert found == expected


def test_names_that_only_resemble_those_of_macos_are_read() -> None:
    names = ["_0.jpg", "__MACOSX.jpg", "a/__macosx/0.jpg", "x.DS_Store.jpg", "a._b/0.jpg"]
    assert [each.left_out for each in samples(tar_bytes((name, b"x") for name in names))] == [0] * 5
