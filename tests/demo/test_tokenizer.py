"""The demo's tokenizer splits like Gemma's and loses no text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from demo.scenes import words
from demo.training import tokenizer

TOKENIZER = tokenizer.build()


def split(text: str) -> list[str]:
    return TOKENIZER.convert_ids_to_tokens(TOKENIZER(text)["input_ids"])


@given(st.text().filter(lambda text: tokenizer.SPACE not in text and "<" not in text))
def test_any_text_survives(text: str) -> None:
    token_ids = TOKENIZER(text)["input_ids"]
    assert TOKENIZER.unk_token_id not in token_ids
    assert TOKENIZER.decode(token_ids) == text


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_captions_are_whole_words(language: words.Language) -> None:
    things = [(color, shape) for shape in words.SHAPES for color in words.COLORS]
    caption = words.caption(language, things)
    bare = caption.replace(",", "")
    assert [token.lstrip(tokenizer.SPACE) for token in split(bare)] == bare.split()
    assert TOKENIZER.decode(TOKENIZER(caption)["input_ids"]) == caption


@pytest.mark.parametrize("word", words.WORDS_IN_PRINT)
def test_a_printed_word_is_a_token(word: str) -> None:
    assert split(word) == [word]
    assert split(f"the word {word}") == ["the", "▁word", f"▁{word}"]


def test_a_newline_is_a_token_of_its_own() -> None:
    assert split("caption en\n") == ["caption", "▁en", "\n"]
    assert split("a \n\n b") == ["a", "▁", "\n", "\n", "▁", "b"]


def test_codes_are_single_tokens_with_fixed_ids() -> None:
    assert split("<loc0000><loc1023><seg000><seg127> red star ; <loc0512>") == [
        "<loc0000>", "<loc1023>", "<seg000>", "<seg127>", "▁red", "▁star", "▁;", "▁", "<loc0512>",
    ]  # fmt: skip
    assert TOKENIZER.convert_tokens_to_ids(list(tokenizer.SPECIAL)) == [0, 1, 2, 3, 4]
    assert TOKENIZER.convert_tokens_to_ids("<loc0000>") == 5


def test_special_tokens_are_skipped_and_codes_are_not() -> None:
    token_ids = TOKENIZER("<image><bos>a<loc0001><eos><pad>")["input_ids"]
    assert TOKENIZER.decode(token_ids, skip_special_tokens=True) == "a<loc0001>"


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    TOKENIZER.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    text = "detect círculo ; 日本 🎉  two  spaces\n<loc0007>"
    assert loaded(text)["input_ids"] == TOKENIZER(text)["input_ids"]
    assert (len(loaded), loaded.padding_side, loaded.image_token) == (
        len(TOKENIZER),
        "left",
        "<image>",
    )
