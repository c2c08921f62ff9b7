"""Filters that do harm to the process they run in, for tests of what becomes of it."""

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

_BARELY = 4096  # bytes: no Parquet file is that small


class Poisonous(TextFilter):
    """Does to its process what a text says."""

    kind: str = "poisonous"
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


class Ailing(TextFilter):
    """Takes disk or memory from the first process that loads it, and from no other."""

    kind: str = "ailing"
    applies_to: Literal["source", "generated", "both"] = "source"
    lacks: Literal["disk", "memory"]
    marker: str  # a file that the first process makes

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
            if self.lacks == "disk":  # writing more fails as on a full one: OSError
                resource.setrlimit(resource.RLIMIT_FSIZE, (_BARELY, _BARELY))
            else:
                bytearray(1 << 62)
        return [keep() for _ in items]


class Telling(TextFilter):
    """Harmless: leaves a file that says which GPUs its process sees."""

    kind: str = "telling"
    applies_to: Literal["source", "generated", "both"] = "source"
    folder: str

    def load(self, resources: Resources) -> Judge[Text]:
        seen = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        Path(self.folder, str(os.getpid())).write_text(seen, encoding="utf-8")
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [keep() for _ in items]
