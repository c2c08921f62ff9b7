"""The peak of memory is of the process alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from inference.benchmarking.peak_memory import peak_memory

HELD = 300 << 20  # bytes
CHILD = """
from inference.benchmarking.peak_memory import peak_memory
print(peak_memory())
held = bytearray(b"1") * (100 << 20)
del held
print(peak_memory())
"""


def test_a_peak_is_of_the_process_alone() -> None:
    held = np.ones(HELD, np.uint8)
    command = [sys.executable, "-c", CHILD]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, check=True
    )
    before, after = map(int, done.stdout.split())
    assert peak_memory() > held.nbytes > before
    assert after > before + (90 << 20)  # although it is free again
