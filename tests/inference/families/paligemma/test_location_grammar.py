"""With the grammar, both engines write complete boxes and masks, and the same ones."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.plain_forward import PlainForward
from support.same_answers import Answers, assert_same

from demo.training import tokenizer
from inference.engines.decode_steps import ShapeBuckets
from inference.families.paligemma.location_grammar import FREE, Grammar
from schemas.generation import Generation, Request

IMAGES = np.random.default_rng(5).integers(0, 256, (6, 56, 56, 3), dtype=np.uint8)
BLOCK = [
    Request((image,), (("detect red circle ; blue square", 30), ("segment star", 45), ("ocr", 9)))
    for image in IMAGES
]
NAMES = tokenizer.tokens()
GRAMMAR = Grammar([*NAMES, None, None], torch.device("cpu"))
LOCATION, SEGMENT, SPACE, WORD = (
    NAMES.index(name) for name in ("<loc0512>", "<seg064>", tokenizer.SPACE, tokenizer.WORDS[0])
)
LETTERS = {LOCATION: "l", SEGMENT: "s", SPACE: " ", WORD: "w"}
# The last object may be incomplete: the answer was cut.
WHOLE = re.compile(r"(?:[w ]|llll *(?:s{16}(?=[w ]|$)|(?=w|$)))*(?:l{0,3}|llll *s{0,15})")


def forbidden(state: int) -> torch.Tensor:
    return GRAMMAR.forbidden(torch.tensor([state]))[0]


@given(choices=st.lists(st.sampled_from(list(LETTERS)), max_size=60))
def test_what_may_follow_is_well_formed(choices: Sequence[int]) -> None:
    """A token is forbidden exactly if no well-formed answer begins with it appended."""
    state, written = FREE, ""
    for token_id in choices:
        refused = bool(forbidden(state)[token_id])
        assert refused == (WHOLE.fullmatch(written + LETTERS[token_id]) is None)
        if not refused:
            written += LETTERS[token_id]
            state = int(GRAMMAR.after(torch.tensor([state]), torch.tensor([token_id])))


def test_tokens_without_a_name_and_the_end_are_like_words() -> None:
    for token_id in (len(NAMES), NAMES.index("<eos>")):
        assert not forbidden(FREE)[token_id]
        assert forbidden(1)[token_id]  # a box that was begun is completed


@pytest.fixture(scope="module")
def answers(checkpoint: Callable[..., Path], engine: Callable[..., Any]) -> Callable[..., Answers]:
    def answers(generation: int, kind: str, grammar: bool = True) -> Answers:
        loaded = engine(checkpoint(generation), kind=kind, grammar=grammar, batch_size=3)
        if kind == "fast":
            loaded._buckets = ShapeBuckets(steps=3, rows=2, columns=32)
        generated: Answers = loaded.generate(BLOCK)
        return generated

    return answers


def letters(answer: Generation) -> str:
    """One letter per token; the end is like a word, and no word may be inside an object."""
    kinds = {"<loc": "l", "<seg": "s"}
    written = "".join(
        kinds.get(token.text[:4], " " if token.text == tokenizer.SPACE else "w")
        for token in answer.tokens
    )
    return written + "w" if answer.finish_reason == "stop" else written


def allowed(tokens: Sequence[int]) -> torch.Tensor:
    """Which tokens the grammar allows after these: bool [vocabulary]."""
    state = torch.tensor([FREE])
    for token in tokens:
        state = GRAMMAR.after(state, torch.tensor([token]))
    return ~GRAMMAR.forbidden(state)[0, : len(NAMES)]


def test_engines_agree_and_all_objects_are_complete(
    answers: Callable[..., Answers],
    checkpoint: Callable[..., Path],
    exact: Callable[[Path], PlainForward],
    generation: int,
) -> None:
    fast, reference = (answers(generation, kind) for kind in ("fast", "reference"))
    free = answers(generation, "fast", grammar=False)
    assert_same(BLOCK, fast, reference, exact(checkpoint(generation)), allowed)
    assert all(WHOLE.fullmatch(letters(answer)) for row in fast for answer in row)
    complete = [WHOLE.fullmatch(letters(answer)) is not None for row in free for answer in row]
    assert not all(complete)  # the grammar has an effect
    for request, row, others in zip(BLOCK, fast, free, strict=True):
        for prompt, answer, other in zip(request.prompts, row, others, strict=True):
            if WHOLE.fullmatch(letters(other)):  # nothing was forbidden, so nothing changes
                alone = [Request(request.images, (prompt,))]
                assert_same(alone, [[answer]], [[other]], exact(checkpoint(generation)))
