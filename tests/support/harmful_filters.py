"""Filters that kill or exhaust their process, for tests of recovery."""

import os
import resource
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from filters import TextFilter
from filters.base import Judge
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, keep

_FILE_LIMIT = 4096  # bytes: every Parquet file is larger


class HarmfulFilter(TextFilter):
    """Kills or interrupts its process, or raises, if a text contains the word for it."""

    kind: str = "harmful"
    fields: ClassVar[Literal["prose", "all"]] = "prose"
    applies_to: Literal["source", "generated", "both"] = "source"

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        for item in items:
            if "kill" in item.value:
                os.kill(os.getpid(), signal.SIGKILL)
            if "exit" in item.value:
                os._exit(7)
            if "raise" in item.value:
                raise ValueError(item.value)
            if "interrupt" in item.value:
                raise KeyboardInterrupt
        return [keep() for _ in items]


class ExhaustingFilter(TextFilter):
    """Exhausts disk or memory in the first process that loads it, and in no other process."""

    kind: str = "exhausting"
    applies_to: Literal["source", "generated", "both"] = "source"
    lacks: Literal["disk", "memory"]
    marker: str  # a file that the first process creates

    def load(self, resources: Resources) -> Judge[Text]:
        try:
            Path(self.marker).touch(exist_ok=False)
        except FileExistsError:
            return self
        Path(f"{self.marker}.process").write_text(str(os.getpid()), encoding="utf-8")
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        first = Path(f"{self.marker}.process")
        if first.read_text(encoding="utf-8") == str(os.getpid()):
            if self.lacks == "disk":  # larger files fail with OSError, as on a full disk
                resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_LIMIT, _FILE_LIMIT))
            else:
                bytearray(1 << 62)
        return [keep() for _ in items]


class GpuRecordingFilter(TextFilter):
    """Writes a file with the GPUs that its process sees; then fails to load if it is `faulty`."""

    kind: str = "gpu_recording"
    applies_to: Literal["source", "generated", "both"] = "source"
    folder: str
    faulty: bool

    def load(self, resources: Resources) -> Judge[Text]:
        gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        Path(self.folder, str(os.getpid())).write_text(gpus, encoding="utf-8")
        if self.faulty:
            raise RuntimeError
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [keep() for _ in items]
