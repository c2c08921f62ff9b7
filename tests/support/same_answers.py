"""Compares answers computed in float32, and allows the differences that rounding makes."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Protocol

import pytest
import torch

from schemas.generation import Generation, Request
from schemas.sample import RGB

# The largest difference between log-probabilities of the small checkpoints in float32. A matrix
# product in float32 equals an exact one with weights changed by at most one unit (2^-24 of the
# weight) for each term of its sums, usually by the square root of that: 8 to 16 units here. A
# random change of all weights by 1 unit changes log-probabilities by up to 3e-5, by 64 units (the
# model's width) by 2e-3. Measured against float64: 6e-5. Mistakes change them by more than 1e-2, as
# test_every_trap_would_change_the_answers shows.
CLOSE = 1e-3

Answers = Sequence[Sequence[Generation]]
Allowed = Callable[[Sequence[int]], torch.Tensor]  # after these tokens: bool [vocabulary]


class Exact(Protocol):
    """Computes the log-probabilities of all tokens after an answer, like PlainForward."""

    @property
    def end(self) -> int: ...

    def __call__(
        self, images: Sequence[RGB], prompt: str, answer: Sequence[int], /
    ) -> torch.Tensor: ...


def assert_same(
    block: Sequence[Request],
    generated: Answers,
    expected: Answers,
    exact: Exact,
    allowed: Allowed | None = None,
) -> None:
    """Assert that tokens are equal and log-probabilities close, up to the first tie of an answer.

    At a tie, rounding decides which of two tokens is likelier. Where tokens differ, `exact` must
    show a tie: both are as likely as the likeliest of the `allowed` tokens, within rounding.
    """
    assert [len(row) for row in generated] == [len(request.prompts) for request in block]
    assert [len(row) for row in expected] == [len(row) for row in generated]
    for request, row, others in zip(block, generated, expected, strict=True):
        for (prompt, _), one, other in zip(request.prompts, row, others, strict=True):
            tokens = _common(one, other)
            step = len(tokens)
            for both in zip(one.tokens[:step], other.tokens[:step], strict=True):
                assert both[0].text == both[1].text
                assert both[0].logprob == pytest.approx(both[1].logprob, abs=CLOSE)
            if len(one.tokens) == len(other.tokens) == step:
                assert (one.text, one.finish_reason) == (other.text, other.finish_reason)
                continue
            logprobs = exact(request.images, prompt, tokens)[-1]
            if allowed is not None:
                logprobs = logprobs.where(allowed(tokens), -torch.inf)
            for answer in (one, other):
                after = answer.tokens[step].id if len(answer.tokens) > step else exact.end
                assert logprobs[after] >= logprobs.max() - 2 * CLOSE, (prompt, step)


def median_error(block: Sequence[Request], answers: Answers, exact: Exact) -> float:
    """Return the median error of the tokens' log-probabilities."""
    errors = []
    for request, row in zip(block, answers, strict=True):
        for (prompt, _), answer in zip(request.prompts, row, strict=True):
            logprobs = exact(request.images, prompt, [token.id for token in answer.tokens])
            errors += [
                abs(float(at[token.id]) - token.logprob)
                for at, token in zip(logprobs, answer.tokens, strict=False)
            ]
    return median(errors)


def _common(one: Generation, other: Generation) -> list[int]:
    """Return the tokens with which both answers begin."""
    tokens = []
    for first, second in zip(one.tokens, other.tokens, strict=False):
        if first.id != second.id:
            break
        tokens.append(first.id)
    return tokens
