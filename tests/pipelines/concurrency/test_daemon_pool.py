"""DaemonPool runs tasks in order, and a hung task does not block interpreter exit."""

import subprocess
import sys
import threading

import pytest

from pipelines.concurrency.daemon_pool import DaemonPool


def test_tasks_run_in_order_and_futures_hold_their_exceptions() -> None:
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
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ending")]


def test_a_hung_task_does_not_block_interpreter_exit() -> None:
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
    assert subprocess.run([sys.executable, "-c", program], check=True).returncode == 0
