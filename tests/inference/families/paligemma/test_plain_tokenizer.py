"""Compares the tokenizer that is read without transformers with that of PaliGemmaProcessor."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, normalizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import GemmaTokenizer, PaliGemmaProcessor, SiglipImageProcessorPil

from inference.families.paligemma import languages, prompts
from inference.families.paligemma.plain_tokenizer import PlainTokenizer, read_plain_tokenizer
from inference.families.paligemma.processing import read_transformers_tokenizer
from inference.families.paligemma.tokens import MARKUP, Vocabulary
from inference.tasks.intents import DescribeImage

DEMO = Path(__file__).parents[4] / "demo" / "checkpoint"
TEXT = ["a red circle left of a blue star", "how many circles are there?", "segment the star"]
SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
OTHERS = ("<2mass>", "[@BOS@]", "<unused0>", "<start_of_turn>", "\n\n", "▁▁", "<h1>")
PIECES = [
    *SPECIAL,
    *OTHERS,
    "<image>",
    "<loc0007>",
    "<seg001>",
    "<loc",
    "a red",
    " ",
    "\n",
    "é日🎉",
]
PROMPTS = [
    "",
    "ocr",
    "a red  circle\n",
    "\n\n<h1>  <2mass>",
    "<loc0001><loc1023> star ; <seg127>",
    "naïve 日本語 🎉 \u200b\t<unused1>",
    "".join(PIECES),
    *(prompts.prompt(DescribeImage("short", code)) for code in languages.CODES),
]


class Pair(NamedTuple):
    """A vocabulary that is read without transformers, and one that is read with it."""

    own: Vocabulary
    theirs: Vocabulary


def _gemma(folder: Path, **settings: Any) -> Path:
    """Save a processor with Gemma's tokenizer class, its merges and its kinds of added tokens."""
    backend = Tokenizer(BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    backend.normalizer = normalizers.Replace(" ", "▁")
    pieces = [*SPECIAL, *OTHERS[:4], *(f"<0x{byte:02X}>" for byte in range(256)), *MARKUP[::3]]
    trainer = BpeTrainer(vocab_size=800, special_tokens=pieces, show_progress=False)
    backend.train_from_iterator(TEXT, trainer)
    model = json.loads(backend.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    tokenizer = GemmaTokenizer(vocab=model["vocab"], merges=merges)
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in (*OTHERS, *MARKUP[::3])])
    tokenizer.save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": 56, "width": 56}, image_seq_length=16).save_pretrained(
        folder
    )
    (folder / "config.json").write_text(json.dumps({"model_type": "paligemma"}))
    return folder


def _change(folder: Path, **settings: Any) -> None:
    """Change tokenizer_config.json; None removes a key."""
    path = folder / "tokenizer_config.json"
    values = {**json.loads(path.read_text()), **settings}
    path.write_text(json.dumps({key: value for key, value in values.items() if value is not None}))


def _listed(folder: Path) -> dict[str, Any]:
    """Return the added tokens as transformers 4 wrote them into tokenizer_config.json."""
    tokens = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    return {str(token.pop("id")): token for token in tokens}


def _plain_gemma(folder: Path) -> None:
    _gemma(folder)


def _gemma_of_transformers_4(folder: Path) -> None:
    """As in the repositories of google/paligemma-*: all added tokens are listed twice."""
    _gemma(folder)
    path = folder / "tokenizer.json"
    values = json.loads(path.read_text())
    first = max(values["model"]["vocab"].values()) + 1
    number = max(first, *(token["id"] + 1 for token in values["added_tokens"]))
    image = {"id": number, "content": "<image>", "single_word": False, "lstrip": False}
    values["added_tokens"].append({**image, "rstrip": False, "normalized": False, "special": True})
    values["model"]["merges"] = [" ".join(merge) for merge in values["model"]["merges"]]
    path.write_text(json.dumps(values))
    _change(
        folder,
        tokenizer_class="GemmaTokenizerFast",
        additional_special_tokens=["<image>"],
        extra_special_tokens=None,
        added_tokens_decoder=_listed(folder),
        add_bos_token=True,
        sp_model_kwargs={},
        spaces_between_special_tokens=False,
        use_default_system_prompt=False,
        clean_up_tokenization_spaces=False,
    )
    (folder / "special_tokens_map.json").write_text(json.dumps({"bos_token": "<pad>"}))
    (folder / "added_tokens.json").write_text(json.dumps({"<image>": number}))


def _gemma_with_other_added_tokens(folder: Path) -> None:
    """tokenizer_config.json and tokenizer.json list other tokens, and other flags of one."""
    _gemma(folder)
    listed = dict(list(_listed(folder).items())[2:9])
    for token in listed.values():
        token["lstrip"] = True
    _change(folder, added_tokens_decoder=listed, extra_special_tokens={"image_token": "<picture>"})


def _demo(folder: Path) -> None:
    shutil.copytree(DEMO, folder, dirs_exist_ok=True, ignore=lambda *_: ["model.safetensors"])


def _demo_without_an_image_token(folder: Path) -> None:
    _demo(folder)
    _change(folder, image_token=None, extra_special_tokens=["<x>", "<unused1>"], unk_token=None)


