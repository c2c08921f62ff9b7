"""A Ray session for a file, and a small S3 server for all, because a process keeps its clients."""

from collections.abc import Iterator

import pytest
from support.ray_session import ray_session as started
from support.small_s3 import SmallS3, run_small_s3


@pytest.fixture(scope="module")
def ray_session() -> Iterator[None]:
    """A Ray session on this machine, which ends with the file: a process can have only one."""
    with started():
        yield


@pytest.fixture(scope="session")
def _one_small_s3() -> Iterator[SmallS3]:
    with run_small_s3() as server:
        yield server


@pytest.fixture
def small_s3(_one_small_s3: SmallS3, monkeypatch: pytest.MonkeyPatch) -> SmallS3:
    """An S3 server with empty buckets, which the environment names."""
    for name, value in _one_small_s3.environment.items():
        monkeypatch.setenv(name, value)
    _one_small_s3.reset()
    return _one_small_s3
