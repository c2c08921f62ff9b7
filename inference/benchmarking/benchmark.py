"""Measures an engine's rate on this machine: images of noise, answers cut at random lengths."""

import time
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np
import torch

from inference import Model, load_engine, resolve_checkpoint
from inference.benchmarking.peak_memory import peak_memory
from inference.benchmarking.roofline import Lengths, Rates, least_seconds, measured_rates
from inference.engines.base import batches
from inference.families.family import ModelFamily
from inference.tasks.intents import (
    AnswerQuestion,
    DescribeImage,
    Intent,
    LocateObjects,
    ReadText,
)
from schemas.generation import Generation, Request
from schemas.resources import Resources

_SEED = 0


class Kind(NamedTuple):
    """An intent, and the range of lengths to which its answers are cut."""

    intent: Intent
    shortest: int  # tokens, inclusive
    longest: int


# The lengths that mix checkpoints give such answers, approximately.
KINDS: Mapping[str, Kind] = {
    "caption": Kind(DescribeImage("short", "en"), 7, 17),
    "ocr": Kind(ReadText(), 1, 80),
    "detect": Kind(LocateObjects(("person", "car")), 6, 30),
    "segment": Kind(LocateObjects(("person",), masks=True), 22, 44),
    "answer": Kind(AnswerQuestion("how many people are there?", "en"), 1, 3),
}


class Rate(NamedTuple):
    """The measurement for one block size."""

    block_size: int
    images: int
    seconds: float
    tokens: int  # generated, end tokens included
    memory: int  # peak bytes so far: allocated on the GPU, or resident in the process
    least: float  # seconds that the roofline allows at the device's measured rates

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds

    @property
    def roofline_share(self) -> float:
        """The share of the roofline's speed that was reached, 0 to 1."""
        return self.least / self.seconds

    def hours(self, images: int, devices: int) -> float:
        """Project the hours for `images` images on `devices` devices like this one."""
        return images / self.images_per_second / devices / 3600


def bench(
    model: Model,
    kinds: Sequence[str],
    block_sizes: Sequence[int],
    images: int,
    resources: Resources,
) -> Iterator[Rate]:
    """Yield the rate over `images` images for each block size, after one block as a warm-up.

    Without block sizes, the engine's own block size is measured. An answer is shorter than its
    drawn length if the checkpoint ends it earlier.
    """
    checkpoint = resolve_checkpoint(model, fetch=resources.fetch)
    engine: Any = load_engine(model, checkpoint, resources)
    rates = measured_rates(resources.device, engine.model.dtype)
    random = Random(_SEED)
    noise = np.random.default_rng(_SEED)
    shape = (images, engine.image_spec.side, engine.image_spec.side, 3)
    pixels = noise.integers(0, 256, shape, dtype=np.uint8)
    requests = [Request((image,), prompts(kinds, random, engine.family)) for image in pixels]
    for block_size in block_sizes or [engine.block_size]:
        engine.generate(requests[:block_size])
        if torch.device(resources.device).type == "cuda":
            torch.cuda.reset_peak_memory_stats(resources.device)
        started = time.perf_counter()
        answers = [row for block in batches(requests, block_size) for row in engine.generate(block)]
        seconds = time.perf_counter() - started
        yield _rate(engine, requests, answers, block_size, seconds, rates, resources.device)


def prompts(
    kinds: Sequence[str], random: Random, family: ModelFamily
) -> tuple[tuple[str, int], ...]:
    """Draw one prompt of each kind, with the length to which its answer is cut."""
    chosen = [KINDS[kind] for kind in kinds]
    return tuple(
        (family.prompt(kind.intent), random.randint(kind.shortest, kind.longest)) for kind in chosen
    )


def _rate(  # noqa: PLR0917
    engine: Any,
    requests: Sequence[Request],
    answers: Sequence[Sequence[Generation]],
    block_size: int,
    seconds: float,
    rates: Rates,
    device: str,
) -> Rate:
    lengths = [
        Lengths(engine.prompt_length(prompt), len(answer.tokens) + (answer.finish_reason == "stop"))
        for request, row in zip(requests, answers, strict=True)
        for (prompt, _), answer in zip(request.prompts, row, strict=True)
    ]
    return Rate(
        block_size=block_size,
        images=len(requests),
        seconds=seconds,
        tokens=sum(length.answer for length in lengths),
        memory=_peak_memory(device),
        least=least_seconds(engine.workload(), len(requests), lengths, engine.max_rows, rates),
    )


def _peak_memory(device: str) -> int:
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return peak_memory()
