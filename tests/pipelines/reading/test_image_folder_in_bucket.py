"""Tests that the images of a folder in a bucket are fetched ahead, in order, in one version."""

import threading
from typing import BinaryIO

import pytest
from support.bucket_in_memory import BucketInMemory

from pipelines.config.input import Input
from pipelines.planning.shards import find_shards
from pipelines.reading import RawSample, open_unit
from schemas.errors import ShardFault

FOLDER = "s3://corpus/images"
CONFIG = Input(shards=f"{FOLDER}/", text="txt")


def bucket(images: int) -> BucketInMemory:
    return BucketInMemory(
        {
            f"{FOLDER}/{number}.{extension}": f"{number}.{extension}".encode()
            for number in range(images)
            for extension in ("jpg", "txt")
        }
    )


def samples(storage: BucketInMemory) -> list[RawSample]:
    (unit,) = find_shards([f"{FOLDER}/"], storage)
    with open_unit(unit, storage, CONFIG) as opened:
        read = list(opened)
        assert opened.bytes_read == unit.size
    return read


def test_objects_are_fetched_several_at_a_time_and_come_in_order() -> None:
    together = threading.Barrier(8)

    class Slow(BucketInMemory):
        def open(self, path: str, version: str = "") -> BinaryIO:
            together.wait(60)  # until eight are being opened
            return super().open(path, version)

    read = samples(Slow(bucket(20).objects))
    assert [sample.key for sample in read] == [str(number) for number in range(20)]
    assert [sample.image for sample in read] == [f"{number}.jpg".encode() for number in range(20)]
    assert [sample.fields["txt"] for sample in read] == [b"%d.txt" % n for n in range(20)]


def test_each_object_is_opened_once_in_its_listed_version() -> None:
    opened: list[tuple[str, str]] = []

    class Recording(BucketInMemory):
        def open(self, path: str, version: str = "") -> BinaryIO:
            opened.append((path, version))
            return super().open(path, version)

    samples(Recording(bucket(20).objects))
    assert sorted(opened) == sorted((path, "1") for path in bucket(20).objects)


@pytest.mark.parametrize("how", ["replaced", "deleted"])
def test_an_object_that_changes_during_the_pass_fails_the_unit(how: str) -> None:
    storage = bucket(100)
    (unit,) = find_shards([f"{FOLDER}/"], storage)
    with open_unit(unit, storage, CONFIG) as opened:
        read = iter(opened)
        assert next(read).key == "0"
        if how == "replaced":
            storage.replace(f"{FOLDER}/99.jpg", b"99.JPG")
        else:
            del storage.objects[f"{FOLDER}/99.jpg"]
        with pytest.raises(ShardFault, match="shard_changed"):
            list(read)
