"""Measures metrics on made-up rows: CPU seconds, and the peak of memory.

    python -m benchmarks.evaluation.metrics --rows 1000000 --metric cider
    python -m benchmarks.evaluation.metrics --rows 1000000 --metric vqa
    python -m benchmarks.evaluation.metrics --rows 4 --metric wer --words 10000

Captions have about ten words of a vocabulary of 20,000 with Zipf's frequencies, and five
references; questions have ten answers. Rows are made as they are read, and making them is counted
apart.
"""

import time
from collections.abc import Iterator
from itertools import islice

import numpy as np
import typer

from inference.benchmarking.peak_memory import peak_memory
from pipelines.evaluation.intervals import bootstrap
from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.metric import Scored

_AT_ONCE = 20_000  # rows
_VOCABULARY = np.array([f"word{number}" for number in range(20_000)])


def rows_of(rows: int, references: int, words: int) -> Iterator[Scored]:
    """Yield rows with texts of up to twice as many words; each second reference is alike."""
    generator = np.random.default_rng(0)
    for start in range(0, rows, _AT_ONCE):
        number = min(_AT_ONCE, rows - start)
        ranks = generator.zipf(1.2, (number, references + 1, 2 * words)) % len(_VOCABULARY)
        ranks[:, 2::2] = ranks[:, :1]
        lengths = generator.integers(1, 2 * words, (number, references + 1), endpoint=True)
        for texts, sizes in zip(_VOCABULARY[ranks], lengths, strict=True):
            made = [" ".join(text[:size]) for text, size in zip(texts, sizes, strict=True)]
            yield Scored(made[0], tuple(made[1:]))


def main(rows: int = 100_000, metric: str = "cider", words: int | None = None) -> None:
    """Score made-up rows and print the result with its interval, and the cost."""
    wanted = METRICS[metric]
    references, few = (10, 1) if metric == "vqa" else (5, 10)
    words = few if words is None else words
    started = time.process_time()
    for _ in rows_of(rows, references, words):
        pass
    making = time.process_time() - started
    started = time.process_time()
    passes = 2 if wanted.reads_references_first else 1
    ready = wanted.prepared(row.references for row in rows_of(rows, references, words))
    rest = rows_of(rows, references, words)
    parts = []
    while chunk := list(islice(rest, _AT_ONCE)):
        parts.append(ready.statistics(chunk))
    scoring = time.process_time() - started - passes * making
    peak = peak_memory() >> 20
    started = time.process_time()
    interval = bootstrap(ready, np.concatenate(parts))[wanted.results[0]]
    drawing = time.process_time() - started
    print(f"{metric} {interval.value:.4f} [{interval.low:.4f}, {interval.high:.4f}]")
    print(f"{scoring:.0f} CPU-s for {rows:,} rows, peak of {peak:,} MiB")
    print(f"{drawing:.0f} CPU-s for the interval")


if __name__ == "__main__":
    typer.run(main)
