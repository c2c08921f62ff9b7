"""Runs the command line, in which the filter text_quality waits until a test opens a gate.

    GATE=FOLDER GATE_AFTER=N python -m support.gated_shardmill ARGUMENTS

The filter judges N batches, writes the file FOLDER/waiting-TASK-RESTARTS, with the numbers of
Slurm, and waits for the file FOLDER/open, until it is interrupted. Without FOLDER, nothing waits.
"""

import os
import threading
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import shardmill
from filters.texts.text_quality import TextQuality
from pipelines.concurrency.interruption import on_interruption
from schemas.sample import Text
from schemas.verdict import Verdict

_GATE = Path(os.environ["GATE"])
_AFTER = int(os.environ["GATE_AFTER"])
_LONGEST = 1800  # seconds, after which a test that was killed is forgotten
_NUMBERS = count()
_interrupted = threading.Event()
_judge = TextQuality.judge


def _judge_behind_gate(self: TextQuality, items: Sequence[Text]) -> list[Verdict]:
    if next(_NUMBERS) >= _AFTER and _GATE.is_dir():
        task = os.environ.get("SLURM_ARRAY_TASK_ID", "0")
        (_GATE / f"waiting-{task}-{os.environ.get('SLURM_RESTART_COUNT', '0')}").touch()
        end = time.monotonic() + _LONGEST
        while _GATE.is_dir() and not (_GATE / "open").exists() and time.monotonic() < end:
            if _interrupted.wait(0.02):
                break
    return _judge(self, items)


if __name__ == "__main__":
    on_interruption(_interrupted.set)
    TextQuality.judge = _judge_behind_gate  # type: ignore[method-assign]
    shardmill.main()
