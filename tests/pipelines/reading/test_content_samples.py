"""A digest that is collected while a shard is read is the digest of the shard."""

import hashlib
from pathlib import Path
from random import Random
from typing import BinaryIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.bucket_in_memory import BucketInMemory
from support.sample_data import images_column, jpeg, pairs, parquet_bytes, tar_bytes

from pipelines.config.input import Input
from pipelines.planning.shards import find_shards, split
from pipelines.reading import open_unit
from pipelines.reading.content_samples import (
    SampledBlocks,
    digest_of_sample,
    is_of_end,
    sample_of_content,
    sample_of_file,
)
from pipelines.reading.shard_digest import has_digest
from pipelines.storage.local import LocalStorage
from schemas.errors import ShardFault
from schemas.sample import Unit

SIZES = (0, 1, 4095, 4096, 4097, 65535, 65536, 65537, 300_000)
LOCAL = LocalStorage()


class Bytes(BucketInMemory):
    """One object, whose openings are counted."""

    def __init__(self, content: bytes) -> None:
        super().__init__({"s3://bucket/a.tar": content})
        self.opened = 0

    def reopen(self) -> BinaryIO:
        self.opened += 1
        return self.open("s3://bucket/a.tar")


def documented_sample(content: bytes) -> bytes:
    """The size and 16 blocks of 4 KiB, evenly spread."""
    last = max(0, len(content) - 4096)
    starts = sorted({last * number // 15 for number in range(16)})
    blocks = [content[start : start + 4096] for start in starts]
    return b"".join([f"{len(content)}\0".encode(), *blocks])


@settings(max_examples=40)
@given(st.sampled_from(SIZES), st.integers(0, 2**32), st.sampled_from((1, 512, 5000, 70_000)))
@example(300_000, 0, 300_000)
def test_blocks_are_collected_from_reads_of_any_size(size: int, seed: int, most: int) -> None:
    random = Random(seed)
    content = random.randbytes(size)
    if most == 1:
        content = content[:9000]
    blocks, position = SampledBlocks(len(content)), 0
    while position < len(content):
        piece = content[position : position + random.randint(1, most)]
        if position + len(piece) > blocks.wanted:
            blocks.take(position, piece)
        position += len(piece)
    file = Bytes(content)
    assert blocks.sample(file.reopen) == documented_sample(content)
    assert file.opened == (1 if not content else 0)


@pytest.mark.parametrize("end", [0, 20_000, 158_000, 299_999])
def test_blocks_that_were_not_read_are_read_at_the_end(end: int) -> None:
    content = Random(1).randbytes(300_000)
    blocks = SampledBlocks(len(content))
    blocks.take(0, content[:end])
    blocks.take(end + 5000, content[end + 5000 :])  # with a gap
    file = Bytes(content)
    assert blocks.sample(file.reopen) == documented_sample(content)
    assert file.opened == 1
    assert sample_of_content(content) == documented_sample(content)


def test_a_file_that_is_shorter_than_planned_has_no_sample() -> None:
    with pytest.raises(EOFError):
        SampledBlocks(100_000).sample(Bytes(bytes(99_999)).reopen)


def read(folder: Path, pattern: str, **reading: object) -> list[tuple[Unit, str]]:
    """Read the units of shards, and return each with the digest that it would store."""
    given = Input.model_validate({"shards": f"{folder}/{pattern}", "text": "txt", **reading})
    found = []
    for unit in split(find_shards([given.shards]), given):
        with open_unit(unit, LOCAL, given) as opened:
            assert list(opened)
            found.append((unit, opened.digest()))
    return found


@pytest.mark.parametrize("gzipped", [False, True])
def test_the_digest_of_a_tar_is_collected(tmp_path: Path, gzipped: bool) -> None:
    members = [("0.jpg", jpeg(24, 24)), ("0.bin", Random(1).randbytes(200_000)), *pairs(3)]
    name = "a.tar.gz" if gzipped else "a.tar"
    (tmp_path / name).write_bytes(content := tar_bytes(members, gzipped=gzipped))
    ((_, digest),) = read(tmp_path, name)
    assert digest == hashlib.sha256(documented_sample(content)).hexdigest()


def test_every_unit_of_a_parquet_file_has_the_digest_of_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = {"image": images_column([jpeg(24, 24, n) for n in range(6)]), "txt": ["a text"] * 6}
    path.write_bytes(parquet_bytes(table, rows_per_group=2))
    units = read(tmp_path, "*.parquet", max_samples_per_file=2)
    assert len(units) == 3
    (digest,) = {digest for _, digest in units}
    assert is_of_end(digest)
    assert has_digest(str(path), "1", digest, LOCAL)
    earlier = digest_of_sample(sample_of_file(str(path), LOCAL))  # as version 0.1 stored it
    assert has_digest(str(path), "1", earlier, LOCAL)
    path.write_bytes(parquet_bytes({**table, "txt": ["a test"] * 6}, rows_per_group=2))
    assert not has_digest(str(path), "2", digest, LOCAL)
    assert not has_digest(str(path), "2", earlier, LOCAL)


def test_every_unit_of_a_folder_has_the_digest_of_the_folder(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"photos/{number}.jpg").parent.mkdir(exist_ok=True)
        (tmp_path / f"photos/{number}.jpg").write_bytes(jpeg(24, 24, number))
        (tmp_path / f"photos/{number}.txt").write_text("a text")
        (tmp_path / f"photos/{number}.json").write_text("{}")  # which the job does not read
    units = read(tmp_path, "photos/", max_samples_per_file=2)
    assert len(units) == 3
    (digest,) = {digest for _, digest in units}
    assert has_digest(f"{tmp_path}/photos/", "1", digest, LOCAL)
    (tmp_path / "photos/3.json").write_text("[]")
    assert not has_digest(f"{tmp_path}/photos/", "2", digest, LOCAL)


def test_a_shard_that_is_gone_has_no_digest(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar_bytes(pairs(3)))
    given = Input(shards=f"{tmp_path}/a.tar", text="txt")
    (unit,) = find_shards([given.shards])
    with open_unit(unit, LOCAL, given) as opened:
        next(iter(opened))
        (tmp_path / "a.tar").unlink()
        with pytest.raises(ShardFault, match="shard_missing"):
            opened.digest()
