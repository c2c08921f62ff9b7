"""What an engine does in a second here, on images of noise with answers cut at drawn lengths."""

import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np
import torch

from inference import Model, load_engine, resolve_checkpoint
from inference.benchmarking.roofline import Lengths, Rates, least_seconds, measured_rates
from schemas.generation import Generation, Request
from schemas.resources import Resources

_SEED = 0


class Kind(NamedTuple):
    """A kind of answer: its prompt, and between which lengths its answers are cut."""

    prompt: str
    shortest: int  # tokens, inclusive
    longest: int


# Lengths are those of captions, print and boxes as PaliGemma's mix checkpoints give them, about.
KINDS: Mapping[str, Kind] = {
    "caption": Kind("caption en", 7, 17),
    "ocr": Kind("ocr", 1, 80),
    "detect": Kind("detect person ; car", 6, 30),
    "segment": Kind("segment person", 22, 44),
    "answer": Kind("answer en how many people are there?", 1, 3),
}


class Rate(NamedTuple):
    """What was measured with blocks of one size."""

    block_size: int
    images: int
    seconds: float
    tokens: int  # generated, end tokens with them
    memory: int  # bytes: the GPU's most allocated, or the process's most resident, until then
    least: float  # seconds that the device needs at its measured rates of products and copies

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds

    @property
    def share(self) -> float:
        """Of the roofline."""
        return self.least / self.seconds

    def hours(self, images: int, devices: int) -> float:
        """Projected for so many images on so many devices like this one."""
        return images / self.images_per_second / devices / 3600


def bench(
    model: Model, kinds: Sequence[str], block_sizes: Sequence[int], images: int, on: Resources
) -> Iterator[Rate]:
    """A rate for each size of block, after a block that is not measured; `images` are asked about.

    Without sizes, blocks are as large as the engine would have them. The answers a checkpoint ends
    earlier are shorter.
    """
    engine: Any = load_engine(model, resolve_checkpoint(model), on)
    rates = measured_rates(on.device, engine.model.dtype)
    random = Random(_SEED)
    noise = np.random.default_rng(_SEED)
    shape = (images, engine.image_spec.side, engine.image_spec.side, 3)
    pixels = noise.integers(0, 256, shape, dtype=np.uint8)
    drawn = [Request(each, prompts(kinds, random)) for each in pixels]
    for size in block_sizes or [engine.block_size]:
        engine.generate(drawn[:size])
        if torch.device(on.device).type == "cuda":
            torch.cuda.reset_peak_memory_stats(on.device)
        started = time.perf_counter()
        answers = [
            row
            for start in range(0, images, size)
            for row in engine.generate(drawn[start : start + size])
        ]
        seconds = time.perf_counter() - started
        yield _rate(engine, drawn, answers, size, seconds, rates, on.device)


def prompts(kinds: Sequence[str], random: Random) -> tuple[tuple[str, int], ...]:
    """A prompt of each kind, with the length its answer is cut at."""
    chosen = [KINDS[kind] for kind in kinds]
    return tuple((kind.prompt, random.randint(kind.shortest, kind.longest)) for kind in chosen)


def _rate(  # noqa: PLR0917
    engine: Any,
    asked: Sequence[Request],
    answers: Sequence[Sequence[Generation]],
    block_size: int,
    seconds: float,
    rates: Rates,
    device: str,
) -> Rate:
    lengths = [
        Lengths(engine.prompt_length(prompt), len(answer.tokens) + (answer.finish_reason == "stop"))
        for request, row in zip(asked, answers, strict=True)
        for (prompt, _), answer in zip(request.prompts, row, strict=True)
    ]
    return Rate(
        block_size=block_size,
        images=len(asked),
        seconds=seconds,
        tokens=sum(each.answer for each in lengths),
        memory=_memory(device),
        least=least_seconds(engine.model, len(asked), lengths, engine.rows, rates),
    )


def _memory(device: str) -> int:
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
