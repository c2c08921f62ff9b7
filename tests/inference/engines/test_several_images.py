"""Prompts about several images: both engines, as the checkpoint's own processor asks them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_forward import PlainForward
from support.same_answers import CLOSE, assert_same

from schemas.generation import Generation, Request
from schemas.sample import RGB

RANDOM = np.random.default_rng(19)
IMAGES: tuple[RGB, ...] = tuple(RANDOM.integers(0, 256, (4, 56, 56, 3), dtype=np.uint8))
SEQUENCES = ((0,), (1,), (0, 1), (1, 0), (2, 2), (3, 1, 2), (0, 1, 2, 3, 0))
PROMPTS = ("caption en", "answer en both images show the same thing")
LIMIT = 9

Exact = Callable[[Path], PlainForward]
Engines = Mapping[tuple[str, int], Any]


@pytest.fixture(scope="module")
def engines(
    checkpoint: Callable[..., Path], engine: Callable[..., Any], generation: int
) -> Engines:
    """Engines by kind and batch size."""
    return {
        (kind, size): engine(checkpoint(generation), batch_size=size, kind=kind)
        for kind, size in (("reference", 16), ("reference", 2), ("fast", 1), ("fast", 4))
    }


def request_of(numbers: tuple[int, ...], prompts: tuple[tuple[str, int], ...]) -> Request:
    return Request(tuple(IMAGES[number] for number in numbers), prompts)


BLOCK = [request_of(each, tuple((prompt, LIMIT) for prompt in PROMPTS)) for each in SEQUENCES]


@pytest.fixture(scope="module")
def expected(engines: Engines) -> Mapping[tuple[int, ...], Mapping[str, Generation]]:
    """The reference's answers, by the numbers of the images and the prompt."""
    answers = engines["reference", 16].generate(BLOCK)
    return {
        numbers: dict(zip(PROMPTS, row, strict=True))
        for numbers, row in zip(SEQUENCES, answers, strict=True)
    }


def test_answers_are_those_of_a_plain_forward_pass(
    expected: Mapping[tuple[int, ...], Mapping[str, Generation]],
    checkpoint: Callable[..., Path],
    exact: Exact,
    generation: int,
) -> None:
    plain = exact(checkpoint(generation))
    for request, row in zip(BLOCK, expected.values(), strict=True):
        for prompt, answer in row.items():
            after = plain(request.images, prompt, [token.id for token in answer.tokens])
            for at, token in zip(after, answer.tokens, strict=False):
                assert token.logprob == pytest.approx(float(at[token.id]), abs=CLOSE)


def test_the_order_of_images_matters(
    expected: Mapping[tuple[int, ...], Mapping[str, Generation]],
) -> None:
    scores = {
        numbers: [token.logprob for answer in row.values() for token in answer.tokens]
        for numbers, row in expected.items()
    }
    assert len({tuple(score) for score in scores.values()}) == len(SEQUENCES)
    assert abs(scores[0, 1][0] - scores[1, 0][0]) > CLOSE


@settings(deadline=None, max_examples=12, derandomize=True)
@given(
    block=st.lists(
        st.tuples(
            st.sampled_from(SEQUENCES), st.lists(st.sampled_from(PROMPTS), max_size=2, unique=True)
        ),
        max_size=6,
    ),
    which=st.sampled_from([("reference", 2), ("fast", 1), ("fast", 4)]),
)
def test_a_block_may_mix_numbers_of_images(  # noqa: PLR0917
    engines: Engines,
    expected: Mapping[tuple[int, ...], Mapping[str, Generation]],
    checkpoint: Callable[..., Path],
    exact: Exact,
    generation: int,
    block: list[tuple[tuple[int, ...], list[str]]],
    which: tuple[str, int],
) -> None:
    requests = [
        request_of(numbers, tuple((prompt, LIMIT) for prompt in prompts))
        for numbers, prompts in block
    ]
    answers = [[expected[numbers][prompt] for prompt in prompts] for numbers, prompts in block]
    generated = engines[which].generate(requests)
    assert_same(requests, generated, answers, exact(checkpoint(generation)))


def test_the_vision_tower_sees_each_image_once(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most `batch_size` images at a time, also where one prompt has more, or one repeated."""
    engine, sizes = engines["fast", 4], []
    vision = engine._vision_tower

    def counted(pixel_values: torch.Tensor) -> torch.Tensor:
        sizes.append(len(pixel_values))
        return vision(pixel_values)

    monkeypatch.setattr(engine, "_vision_tower", counted)
    engine.generate(BLOCK)
    assert sizes == [4, 3, 3, 4]


def test_where_memory_runs_out_a_prompt_with_many_images_is_still_answered(
    checkpoint: Callable[..., Path],
    engine: Callable[..., Any],
    exact: Exact,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = engine(checkpoint(2), batch_size=4, kind="fast")
    whole = small.generate(BLOCK)
    vision = small._vision_tower

    def fits(pixel_values: torch.Tensor) -> torch.Tensor:
        if len(pixel_values) > 1:
            raise torch.OutOfMemoryError
        return vision(pixel_values)

    monkeypatch.setattr(small, "_vision_tower", fits)
    assert_same(BLOCK, small.generate(BLOCK), whole, exact(checkpoint(2)))
    assert small.oom_retries == 2