def _demo_as_transformers_4_wrote_it(folder: Path) -> None:
    """The class has its older name, and flags of two tokens differ from tokenizer.json."""
    _demo(folder)
    listed = _listed(folder)
    listed["7"]["rstrip"] = listed["3"]["lstrip"] = True
    _change(
        folder,
        tokenizer_class="PreTrainedTokenizerFast",
        added_tokens_decoder=listed,
        cls_token="<cls>",
        mask_token="<loc0100>",
    )


def _demo_with_padding(folder: Path) -> None:
    _demo(folder)
    path = folder / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_padding(length=32, pad_token="<pad>")
    tokenizer.enable_truncation(4)
    tokenizer.save(str(path))


BUILDERS = {
    builder.__name__.strip("_"): builder
    for builder in (
        _plain_gemma,
        _gemma_of_transformers_4,
        _gemma_with_other_added_tokens,
        _demo,
        _demo_without_an_image_token,
        _demo_as_transformers_4_wrote_it,
        _demo_with_padding,
    )
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pair]:
    """Reads the tokenizer of a builder's folder in both ways."""

    @cache
    def pair(name: str) -> Pair:
        folder = tmp_path_factory.mktemp(name)
        BUILDERS[name](folder)
        read = read_plain_tokenizer(folder)
        assert read is not None
        tokenizer, image = read
        assert isinstance(tokenizer, PlainTokenizer)
        processor: Any = PaliGemmaProcessor.from_pretrained(folder)
        theirs = Vocabulary(processor.tokenizer, processor.image_token_id, 16)
        assert image == processor.image_token_id
        assert tokenizer.added_tokens_decoder == processor.tokenizer.added_tokens_decoder
        assert (tokenizer.bos_token_id, tokenizer.unk_token_id) == (
            processor.tokenizer.bos_token_id,
            processor.tokenizer.unk_token_id,
        )
        assert set(tokenizer.all_special_ids) == set(processor.tokenizer.all_special_ids)
        return Pair(Vocabulary(tokenizer, image, 16), theirs)

    return pair


@pytest.mark.parametrize("name", BUILDERS)
def test_tokens_and_texts_are_those_of_transformers(name: str, pair: Callable[[str], Pair]) -> None:
    own, theirs = pair(name)
    assert (own.size, own.pad, own.end) == (theirs.size, theirs.pad, theirs.end)
    assert own.names(own.size + 3) == theirs.names(own.size + 3)
    for prompt in PROMPTS:
        assert own.prefix(prompt) == theirs.prefix(prompt)
    for step in (1, 3, 7):
        token_ids = [number for number in range(0, own.size + 5, step) if number != own.end]
        logprobs = [-1.0] * len(token_ids)
        assert own.generation(token_ids, logprobs) == theirs.generation(token_ids, logprobs)


@settings(max_examples=50)
@given(
    name=st.sampled_from(sorted(BUILDERS)),
    pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=8),
)
def test_tokens_of_any_text_are_those_of_transformers(
    pair: Callable[[str], Pair], name: str, pieces: list[str]
) -> None:
    own, theirs = pair(name)
    text = "".join(pieces)
    assert own.prefix(text) == theirs.prefix(text)
    token_ids = own.prefix(text)[16:]
    logprobs = [-1.0] * len(token_ids)
    assert own.generation(token_ids, logprobs) == theirs.generation(token_ids, logprobs)


UNKNOWN: dict[str, dict[str, Any]] = {
    "another class": {"tokenizer_class": "LlamaTokenizer"},
    "no class": {"tokenizer_class": None},
    "a setting": {"split_special_tokens": True},
    "a versioned file": {"fast_tokenizer_files": ["tokenizer.4.0.0.json"]},
    "a token with flags": {"bos_token": {"__type": "AddedToken", "content": "<bos>"}},
    "a list that is none": {"extra_special_tokens": "<x>"},
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_other_settings_are_left_to_transformers(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _demo(tmp_path)
    _change(tmp_path, **UNKNOWN[name])
    with caplog.at_level("INFO"):
        assert read_plain_tokenizer(tmp_path) is None
    assert "the tokenizer is read by transformers" in caplog.text


def test_other_files_are_left_to_transformers(tmp_path: Path) -> None:
    _demo(tmp_path)
    (tmp_path / "special_tokens_map.json").write_text("{}")
    assert read_plain_tokenizer(tmp_path) is None
    (tmp_path / "special_tokens_map.json").unlink()
    assert read_plain_tokenizer(tmp_path) is not None
    (tmp_path / "tokenizer.json").unlink()
    assert read_plain_tokenizer(tmp_path) is None


def test_gemma_without_merges_is_left_to_transformers(tmp_path: Path) -> None:
    _gemma(tmp_path)
    path = tmp_path / "tokenizer.json"
    values = json.loads(path.read_text())
    del values["model"]["merges"]
    path.write_text(json.dumps(values))
    assert read_plain_tokenizer(tmp_path) is None
    assert len(read_transformers_tokenizer(tmp_path)[0]) > 0
