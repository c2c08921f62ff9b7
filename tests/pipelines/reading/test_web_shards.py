"""Tests that shards of web servers are read, whatever a server can do, or refused in one line."""

import io
import tarfile
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.web_server import WebServer, web_server

from pipelines.config.input import Input
from pipelines.planning.shards import find_shards
from pipelines.reading import RawSample, open_unit
from pipelines.storage.resolve import AnyStorage
from schemas.errors import JobError, ShardFault, ShardUnreachable
from schemas.units import Unit

STORAGE = AnyStorage()
KEYS = [str(number) for number in range(5)]


def tar(content: bytes = b"image") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for key in KEYS:
            member = tarfile.TarInfo(f"{key}.jpg")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"__key__": KEYS, "image": [b"image"] * len(KEYS)}), file)
    return file.getvalue()


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server({"/a.tar": tar(), "/a.parquet": parquet()}) as served:
        yield served


def find(*urls: str) -> tuple[Unit, ...]:
    return tuple(find_shards(urls, STORAGE))


def read(unit: Unit) -> list[RawSample]:
    with open_unit(unit, STORAGE, Input(shards="unused", text=None)) as opened:
        return list(opened)


@pytest.mark.parametrize(
    "habits",
    [
        {},
        {"e_tag": None},
        {"e_tag": 'W/"1"'},
        {"e_tag": None, "modified": None},
        {"heads": False},
        {"redirects": {"/old.tar": "/a.tar", "/old.parquet": "/a.parquet"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("extension", ["tar", "parquet"])
def test_shards_are_read_from_servers_of_many_habits(
    server: WebServer, extension: str, habits: dict[str, Any]
) -> None:
    for name, value in habits.items():
        setattr(server, name, value)
    name = "old" if "redirects" in habits else "a"
    (unit,) = find(f"{server.url}/{name}.{extension}")
    assert [sample.key for sample in read(unit)] == KEYS


def test_a_tar_needs_no_ranges_and_a_parquet_file_says_that_it_does(server: WebServer) -> None:
    server.ranges = False
    (unit,) = find(f"{server.url}/a.tar")
    assert len(read(unit)) == len(KEYS)
    (unit,) = find(f"{server.url}/a.parquet")
    with pytest.raises(ShardUnreachable):
        read(unit)
    with STORAGE.open(unit.path) as file:
        file.seek(-8, io.SEEK_END)
        with pytest.raises(OSError, match="Range request not supported"):
            file.read()


def test_a_server_that_tells_no_size_is_refused_in_one_line(server: WebServer) -> None:
    server.lengths = False
    with pytest.raises(JobError, match=r"a\.tar: the web server does not tell the size of the fil"):
        find(f"{server.url}/a.tar")


def test_a_tar_that_a_server_compresses_is_read(server: WebServer) -> None:
    server.compresses = True
    (unit,) = find(f"{server.url}/a.tar")
    assert len(read(unit)) == len(KEYS)


@pytest.mark.parametrize("e_tag", ['"2"', 'W/"2"', None])
@pytest.mark.parametrize("extension", ["tar", "parquet"])
def test_a_shard_that_changed_since_it_was_planned_fails(
    server: WebServer, extension: str, e_tag: str | None
) -> None:
    server.e_tag = e_tag and e_tag.replace("2", "1")
    (unit,) = find(f"{server.url}/a.{extension}")
    server.e_tag, server.modified = e_tag, "Sat, 28 Nov 2026 13:00:00 GMT"
    with pytest.raises(ShardFault):
        read(unit)


def test_names_are_written_as_in_addresses(server: WebServer) -> None:
    server.files["/a%20b.tar"] = tar()
    for name in ("a%20b.tar", "a b.tar"):
        (unit,) = find(f"{server.url}/{name}")
        assert len(read(unit)) == len(KEYS)


def test_braces_name_several_files_and_missing_ones_are_named(server: WebServer) -> None:
    server.files["/b.tar"] = tar()
    assert len(find(f"{server.url}/{{a,b}}.tar")) == 2
    with pytest.raises(JobError, match=r"/c\.tar not found"):
        find(f"{server.url}/{{a,c}}.tar")


@pytest.mark.parametrize("name", ["*.tar", "[ab].tar", "a.tar?download=1"])
def test_wildcards_are_refused_without_a_request(server: WebServer, name: str) -> None:
    with pytest.raises(JobError, match="a web server has no listing"):
        find(f"{server.url}/{name}")
    assert not server.requests
