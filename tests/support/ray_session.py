"""Starts a Ray session of this process, for tests whose jobs run on Ray."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def ray_session() -> Iterator[None]:
    """Run Ray on two CPUs for the time of the block; the test is skipped where Ray is missing."""
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    try:
        yield
    finally:
        ray.shutdown()
