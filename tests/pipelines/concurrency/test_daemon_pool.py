"""Threads that nobody waits for."""

import subprocess
import sys
import threading

import pytest

from pipelines.concurrency.daemon_pool import DaemonPool


def test_work_is_done_in_order_and_faults_are_handed_over() -> None:
    done: list[int] = []
    pool = DaemonPool(1, "test")
    futures = [pool.submit(done.append, number) for number in range(100)]
    fault = pool.submit(lambda: done.remove(-1))
    for future in futures:
        future.result()
    assert done == list(range(100))
    with pytest.raises(ValueError, match="not in list"):
        fault.result()
    pool.close()


def test_threads_end_when_the_pool_is_closed() -> None:
    pool = DaemonPool(3, "ending")
    pool.close()
    pool.join()
    assert not [each for each in threading.enumerate() if each.name.startswith("ending")]


def test_a_thread_that_hangs_does_not_keep_a_process_from_ending() -> None:
    program = """
import threading
from pipelines.concurrency.daemon_pool import DaemonPool
begun = threading.Event()
def hang():
    begun.set()
    threading.Event().wait()
DaemonPool(1, "hanging").submit(hang)
begun.wait()
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=True).returncode == 0
