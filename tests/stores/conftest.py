"""Servers of object stores, one of each kind for all tests, and new buckets for each test."""

import os
from collections.abc import Iterator

import pytest
from support import object_servers
from support.object_servers import FOREIGN, ObjectServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(os.path.dirname(__file__)):
            item.add_marker(pytest.mark.stores)


@pytest.fixture(scope="session")
def moto() -> Iterator[ObjectServer]:
    """S3 as moto serves it."""
    with object_servers.moto() as server:
        yield server


@pytest.fixture
def s3_bucket(moto: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket, which this process and its children reach."""
    use(moto, monkeypatch)
    return moto.new_bucket()


def use(server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process and its children reach a server, and no other one."""
    for name in list(os.environ):
        if name.startswith(FOREIGN) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
