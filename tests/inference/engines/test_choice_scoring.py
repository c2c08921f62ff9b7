"""Both engines give choices the log-probabilities of a plain forward pass, in any batches."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_forward import PlainForward
from support.same_answers import CLOSE

from inference.engines.shape_buckets import CPU_BUCKETS
from schemas.errors import WorkerFault
from schemas.generation import Generation, Request
from schemas.sample import RGB

RANDOM = np.random.default_rng(5)
IMAGES: tuple[RGB, ...] = tuple(RANDOM.integers(0, 256, (3, 56, 56, 3), dtype=np.uint8))
SEQUENCES = ((0,), (1,), (2, 0))
PROMPTS = ("answer en which? choose from: red \t blue", "", "a longer prompt:\n(A) red (B) blue")
CHOICES = (
    "red",
    "red circle",
    "a blue square and a green star",
    "42",
    "",
    "<eos>",
    "\x00\u202e<loc0007>",
    "größer 大きい \U0001f642",
    "circle " * 12,
)

Scores = Mapping[tuple[tuple[int, ...], str, str], Generation]


@pytest.fixture(scope="module")
def engines(
    checkpoint: Callable[..., Path], engine: Callable[..., Any], generation: int
) -> Mapping[tuple[str, int], Any]:
    """Engines by kind and batch size; a fast engine has four slots for each prompt of a batch."""
    return {
        (kind, size): engine(checkpoint(generation), batch_size=size, kind=kind)
        for kind, size in (("reference", 16), ("reference", 2), ("fast", 1), ("fast", 3))
    }


def request_of(numbers: Sequence[int], choices: Any) -> Request:
    return Request(tuple(IMAGES[number] for number in numbers), (), choices)


@pytest.fixture(scope="module")
def expected(engines: Mapping[tuple[str, int], Any]) -> Scores:
    """The reference's scores, by the numbers of the images, the prompt and the choice."""
    block = [request_of(each, tuple((text, CHOICES) for text in PROMPTS)) for each in SEQUENCES]
    scores = engines["reference", 16].score(block)
    return {
        (numbers, prompt, choice): generation
        for numbers, of_request in zip(SEQUENCES, scores, strict=True)
        for prompt, of_prompt in zip(PROMPTS, of_request, strict=True)
        for choice, generation in zip(CHOICES, of_prompt, strict=True)
    }


def test_scores_are_those_of_a_plain_forward_pass(
    expected: Scores,
    checkpoint: Callable[..., Path],
    exact: Callable[[Path], PlainForward],
    generation: int,
) -> None:
    plain = exact(checkpoint(generation))
    for (numbers, prompt, choice), scored in expected.items():
        ids = plain._processor.tokenizer(choice, add_special_tokens=False)["input_ids"]
        if choice not in ("<eos>", "\x00\u202e<loc0007>"):  # they hold control tokens or bytes
            assert [token.id for token in scored.tokens] == [*ids, plain.end]
        assert scored.text == choice
        given = [token.id for token in scored.tokens]
        assert given[-1] == plain.end
        after = plain(request_of(numbers, ()).images, prompt, given[:-1])
        for at, token in zip(after, scored.tokens, strict=True):
            assert token.logprob == pytest.approx(float(at[token.id]), abs=CLOSE)
    assert len({round(each.tokens[0].logprob, 4) for each in expected.values()}) > len(CHOICES)


@settings(deadline=None, max_examples=12, derandomize=True)
@given(
    block=st.lists(
        st.tuples(
            st.sampled_from(SEQUENCES),
            st.lists(
                st.tuples(
                    st.sampled_from(PROMPTS),
                    st.lists(st.sampled_from(CHOICES), min_size=1, max_size=7, unique=True),
                ),
                max_size=2,
            ),
        ),
        max_size=5,
    ),
    which=st.sampled_from([("reference", 2), ("fast", 1), ("fast", 3)]),
    rows=st.sampled_from([1, 4]),
)
def test_scores_do_not_depend_on_the_batches(
    engines: Mapping[tuple[str, int], Any],
    expected: Scores,
    block: list[tuple[tuple[int, ...], list[tuple[str, list[str]]]]],
    which: tuple[str, int],
    rows: int,
) -> None:
    engine = engines[which]
    engine._buckets = CPU_BUCKETS._replace(rows=rows)
    requests = [
        request_of(numbers, tuple((prompt, tuple(choices)) for prompt, choices in questions))
        for numbers, questions in block
    ]
    scores = engine.score(requests)
    assert [len(row) for row in scores] == [len(questions) for _, questions in block]
    for (numbers, questions), row in zip(block, scores, strict=True):
        for (prompt, choices), scored in zip(questions, row, strict=True):
            assert [each.text for each in scored] == choices
            for each, choice in zip(scored, choices, strict=True):
                assert_close(each, expected[numbers, prompt, choice])
            totals = [total(each) for each in scored]
            likeliest = total(expected[numbers, prompt, choices[totals.index(max(totals))]])
            best = max(total(expected[numbers, prompt, choice]) for choice in choices)
            assert likeliest >= best - 200 * CLOSE  # the sums of at most 100 tokens


def total(scored: Generation) -> float:
    return sum(token.logprob for token in scored.tokens)


def assert_close(one: Generation, other: Generation) -> None:
    assert [token[:2] for token in one.tokens] == [token[:2] for token in other.tokens]
    assert [token.logprob for token in one.tokens] == pytest.approx(
        [token.logprob for token in other.tokens], abs=CLOSE
    )


def test_answers_and_scores_alternate_over_one_cache(
    engines: Mapping[tuple[str, int], Any], expected: Scores
) -> None:
    engine = engines["fast", 3]
    written = [Request((image,), (("caption en", 12),)) for image in IMAGES]
    asked = [request_of((0,), ((PROMPTS[0], CHOICES),))]
    before, first = engine.generate(written), engine.score(asked)
    assert engine.generate(written) == before
    assert engine.score(asked) == first
    for choice, scored in zip(CHOICES, first[0][0], strict=True):
        assert_close(scored, expected[(0,), PROMPTS[0], choice])


@pytest.mark.parametrize("kind", ["reference", "fast"])
def test_where_memory_runs_out_smaller_batches_are_scored(
    checkpoint: Callable[..., Path],
    engine: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    short = engine(checkpoint(2), batch_size=4, kind=kind)
    block = [request_of((number % 3,), ((PROMPTS[0], CHOICES),)) for number in range(6)]
    whole, pixel_values = short.score(block), short._pixel_values

    def fits(images: Sequence[RGB]) -> torch.Tensor:
        if len(images) > 1:
            raise torch.OutOfMemoryError
        return pixel_values(images)  # type: ignore[no-any-return]

    monkeypatch.setattr(short, "_pixel_values", fits)
    again = short.score(block)
    assert short.oom_retries == 2
    for (one,), (other,) in zip(again, whole, strict=True):
        for pair in zip(one, other, strict=True):
            assert_close(*pair)


@pytest.mark.parametrize("kind", ["reference", "fast"])
def test_scores_that_are_not_finite_are_a_fault(
    checkpoint: Callable[..., Path], engine: Callable[..., Any], kind: str
) -> None:
    sick = engine(checkpoint(1), kind=kind)
    with torch.no_grad():
        sick.model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(WorkerFault, match="not finite"):
        sick.score([request_of((0,), ((PROMPTS[0], ("red", "blue")),))])
