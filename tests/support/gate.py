"""A filter that lets some batches through and then waits, so that a run is stopped at work."""

import os
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Literal

from filters import TextFilter
from filters.base import Judge
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, keep

STOP_SECONDS = 200  # more than cleaning up takes on any machine
_NUMBERS = count()  # of the batches of this process


class GateFilter(TextFilter):
    """Keeps every text; after `passed` batches of a process, each batch waits for an open gate."""

    kind: str = "gate"
    applies_to: Literal["source", "generated", "both"] = "source"
    passed: int
    folder: str

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        folder = Path(self.folder)
        if next(_NUMBERS) >= self.passed and not (folder / "open").exists():
            (folder / str(os.getpid())).touch()
            while not (folder / "open").exists():
                time.sleep(0.01)
        return [keep() for _ in items]


class Gate:
    """A gate in a folder, which is open at first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self.open()

    def filter(self, passed: int) -> dict[str, Any]:
        """Return the filter of a job that waits here after `passed` batches of each process."""
        kind = f"{GateFilter.__module__}:{GateFilter.__name__}"
        return {"kind": kind, "passed": passed, "folder": str(self._folder)}

    def open(self) -> None:
        """Let all go on, now and later."""
        (self._folder / "open").touch()

    def close(self) -> None:
        """Let processes wait from now on, and forget those that have waited."""
        for file in self._folder.iterdir():
            file.unlink()

    @property
    def waiting(self) -> set[int]:
        """The ids of the processes that have come to the closed gate."""
        return {int(file.name) for file in self._folder.iterdir() if file.name != "open"}
