"""Servers of object stores, one of each kind for all tests, and new buckets for each test.

Tests of this folder need the servers, except those over the local file system.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import object_servers
from support.object_servers import FOREIGN, ObjectServer
from support.ray_session import ray_session as started

SERVERS = ("moto", "seaweedfs", "gcs", "azurite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        call = getattr(item, "callspec", None)
        is_local = call is not None and "local" in call.params.values()
        if item.path.is_relative_to(os.path.dirname(__file__)) and not is_local:
            item.add_marker(pytest.mark.stores)


@pytest.fixture(scope="session")
def moto() -> Iterator[ObjectServer]:
    """S3 as moto serves it."""
    with object_servers.moto() as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[ObjectServer]:
    """S3 as SeaweedFS serves it."""
    with object_servers.seaweedfs() as server:
        yield server


@pytest.fixture(scope="session")
def gcs(moto: ObjectServer) -> Iterator[ObjectServer]:
    """Google Cloud Storage's interface, before moto."""
    with tempfile.TemporaryDirectory() as folder, object_servers.gcs(moto, Path(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def azurite() -> Iterator[ObjectServer]:
    """Azure's store of blobs, as Azurite serves it."""
    if not object_servers.has_azurite():
        pytest.skip("NOT TESTED: Azurite is not installed, for npm was missing: install Node.js")
    with object_servers.azurite() as server:
        yield server


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ObjectServer:
    """Each kind of server in turn, which this process and its children reach."""
    server: ObjectServer = request.getfixturevalue(request.param)
    use(server, monkeypatch=monkeypatch)
    return server


@pytest.fixture
def bucket(server: ObjectServer) -> str:
    """The URL of an empty bucket on each kind of server."""
    return server.new_bucket()


@pytest.fixture(params=("local", *SERVERS))
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty folder of this machine, and an empty bucket on each kind of server."""
    if request.param == "local":
        return str(tmp_path / "root")
    server: ObjectServer = request.getfixturevalue(request.param)
    use(server, monkeypatch=monkeypatch)
    return server.new_bucket()


@pytest.fixture
def s3_bucket(moto: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket, which this process and its children reach."""
    use(moto, monkeypatch=monkeypatch)
    return moto.new_bucket()


@pytest.fixture
def ray_session(moto: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Ray session whose workers reach moto."""
    use(moto, monkeypatch=monkeypatch)
    with started():
        yield


def use(*servers: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process and its children reach these servers, and no others."""
    for name in list(os.environ):
        if name.startswith(FOREIGN) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for server in servers:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)


def use_wrong_keys(server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process and its children reach a server with keys that the server refuses."""
    use(server, monkeypatch=monkeypatch)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")
