"""Starts a Ray session of this process, for tests whose jobs run on Ray."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

Started = TypeVar("Started")
_TRIES = 3


def tried(start: Callable[[], Started]) -> Started:
    """Return what `start` returns; if it fails, call it up to two times more.

    Ray has no setting for the 30 seconds within which a node must start, also on a busy machine,
    and another process may take a port before Ray listens there.
    """
    for _ in range(_TRIES - 1):
        try:
            return start()
        except Exception as error:  # noqa: BLE001 - Ray raises no class of its own
            print(f"Ray did not start: {error}")
    return start()


@contextmanager
def ray_session() -> Iterator[None]:
    """Run Ray on two CPUs for the time of the block; the test is skipped where Ray is missing."""
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")

    def start() -> None:
        ray.shutdown()  # of a try that failed
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )

    tried(start)
    try:
        yield
    finally:
        ray.shutdown()
