"""Signals end work wherever they arrive, also where Python ignores exceptions."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import _thread, os, signal, sys, time, weakref
from pipelines.concurrency import interruption
from pipelines.concurrency.interruption import end_on_interruption, interruptions_raise
from schemas.errors import Terminated

number, way = int(sys.argv[1]), sys.argv[2]
signal.signal(signal.SIGINT, signal.default_int_handler)

def interrupt(*_):
    os.kill(os.getpid(), number)
    while True:  # until the handler raises here
        pass

class Slow:  # lets the first thread that repeats a signal send it before the hook has ended
    def start_new_thread(self, function, arguments):
        _thread.start_new_thread(function, arguments)
        if function is interruption._send_soon:
            interruption._thread = _thread
            time.sleep(0.5)

if way == "slow":
    interruption._thread = Slow()

class Ending:
    def __del__(self):
        if way != "weakref":
            interrupt()

end_on_interruption()
try:
    with interruptions_raise():
        ending = Ending()
        reference = weakref.ref(ending, interrupt if way == "weakref" else None)
        del ending
        time.sleep(60)
except Terminated:
    print("terminated")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")]
)
@pytest.mark.parametrize("way", ["del", "weakref", "slow"])
def test_an_interruption_is_not_lost_where_exceptions_are_ignored(
    number: signal.Signals, name: str, way: str
) -> None:
    command = [sys.executable, "-c", PROGRAM, str(int(number)), way]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{name}\n", "")
