"""Answers in float32 are the same, up to what rounding may change."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Protocol

import pytest
import torch

from schemas.generation import Generation, Request
from schemas.sample import RGB

# Log-probabilities of the small checkpoints in float32. A product in float32 is exact for weights
# that differ by as many units (2^-24 of themselves) as its sums have terms or, since errors cancel,
# by about the root of that: 8 to 16 units here. Weights moved by one unit at random move
# log-probabilities by 3e-5, by 64 units, the width, by 2e-3. Seen: 6e-5 from float64. A mistake
# moves them by more than 1e-2: test_every_trap_would_change_the_answers.
CLOSE = 1e-3

Answers = Sequence[Sequence[Generation]]
Allowed = Callable[[Sequence[int]], torch.Tensor]  # after these tokens: bool [vocabulary]


class Exact(Protocol):
    """Log-probabilities of all tokens after an answer's: support.plain_forward."""

    @property
    def end(self) -> int: ...

    def __call__(self, image: RGB, prompt: str, answer: Sequence[int], /) -> torch.Tensor: ...


def assert_same(
    block: Sequence[Request],
    found: Answers,
    expected: Answers,
    exact: Exact,
    allowed: Allowed | None = None,
) -> None:
    """Tokens are equal up to a tie: two tokens of which rounding decides which is likelier.

    That it is one, `exact` shows, among the `allowed` tokens.
    """
    assert [len(row) for row in found] == [len(request.prompts) for request in block]
    assert [len(row) for row in expected] == [len(row) for row in found]
    for request, row, others in zip(block, found, expected, strict=True):
        for (prompt, _), one, other in zip(request.prompts, row, others, strict=True):
            tokens = _common(one, other)
            step = len(tokens)
            for both in zip(one.tokens[:step], other.tokens[:step], strict=True):
                assert both[0].text == both[1].text
                assert both[0].logprob == pytest.approx(both[1].logprob, abs=CLOSE)
            if len(one.tokens) == len(other.tokens) == step:
                assert (one.text, one.finish_reason) == (other.text, other.finish_reason)
                continue
            logprobs = exact(request.image, prompt, tokens)[-1]
            if allowed is not None:
                logprobs = logprobs.where(allowed(tokens), -torch.inf)
            for answer in (one, other):
                after = answer.tokens[step].id if len(answer.tokens) > step else exact.end
                assert logprobs[after] >= logprobs.max() - 2 * CLOSE, (prompt, step)


def median_error(block: Sequence[Request], answers: Answers, exact: Exact) -> float:
    """How far the log-probabilities of an answer's tokens typically are from the exact ones."""
    errors = []
    for request, row in zip(block, answers, strict=True):
        for (prompt, _), answer in zip(request.prompts, row, strict=True):
            logprobs = exact(request.image, prompt, [token.id for token in answer.tokens])
            errors += [
                abs(float(at[token.id]) - token.logprob)
                for at, token in zip(logprobs, answer.tokens, strict=False)
            ]
    return median(errors)


def _common(one: Generation, other: Generation) -> list[int]:
    """The tokens that both begin with."""
    tokens = []
    for first, second in zip(one.tokens, other.tokens, strict=False):
        if first.id != second.id:
            break
        tokens.append(first.id)
    return tokens
