"""Hash lists: matches, other images, and malformed lists, which are errors."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import HashList
from filters.images.hash_entries import SIZES
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, keep

KNOWN = b"an image's bytes"
MD5, SHA1, SHA256 = (hashlib.new(name, KNOWN).hexdigest() for name in ("md5", "sha1", "sha256"))
PDQ = "a5" * 32
HEADER = "algorithm,hash,source,label"


def listed(folder: Path, *lines: str, header: str = HEADER) -> HashList:
    path = folder / "list.csv"
    path.write_text("\n".join((header, *lines)), encoding="utf-8")
    return HashList(path=str(path))


def judged(stage: HashList, resources: Resources, *images: bytes) -> list[Verdict]:
    stage.check(resources)
    samples = [Sample("s", 0, {}, image, 0, 0) for image in images]
    return list(stage.load(resources).judge(samples))


@pytest.mark.parametrize(
    "line",
    [
        f"md5,{MD5},partner,known",
        f"sha1,{SHA1},,",
        f"sha256,{SHA256},partner,known",
        f"SHA-256,{SHA256.upper()},partner,known",
        f" sha256 , {SHA256}\t,partner,known",
        f'"sha256","{SHA256}","a, b","two\nlines"',
        f"sha256,{SHA256},partner,known\r",
        f"\nsha256,{SHA256},partner,known\n\n",
        f"pdq,{PDQ},partner,known\nmd5,{MD5},partner,known",
    ],
)
def test_only_the_identical_file_matches_and_only_the_reason_is_stored(
    tmp_path: Path, resources: Resources, line: str
) -> None:
    verdicts = judged(listed(tmp_path, line), resources, KNOWN, KNOWN + b"\0", b"")
    assert verdicts == [drop("hash_listed"), keep(), keep()]
    assert (verdicts[0].scores, verdicts[0].counts) == ({}, {})


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("Hash,Algorithm", f"{MD5},md5"),
        ("\ufeffalgorithm,hash", f"md5,{MD5}"),
        ("id,label,hash,algorithm", f"1,x,{MD5},md5"),
    ],
)
def test_columns_are_found_by_name(
    tmp_path: Path, resources: Resources, header: str, line: str
) -> None:
    assert judged(listed(tmp_path, line, header=header), resources, KNOWN) == [drop("hash_listed")]


def test_other_columns_may_be_in_another_encoding(tmp_path: Path, resources: Resources) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(f"algorithm,hash,label\nmd5,{MD5},".encode() + "café\n".encode("latin-1"))
    assert judged(HashList(path=str(path)), resources, KNOWN) == [drop("hash_listed")]


def test_only_listed_algorithms_are_computed(
    tmp_path: Path, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = listed(tmp_path, f"sha1,{SHA1},,").load(resources)
    computed: list[str] = []
    real = hashlib.new

    def noted(name: str, content: bytes, **more: bool) -> object:
        computed.append(name)
        return real(name, content, **more)

    monkeypatch.setattr(hashlib, "new", noted)
    judge.judge([Sample("s", 0, {}, KNOWN, 0, 0)])
    assert computed == ["sha1"]


@pytest.mark.parametrize(
    ("lines", "header", "message"),
    [
        ([], HEADER, "lists no hash by md5 or sha1 or sha256: fill it"),
        ([], "", "line 1 of .* is no header with the columns algorithm and hash"),
        ([f"md5,{MD5},,"], f"md5,{MD5},,", "line 1 of .* is no header"),
        ([f"pdq,{PDQ},,"], HEADER, "lists no hash by md5 or sha1 or sha256"),
        ([f"md5,{MD5},,", f"md5,{MD5[:-1]},,"], HEADER, "line 3 of .* other than 32 hexadec"),
        ([f"md5,{MD5}0,,"], HEADER, "line 2 of .* other than 32 hexadecimal digits"),
        ([f"sha256,{MD5},,"], HEADER, "line 2 of .* other than 64 hexadecimal digits"),
        ([f"md5,{MD5[:-1]}g,,"], HEADER, "line 2 of .* other than 32 hexadecimal digits"),
        ([f"md5,{MD5[:15]}  {MD5[17:]},,"], HEADER, "line 2 of .* other than 32 hexadecimal"),
        (["md5,,,"], HEADER, "line 2 of .* other than 32 hexadecimal digits"),
        ([f"crc32,{MD5},,"], HEADER, "line 2 of .* an algorithm other than md5, sha1, sha256"),
        ([f",{MD5},,"], HEADER, "line 2 of .* an algorithm other than md5"),
        ([f"md5,{MD5}"], HEADER, "line 2 of .* has 2 columns, and the header 4"),
        (["", "", f"md5,{MD5},,,"], HEADER, "line 4 of .* has 5 columns, and the header 4"),
        ([f'md5,"{MD5}'], HEADER, "line 2 of .* is no CSV"),
    ],
)
def test_lists_fail_closed_and_no_error_quotes_an_entry(
    tmp_path: Path, resources: Resources, lines: Sequence[str], header: str, message: str
) -> None:
    stage = listed(tmp_path, *lines, header=header)
    for attempt in (stage.check, stage.load):
        with pytest.raises(JobError, match=f"^path: .*{message}") as caught:
            attempt(resources)
        assert MD5[:15] not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_missing_list_fails_closed(tmp_path: Path, resources: Resources) -> None:
    stage = HashList(path=str(tmp_path / "none.csv"))
    for attempt in (stage.check, stage.load):
        with pytest.raises(JobError, match=r"^path: .*none.csv cannot be read: No such file"):
            attempt(resources)


def test_loaded_hashes_are_in_no_repr(tmp_path: Path, resources: Resources) -> None:
    judge = listed(tmp_path, f"md5,{MD5},,").load(resources)
    assert repr(bytes.fromhex(MD5))[2:8] not in repr(judge)


@given(st.lists(st.binary(min_size=1, max_size=3), min_size=1, unique=True), st.data())
def test_exactly_the_listed_files_match(
    tmp_path_factory: pytest.TempPathFactory,
    resources: Resources,
    images: list[bytes],
    data: st.DataObject,
) -> None:
    some = data.draw(st.lists(st.sampled_from(images), min_size=1))
    lines = [
        f"{name},{hashlib.new(name, image).hexdigest()},,"
        for image in some
        for name in [data.draw(st.sampled_from(["md5", "sha1", "sha256"]))]
    ]
    stage = listed(tmp_path_factory.mktemp("lists"), *lines)
    verdicts = judged(stage, resources, *images)
    assert [verdict.action == "drop" for verdict in verdicts] == [image in some for image in images]


@given(st.lists(st.lists(st.sampled_from([0, 1, 255]), min_size=16, max_size=16), min_size=1))
def test_digests_that_begin_or_end_with_zeros_are_distinguished(digests: list[list[int]]) -> None:
    from filters.images.hash_list import _sorted

    listed = _sorted(bytearray(b"".join(map(bytes, digests))), SIZES["md5"])
    assert len(listed) == len(digests)
    assert {bytes(each).ljust(16, b"\0") for each in listed} == {bytes(each) for each in digests}
