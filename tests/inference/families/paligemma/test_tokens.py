"""Tests token ids of prompts against the checkpoint's processor, and the text of answers."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PaliGemmaProcessor

from inference.families.paligemma.tokens import Vocabulary
from schemas.errors import WorkerFault

IMAGE_TOKENS = 16
CONTROL = ["<image>", "<bos>", "<eos>", "<pad>"]


@pytest.fixture(scope="module")
def processor(checkpoint: Callable[..., Path]) -> PaliGemmaProcessor:
    return PaliGemmaProcessor.from_pretrained(checkpoint(2))


@pytest.fixture(scope="module")
def vocabulary(processor: PaliGemmaProcessor) -> Vocabulary:
    return Vocabulary(processor.tokenizer, processor.image_token_id, IMAGE_TOKENS)


PROMPTS = [
    "caption en",
    "detect red circle ; blue square",
    "answer en how many circles?",
    "caption <loc0010><loc0020><loc0110><loc0220>",
    "segment <seg012>",
    "ocr",
    "",
    "  two  spaces ",
    "naïve 日本語 🎉 \u200b",
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_prefix_equals_the_processors(
    processor: PaliGemmaProcessor, vocabulary: Vocabulary, prompt: str
) -> None:
    image = np.zeros((56, 56, 3), np.uint8)
    expected = processor(images=image, text=f"<image>{prompt}")["input_ids"]
    assert [vocabulary.prefix(prompt)] == expected


@given(prompt=st.text(st.characters(exclude_characters="<>\n", exclude_categories=["Cs"])))
def test_the_prefix_of_any_plain_text_equals_the_processors(
    processor: PaliGemmaProcessor, vocabulary: Vocabulary, prompt: str
) -> None:
    image = np.zeros((56, 56, 3), np.uint8)
    expected = processor(images=image, text=f"<image>{prompt}")["input_ids"]
    assert [vocabulary.prefix(prompt)] == expected


@pytest.mark.parametrize("images", [2, 3])
def test_several_images_come_before_the_prompt_as_in_the_processor(
    processor: PaliGemmaProcessor, vocabulary: Vocabulary, images: int
) -> None:
    image = np.zeros((56, 56, 3), np.uint8)
    text = "<image>" * images + "answer en are both red?"
    expected = processor(images=[[image] * images], text=[text])["input_ids"]
    assert [vocabulary.prefix("answer en are both red?", images)] == expected


def test_the_layout_is_image_tokens_bos_prompt_newline(
    processor: PaliGemmaProcessor, vocabulary: Vocabulary
) -> None:
    tokens = processor.tokenizer.convert_ids_to_tokens(vocabulary.prefix("ocr"))
    assert tokens[:17] == ["<image>"] * 16 + ["<bos>"]
    assert tokens[-1] == "\n"
    assert "".join(tokens[17:-1]) == "ocr"


@given(pieces=st.lists(st.sampled_from([*CONTROL, "a", " ", "<loc0001>", "<", "image>", "\n"])))
def test_a_prompts_text_never_becomes_a_control_token(
    processor: PaliGemmaProcessor, vocabulary: Vocabulary, pieces: list[str]
) -> None:
    tokens = processor.tokenizer.convert_ids_to_tokens(vocabulary.prefix("".join(pieces)))
    assert tokens[:17] == ["<image>"] * 16 + ["<bos>"]
    assert not set(CONTROL) & set(tokens[17:])
    assert tokens[17:].count("<loc0001>") == pieces.count("<loc0001>")


def test_answers_keep_location_tokens_and_drop_control_tokens(
    processor: PaliGemmaProcessor, vocabulary: Vocabulary
) -> None:
    words = processor.tokenizer
    expected = "<loc0001><loc1023><seg012> red circle"
    token_ids = words("<bos><loc0001><loc1023><pad><seg012> red<image> circle")["input_ids"]
    generation = vocabulary.generation(token_ids, [-0.5] * len(token_ids))
    assert generation.text == expected
    assert [token.id for token in generation.tokens] == token_ids
    assert [token.text for token in generation.tokens][:3] == ["<bos>", "<loc0001>", "<loc1023>"]
    assert {token.logprob for token in generation.tokens} == {-0.5}
    assert generation.finish_reason == "length"


def test_tokens_after_the_end_are_ignored(
    processor: PaliGemmaProcessor, vocabulary: Vocabulary
) -> None:
    token_ids = processor.tokenizer(" red<eos> circle")["input_ids"]
    generation = vocabulary.generation(token_ids, [-0.5, -0.25] + [math.nan] * (len(token_ids) - 2))
    assert generation.text == " red"
    assert [token.logprob for token in generation.tokens] == [-0.5]
    assert generation.finish_reason == "stop"


@pytest.mark.parametrize("place", [0, 1])
def test_logprobs_that_are_not_finite_are_a_fault(
    processor: PaliGemmaProcessor, vocabulary: Vocabulary, place: int
) -> None:
    token_ids = processor.tokenizer(" red<eos>")["input_ids"]
    logprobs = [-0.5, -0.5]
    logprobs[place] = math.nan
    with pytest.raises(WorkerFault, match="not finite"):
        vocabulary.generation(token_ids, logprobs)


def test_unknown_token_ids_have_no_text(vocabulary: Vocabulary) -> None:
    generation = vocabulary.generation([1_000_000], [-1.0])
    assert generation.text == generation.tokens[0].text == ""
