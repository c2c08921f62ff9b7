"""Tests that the comparison of answers allows ties and nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from support.plain_forward import PlainForward
from support.same_answers import CLOSE, assert_same

from schemas.generation import Generation, Request, Token
from schemas.sample import RGB

IMAGE = np.zeros((2, 2, 3), np.uint8)
BLOCK = [Request((IMAGE,), (("ocr", 9),))]
END, TIED, UNLIKELY = 0, (1, 2), 3


class Table:
    """The same log-probabilities at every step."""

    end = END

    def __call__(self, image: RGB, prompt: str, answer: object) -> torch.Tensor:
        return torch.tensor([[-1.5, -1.5 + CLOSE, -1.5, -1.5 - 3 * CLOSE]], dtype=torch.float64)


def answer(*tokens: int, logprob: float = -1.5, reason: str = "length") -> Generation:
    text = "".join(map(str, tokens))
    return Generation(tuple(Token(each, str(each), logprob) for each in tokens), text, reason)  # type: ignore[arg-type]


def same(one: Generation, other: Generation, allowed: tuple[int, ...] = (0, 1, 2, 3)) -> None:
    mask = torch.tensor([token in allowed for token in range(4)])
    assert_same(BLOCK, [[one]], [[other]], Table(), lambda _: mask)


def test_equal_answers_and_ties_are_the_same() -> None:
    same(answer(1, 3, 1), answer(1, 3, 1))
    same(answer(1, logprob=-1.5), answer(1, logprob=-1.5 + 0.9 * CLOSE))
    same(answer(3, 1, 3), answer(3, 2, 2))
    same(answer(3, reason="stop"), answer(3, 2, 2))  # the end of the sequence is tied, too


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (answer(1), answer(1, logprob=-1.5 + 2 * CLOSE)),
        (answer(1, UNLIKELY), answer(1, 2)),
        (answer(1), answer(1, reason="stop")),
        (answer(UNLIKELY), answer(reason="stop")),
    ],
)
def test_other_differences_are_not(one: Generation, other: Generation) -> None:
    with pytest.raises(AssertionError):
        same(one, other)


def test_a_tie_with_a_forbidden_token_is_none() -> None:
    with pytest.raises(AssertionError):
        same(answer(1), answer(2), allowed=(0, 1, 3))


def test_exact_log_probabilities_are_of_every_step(
    checkpoint: Callable[..., Path], exact: Callable[[Path], PlainForward], generation: int
) -> None:
    """An image token in the answer is no second image."""
    image = np.random.default_rng(0).integers(0, 256, (56, 56, 3), dtype=np.uint8)
    plain = exact(checkpoint(generation))
    whole = plain((image,), "ocr", [1300, plain._processor.image_token_id, 1301])
    assert whole.exp().sum(dim=-1) == pytest.approx(torch.ones(4), abs=1e-12)
    assert plain((image,), "ocr", [1300])[1] == pytest.approx(whole[1], abs=1e-12)
