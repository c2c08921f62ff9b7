"""One contract for all storages: the local file system and each kind of object store."""

import io
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from stores.conftest import use, use_wrong_keys
from support.object_servers import ObjectServer
from support.object_servers import request as put

from pipelines.storage.resolve import AnyStorage
from schemas.errors import JobError

STORAGE = AnyStorage()

NAMES = [
    "with space/and  two.tar",
    "plus+and%20percent%.tar",
    "ümläut-日本語-🦆.tar",
    "question?mark#hash&and=equals.tar",
    "quote'and\"double.tar",
    "[brackets]{braces}*star.tar",
    "colon:semi;comma,at@tilde~caret^pipe|.tar",
    ".hidden/..dots...",
    "<xml>&amp;.tar",
    "nfd-e\u0301.tar",
    "trailing space ",
    "-dash",
]


def names(root: str, folder: str = "", recursive: bool = True) -> list[str]:
    listing = STORAGE.list(f"{root}/{folder}".rstrip("/"), recursive)
    return [entry.path.removeprefix(f"{root}/") for entry in listing]


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_written_file_is_read_as_it_was_written(root: str, size: int) -> None:
    path, content = f"{root}/folder/a.bin", bytes(range(256)) * (size // 256 + 1)
    STORAGE.write_bytes(path, b"an earlier content")
    STORAGE.write_bytes(path, content[:size])
    assert STORAGE.read_bytes(path) == content[:size]
    entry = STORAGE.entry(path)
    assert entry is not None
    assert (entry.path, entry.size, entry.is_file) == (path, size, True)
    assert list(STORAGE.list(root)) == [entry]


def test_a_large_file_is_written_in_parts_and_read_from_anywhere(root: str) -> None:
    path, content = f"{root}/large.bin", bytes(range(256)) * (21 << 12)  # 21 MiB
    STORAGE.write(path, io.BytesIO(content))
    with STORAGE.open(path) as stream:
        assert stream.read(10) == content[:10]
        assert stream.seek(-7, io.SEEK_END) == len(content) - 7
        assert stream.read() == content[-7:]
        assert stream.read(5) == b""
        assert stream.seek(1 << 20) == stream.tell() == 1 << 20
        pieces = iter(lambda: stream.read(300_001), b"")
        assert b"".join(pieces) == content[1 << 20 :]
        stream.seek(3)
        target = bytearray(70_000)
        assert stream.readinto(target) > 0  # type: ignore[attr-defined]
        assert bytes(target[:100]) == content[3:103]
        assert stream.seek(len(content) + 5) == len(content) + 5
        assert stream.read(1) == b""
        with pytest.raises((ValueError, OSError)):
            stream.seek(-1)
    assert STORAGE.read_bytes(path) == content


@pytest.mark.parametrize("size", [1000, 20 << 20])
def test_a_source_that_reads_fewer_bytes_than_asked_is_written_whole(root: str, size: int) -> None:
    class Slow(io.BytesIO):
        def read(self, count: int | None = -1) -> bytes:
            return super().read(min(size // 3, size if count is None or count < 0 else count))

    content = bytes(range(256)) * (size // 256)
    STORAGE.write(f"{root}/a", Slow(content))
    assert STORAGE.read_bytes(f"{root}/a") == content


@pytest.mark.parametrize("size", [1000, 12 << 20])
def test_a_failing_write_leaves_the_earlier_file(root: str, size: int) -> None:
    class Breaking(io.BytesIO):
        def read(self, count: int | None = -1) -> bytes:
            if self.tell() >= size // 2:
                raise OSError(28, "No space left on device")
            return super().read(min(size // 4, size if count is None or count < 0 else count))

    path = f"{root}/a"
    STORAGE.write_bytes(path, b"whole")
    with pytest.raises(OSError, match="No space"):
        STORAGE.write(path, Breaking(bytes(size)))
    assert STORAGE.read_bytes(path) == b"whole"
    assert names(root) == ["a"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_kept_as_they_are(root: str, name: str) -> None:
    STORAGE.write_bytes(f"{root}/{name}", b"content")
    assert names(root) == [name]
    assert STORAGE.read_bytes(f"{root}/{name}") == b"content"
    (entry,) = STORAGE.list(root)
    assert STORAGE.entry(entry.path) == entry
    STORAGE.delete(entry.path)
    assert names(root) == []


def test_a_listing_is_sorted_and_knows_folders(root: str) -> None:
    written = ["b", "a/c", "0.b", "a/b/d", "aa/y", "a/é", "a/Z", "a/z"]
    for name in written:
        STORAGE.write_bytes(f"{root}/{name}", name.encode())
    assert names(root) == sorted(written)
    sizes = [entry.size for entry in STORAGE.list(root)]
    assert sizes == [len(name.encode()) for name in sorted(written)]
    assert names(root, recursive=False) == ["0.b", "b"]
    assert names(root, "a") == ["a/Z", "a/b/d", "a/c", "a/z", "a/é"]
    assert names(root, "a/") == names(root, "a")
    assert names(root, "a", recursive=False) == ["a/Z", "a/c", "a/z", "a/é"]
    STORAGE.write_bytes(f"{root}/a-/x", b"")  # sorted before a/Z, but by SeaweedFS
    assert set(names(root)) == {*written, "a-/x"}
    assert names(root, "a") == ["a/Z", "a/b/d", "a/c", "a/z", "a/é"]
    assert names(root, "a/c") == names(root, "missing") == names(root, "a/b/d/e") == []


def test_a_version_is_that_of_the_content(root: str) -> None:
    path, versions = f"{root}/a", []
    for content in (b"1", b"22", b"33"):
        STORAGE.write_bytes(path, content)
        (listed,) = STORAGE.list(root)
        assert STORAGE.entry(path) == listed
        versions.append(listed.version)
    assert len(set(versions)) == 3


def test_what_is_missing_is_not_found(root: str) -> None:
    STORAGE.write_bytes(f"{root}/there/file", b"")
    for name in ("a", "there/fil", "there/file/below"):
        assert STORAGE.entry(f"{root}/{name}") is None
        with pytest.raises((FileNotFoundError, NotADirectoryError)):
            STORAGE.open(f"{root}/{name}").read()
    STORAGE.delete(f"{root}/a")
    STORAGE.delete(f"{root}/there/file")
    STORAGE.delete(f"{root}/there/file")
    assert STORAGE.entry(f"{root}/there/file") is None


def test_of_many_that_create_a_file_exactly_one_succeeds(root: str) -> None:
    keys = [f"{root}/claims/{number}" for number in range(5)]
    ready = threading.Barrier(16)

    def create(number: int) -> list[str]:
        ready.wait()
        return [path for path in keys if succeeds(path, b"writer %d" % number)]

    def succeeds(path: str, content: bytes) -> bool:
        try:
            STORAGE.create(path, content)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        won = list(threads.map(create, range(16)))
    assert sorted(path for paths in won for path in paths) == keys
    for number, paths in enumerate(won):
        assert {STORAGE.read_bytes(path) for path in paths} <= {b"writer %d" % number}


def test_a_created_file_is_never_replaced_by_creating(root: str) -> None:
    STORAGE.create(f"{root}/a", b"")
    STORAGE.write_bytes(f"{root}/b", b"written")
    for name in ("a", "b"):
        with pytest.raises(FileExistsError):
            STORAGE.create(f"{root}/{name}", b"another")
    assert (STORAGE.read_bytes(f"{root}/a"), STORAGE.read_bytes(f"{root}/b")) == (b"", b"written")
    STORAGE.delete(f"{root}/a")
    STORAGE.create(f"{root}/a", b"again")
    assert STORAGE.read_bytes(f"{root}/a") == b"again"


def test_threads_share_a_storage_that_was_pickled(root: str) -> None:
    storage = pickle.loads(pickle.dumps(STORAGE))  # noqa: S301 - from the same line

    def write_and_read(number: int) -> bytes:
        storage.write_bytes(f"{root}/{number}", b"%d" % number * 10_000)
        content: bytes = storage.read_bytes(f"{root}/{number}")
        return content

    with ThreadPoolExecutor(8) as threads:
        contents = list(threads.map(write_and_read, range(24)))
    assert contents == [b"%d" % number * 10_000 for number in range(24)]


def test_an_opened_object_is_read_in_one_version(bucket: str) -> None:
    path, content = f"{bucket}/a", bytes(range(256)) * (24 << 12)
    STORAGE.write_bytes(path, content)
    (entry,) = STORAGE.list(bucket)
    with STORAGE.open(path) as opened, STORAGE.open(path, entry.version) as pinned:
        opened.seek(1 << 20)
        assert opened.read(100) == content[:100]
        STORAGE.write_bytes(path, content[::-1])
        opened.seek(20 << 20)
        for stream in (opened, pinned):
            with pytest.raises(OSError, match="replaced") as error:
                stream.read(30 << 20)
            assert error.value.filename == path
    with STORAGE.open(path) as stream:
        assert stream.read(100) == content[::-1][:100]


@pytest.mark.parametrize("size", [0, 1000, 17 << 20])  # the last one in parts
def test_writing_tells_the_version_that_a_listing_shows(root: str, size: int) -> None:
    version = STORAGE.write(f"{root}/a", io.BytesIO(bytes(size)))
    (listed,) = STORAGE.list(root)
    assert listed.version == version
    assert STORAGE.entry(f"{root}/a") == listed
    assert STORAGE.write(f"{root}/a", io.BytesIO(b"other")) != version


def test_a_missing_bucket_is_named(server: ObjectServer) -> None:
    missing = f"{server.scheme}://no-such-bucket"
    operations: list[Callable[[], Any]] = [
        lambda: list(STORAGE.list(missing)),
        lambda: list(STORAGE.list(f"{missing}/a", recursive=False)),
        lambda: STORAGE.read_bytes(f"{missing}/a"),
        lambda: STORAGE.write_bytes(f"{missing}/a", b""),
        lambda: STORAGE.create(f"{missing}/a", b""),
    ]
    for operation in operations:
        with pytest.raises((FileNotFoundError, JobError), match="no such") as error:
            operation()
        assert missing in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["seaweedfs", "gcs", "azurite"])  # moto accepts every key
@pytest.mark.parametrize("operation", ["list", "entry", "read", "write", "create"])
def test_access_that_is_denied_says_so(
    kind: str,
    operation: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server: ObjectServer = request.getfixturevalue(kind)
    use_wrong_keys(server, monkeypatch)
    bucket = "gs://denied-bucket" if kind == "gcs" else server.new_bucket()
    operations: dict[str, Callable[[], Any]] = {
        "list": lambda: list(STORAGE.list(bucket)),
        "entry": lambda: STORAGE.entry(f"{bucket}/a"),
        "read": lambda: STORAGE.read_bytes(f"{bucket}/a"),
        "write": lambda: STORAGE.write_bytes(f"{bucket}/a", b""),
        "create": lambda: STORAGE.create(f"{bucket}/a", b""),
    }
    with pytest.raises(PermissionError, match="check the credentials") as error:
        operations[operation]()
    assert "\n" not in str(error.value)


KEYS = [f"{number:05}" for number in range(2500)]


@pytest.fixture(scope="module")
def long_bucket(moto: ObjectServer) -> str:
    """The name of a bucket of moto, and so of the front of GCS, that holds `KEYS`."""
    name = moto.new_bucket().removeprefix("s3://")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda key: put("PUT", f"{moto.url}/{name}/{key}", b""), KEYS))
    return name


@pytest.mark.parametrize("kind", ["moto", "gcs", "seaweedfs"])  # Azure has pages of 5,000
def test_a_long_listing_comes_page_by_page(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: ObjectServer = request.getfixturevalue(kind)
    use(server, monkeypatch=monkeypatch)
    if kind == "seaweedfs":
        bucket = server.new_bucket()
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda key: STORAGE.write_bytes(f"{bucket}/{key}", b""), KEYS))
    else:
        bucket = f"{server.scheme}://{request.getfixturevalue('long_bucket')}"
    listing = STORAGE.list(bucket)
    listed = [next(listing).path]
    STORAGE.delete(f"{bucket}/{KEYS[-1]}")  # which the first page of 1,000 does not show
    listed += [entry.path for entry in listing]
    STORAGE.write_bytes(f"{bucket}/{KEYS[-1]}", b"")
    assert [path.removeprefix(f"{bucket}/") for path in listed] == KEYS[:-1]


@pytest.mark.parametrize("name", ["a//b", "a\nb", "a/../b", "a/./b", "a\x01b"])
def test_names_that_stores_refuse_are_refused_in_one_line(s3_bucket: str, name: str) -> None:
    for operation in (STORAGE.read_bytes, STORAGE.entry, lambda p: STORAGE.write_bytes(p, b"")):
        with pytest.raises((OSError, JobError)) as error:
            operation(f"{s3_bucket}/{name}")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["moto", "seaweedfs"])
def test_an_object_with_an_empty_part_in_its_name_is_named_or_listed(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SeaweedFS lists folder by folder, and writes it without the empty part."""
    server: ObjectServer = request.getfixturevalue(kind)
    use(server, monkeypatch=monkeypatch)
    bucket = server.new_bucket()
    STORAGE.write_bytes(f"{bucket}/d/a", b"")
    put("PUT", f"{server.url}/{bucket.removeprefix('s3://')}/d//b", b"")
    for recursive in (True, False):
        if kind == "seaweedfs":
            listed = [entry.path for entry in STORAGE.list(f"{bucket}/d", recursive)]
            assert listed == [f"{bucket}/d/a", f"{bucket}/d/b"]
            continue
        with pytest.raises(JobError, match="has an object with the name 'd//"):
            list(STORAGE.list(f"{bucket}/d", recursive))
