"""Steps that are captured say what they would have said, whatever has been captured before."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.fx.experimental.proxy_tensor import make_fx

from inference.engines.decode_steps import Replay
from inference.engines.fast import FastEngine
from inference.engines.shape_buckets import ShapeBuckets
from inference.families.loaded_model import DecodeOutput
from schemas.generation import Generation, Request

IMAGES = np.random.default_rng(3).integers(0, 256, (6, 56, 56, 3), dtype=np.uint8)
PROMPTS = ("caption en", "ocr", "detect red circle ; blue square", "answer en how many?")


class Traced:
    """Stands in for CUDA graphs: operations are recorded on the tensors they were done on.

    What is done again is what was recorded: no line of the work runs, no tensor is another.
    """

    def __init__(self) -> None:
        self.captured = self.replayed = 0

    def __call__(self, work: Replay) -> Replay:
        self.captured += 1
        recorded = make_fx(lambda: tuple(work()))()

        def again() -> DecodeOutput:
            self.replayed += 1
            return DecodeOutput(*recorded())

        return again


@pytest.fixture(scope="module")
def engines(
    checkpoint: Callable[..., Path], engine: Callable[..., Any]
) -> Mapping[int, tuple[Traced, FastEngine, FastEngine]]:
    """By generation: what captures, the engine it captures for, and one like it that does not."""
    found = {}
    for generation in (1, 2):
        captured, plain = (engine(checkpoint(generation), batch_size=2, kind="fast") for _ in "ab")
        traced = Traced()
        captured._graphs = lambda traced=traced: traced
        captured._buckets = plain._buckets = ShapeBuckets(steps=3, rows=4, columns=32)
        found[generation] = traced, captured, plain
    return found


@settings(deadline=None, max_examples=12, derandomize=True)
@given(
    generation=st.sampled_from([1, 2]),
    asked=st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(PROMPTS), st.integers(1, 30)), max_size=14
    ),
)
def test_what_is_captured_says_the_same(
    engines: Mapping[int, tuple[Traced, FastEngine, FastEngine]],
    generation: int,
    asked: Sequence[tuple[int, str, int]],
) -> None:
    _, captured, plain = engines[generation]
    block = [Request(IMAGES[image], ((prompt, limit),)) for image, prompt, limit in asked]
    found: list[tuple[Generation, ...]] = captured.generate(block)
    assert found == plain.generate(block)


def test_each_shape_is_captured_once(
    engines: Mapping[int, tuple[Traced, FastEngine, FastEngine]],
) -> None:
    traced, captured, _ = engines[2]
    block = [Request(image, tuple((prompt, 25) for prompt in PROMPTS)) for image in IMAGES]
    captured.generate(block)
    before, replayed = traced.captured, traced.replayed
    captured.generate(block)
    assert traced.captured == before
    assert traced.replayed > replayed


@given(
    columns=st.integers(1, 10_000), more=st.integers(0, 5_000), each=st.sampled_from([1, 32, 64])
)
def test_what_is_seen_holds_what_is_needed_and_takes_few_shapes(
    columns: int, more: int, each: int
) -> None:
    buckets = ShapeBuckets(steps=1, rows=1, columns=each)
    assert columns <= buckets.padded_columns(columns) < columns + max(each, columns / 7)
    assert buckets.padded_columns(columns) <= buckets.padded_columns(
        columns + more
    )  # so room for more holds it
    assert len({buckets.padded_columns(n) for n in range(512, 1024)}) <= 16


def test_what_is_seen_does_not_depend_on_the_room_there_is(
    checkpoint: Callable[..., Path], engine: Callable[..., Any]
) -> None:
    """Nor do bytes, then: a block before this one may have asked for longer answers."""
    small, large = (engine(checkpoint(2), batch_size=2, kind="fast") for _ in "ab")
    block = [Request(image, tuple((prompt, 25) for prompt in PROMPTS)) for image in IMAGES]
    large.generate([Request(IMAGES[0], (("ocr", 200),))])
    assert large.generate(block) == small.generate(block)
    assert large._decode_state.cache.capacity > small._decode_state.cache.capacity
