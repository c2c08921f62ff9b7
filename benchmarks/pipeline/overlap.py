"""Measures the gain of handling the answers to a block while the engine works on the next one.

    python -m benchmarks.pipeline.overlap [--samples 512] [--turns 9] [--milliseconds 4] \\
        [--busy 0.25]

The engine is a stand-in that needs no GPU. It takes `--milliseconds` an image: for a share of them
(`--busy`) it computes in Python, like a loop that launches GPU kernels; for the rest it waits and
releases the interpreter lock, like a thread that waits for a GPU. Everything else is the pass as a
worker runs it. The answers are two captions of about 15 words an image. They are judged by the four
rule filters, which hold the interpreter lock, or by a stand-in for a classifier, which waits for a
millisecond a text.

Each pass runs in turn with the answers handled in a background thread, and with the answers handled
in the engine's thread. Prints medians of images per second, with the extremes in brackets, and the
ratio of both rates within a turn.
"""

import random
import tempfile
import time
import zlib
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.filters.text_filters import KINDS, caption
from benchmarks.pipeline.pass_over_shards.photographs import photographs, write_shard
from benchmarks.pipeline.pass_over_shards.shardmill_pass import resolved
from benchmarks.turns import by_turns, spread
from filters import TextFilter
from filters.base import Judge
from inference.families import FAMILIES
from pipelines.annotation.annotator import Annotator
from pipelines.concurrency.background import BackgroundWorker
from pipelines.config.job import Job
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.storage.local import LocalStorage
from schemas.generation import Generation, ImageSpec, Request, Token
from schemas.resources import Resources
from schemas.sample import Text, Unit
from schemas.verdict import Verdict, keep

SIDE = 64  # pixels of the photographs and model images: small, so that preprocessing is fast
TASKS = 2  # captions per image
WAYS = {"in turn": False, "in background": True}  # -> whether a thread handles answers
_STEP = 0.01  # seconds in which the engine first computes and then waits: one token of all rows
_OPERATION = 0.00005  # seconds of computing, after which the lock is released
_LARGE = bytes(6000)  # bytes; computing their CRC releases the interpreter lock, as torch does
_SECONDS_A_TEXT = 0.001  # for the stand-in of a classifier
_CAPTIONS = 1024


class WaitingEngine:
    """Returns prepared captions after a given time per image."""

    family = FAMILIES["paligemma"]
    image_spec = ImageSpec(SIDE)
    oom_retries = 0

    def __init__(self, seconds: float, busy: float) -> None:
        self._seconds, self._busy = seconds, busy  # per image; share of them spent computing
        generator = random.Random(0)
        texts = [caption(generator) for _ in range(_CAPTIONS)]
        tokens = [tuple(Token(0, word, -0.5) for word in text.split()) for text in texts]
        self._captions = [Generation(*pair) for pair in zip(tokens, texts, strict=True)]
        self._next = count()

    def generate(self, block: Sequence[Request], /) -> list[tuple[Generation, ...]]:
        for _ in range(round(len(block) * self._seconds / _STEP)):
            for _ in range(round(self._busy * _STEP / _OPERATION)):
                done = time.thread_time() + _OPERATION
                while time.thread_time() < done:
                    pass
                zlib.crc32(_LARGE)
            time.sleep((1 - self._busy) * _STEP)
        return [tuple(self._caption() for _ in request.prompts) for request in block]

    def _caption(self) -> Generation:
        return self._captions[next(self._next) % _CAPTIONS]


class WaitingFilter(TextFilter):
    """Keeps everything, after the time that a classifier on a separate device would take."""

    kind: str = "waiting"

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        time.sleep(_SECONDS_A_TEXT * len(items))
        return [keep()] * len(items)


FILTERS: dict[str, Sequence[object]] = {
    "by rules": [{"kind": kind, "applies_to": "generated"} for kind in KINDS],
    "classifier": [WaitingFilter(applies_to="generated")],
}


def main(
    samples: Annotated[int, typer.Option(min=1)] = 512,
    turns: Annotated[int, typer.Option(min=1)] = 9,
    milliseconds: Annotated[float, typer.Option(min=0, help="Of the engine, an image.")] = 4,
    busy: Annotated[float, typer.Option(min=0, max=1, help="Share in the interpreter.")] = 0.25,
    block_size: Annotated[int, typer.Option(min=1)] = 64,
) -> None:
    """Print rates and ratios."""
    table = Table("filters on the answers", *WAYS, "ratio", box=box.MARKDOWN)
    engine = WaitingEngine(milliseconds / 1000, busy)
    with tempfile.TemporaryDirectory() as folder:
        shard = write_shard(Path(folder) / "a.tar", photographs(64, (SIDE, SIDE)), samples)
        for name, filters in FILTERS.items():
            with patch("pipelines.annotation.loaded_job.load_engine", lambda *_: engine):
                work = _work(shard, filters, block_size)
                annotator = Annotator(work, LocalStorage(), decode_threads=1)
            passes = {way: partial(_seconds, annotator, shard, samples, way) for way in WAYS}
            rates: dict[str, list[float]] = {way: [] for way in WAYS}
            for way, _, seconds in by_turns(passes, turns):
                rates[way].append(samples / seconds)
            ratios = [
                background / in_turn for in_turn, background in zip(*rates.values(), strict=True)
            ]
            table.add_row(
                name, *(spread(values, 1) for values in rates.values()), spread(ratios, 2)
            )
            annotator.close()
    Console().print(table)


def _seconds(annotator: Annotator, shard: Path, samples: int, way: str) -> float:
    """Return the seconds of a pass over the shard; filters and engine are already loaded."""
    with patch(
        "pipelines.annotation.annotator.BackgroundWorker",
        lambda name, in_thread: BackgroundWorker(name, in_thread=WAYS[way]),
    ):
        report = annotator.annotate(Unit("a", str(shard), shard.name, shard.stat().st_size, ""))
    assert report.counts.kept == samples, report
    return report.seconds


def _work(shard: Path, filters: Sequence[object], block_size: int) -> ResolvedJob:
    tasks = {f"caption_{number}": {"kind": "caption"} for number in range(TASKS)}
    job: dict[str, Any] = {
        "name": "overlap",
        "input": {"shards": str(shard)},
        "filters": filters,
        "model": {"checkpoint": "none", "block_size": block_size},
        "tasks": tasks,
        "output": str(shard.parent / "output"),
    }
    return resolved(Job.model_validate(job), SIDE)


if __name__ == "__main__":
    typer.run(main)
