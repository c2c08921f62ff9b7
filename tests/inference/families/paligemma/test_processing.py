"""Compares the tokenizer and the image processor's numbers with those of PaliGemmaProcessor."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, normalizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import AutoConfig, GemmaTokenizer, PaliGemmaProcessor, SiglipImageProcessorPil

from inference.families.paligemma.processing import read_processing, read_transformers_tokenizer
from inference.families.paligemma.tokens import MARKUP, Vocabulary
from schemas.errors import JobError

TEXT = ["a red circle left of a blue star", "how many circles are there?", "segment the star"]
PROMPTS = ["caption en", "a red  circle\n", "<loc0001><seg001> star", "naïve 日本 <unused1>"]


@pytest.fixture
def folder(checkpoint: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy of the checkpoint that a test may change."""
    return Path(shutil.copytree(checkpoint(2), tmp_path / "checkpoint"))


@pytest.fixture(scope="module")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint's processor with Gemma's own tokenizer class, merges and no image token."""
    backend = Tokenizer(BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    backend.normalizer = normalizers.Replace(" ", "▁")
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    pieces = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = BpeTrainer(vocab_size=400, special_tokens=[*special, *pieces], show_progress=False)
    backend.train_from_iterator(TEXT, trainer)
    model = json.loads(backend.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    assert merges
    tokenizer = GemmaTokenizer(vocab=model["vocab"], merges=merges)
    folder = tmp_path_factory.mktemp("gemma")
    tokenizer.save_pretrained(folder)
    images = SiglipImageProcessorPil(size={"height": 56, "width": 56}, image_seq_length=16)
    images.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "paligemma"}))
    return folder


def assert_like_the_processor(folder: Path, prompt: str) -> None:
    processor: Any = PaliGemmaProcessor.from_pretrained(folder)
    theirs = Vocabulary(processor.tokenizer, processor.image_token_id, 16)
    tokenizer, image = read_transformers_tokenizer(folder)
    own = Vocabulary(tokenizer, image, 16)
    assert image == processor.image_token_id
    assert (own.size, own.pad, own.end) == (theirs.size, theirs.pad, theirs.end)
    assert own.prefix(prompt) == theirs.prefix(prompt)
    assert own.names(own.size + 3) == theirs.names(own.size + 3)
    everything = [*range(0, own.size, 7)]
    logprobs = [-1.0] * len(everything)
    assert own.generation(everything, logprobs) == theirs.generation(everything, logprobs)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_tokens_of_gemmas_own_tokenizer_are_the_processors(gemma: Path, prompt: str) -> None:
    assert json.loads((gemma / "tokenizer_config.json").read_text())["tokenizer_class"] == (
        "GemmaTokenizer"
    )
    assert "<image>" not in (gemma / "tokenizer.json").read_text()
    assert_like_the_processor(gemma, prompt)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_tokens_of_another_tokenizer_are_the_processors(
    checkpoint: Callable[..., Path], prompt: str
) -> None:
    assert_like_the_processor(checkpoint(2), prompt)


def test_markup_that_a_tokenizer_lacks_is_added(gemma: Path) -> None:
    tokenizer, image = read_transformers_tokenizer(gemma)
    assert tokenizer.convert_tokens_to_ids("<image>") == image
    assert len({tokenizer.convert_tokens_to_ids(token) for token in MARKUP}) == 1024 + 128


def read(folder: Path) -> tuple[Any, ...]:
    return tuple(read_processing(folder, AutoConfig.from_pretrained(folder)))[1:]


def expected(folder: Path) -> tuple[Any, ...]:
    pixels: Any = PaliGemmaProcessor.from_pretrained(folder).image_processor
    return pixels.rescale_factor, tuple(pixels.image_mean), tuple(pixels.image_std)


def write(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values))


def test_numbers_of_the_image_processor_are_the_processors(folder: Path) -> None:
    nested, flat = folder / "processor_config.json", folder / "preprocessor_config.json"
    values = json.loads(nested.read_text())["image_processor"]
    assert read(folder) == expected(folder)
    odd = {**values, "rescale_factor": 0.5, "image_mean": [0.1, 0.2, 0.3], "image_std": [1, 2, 3]}
    write(flat, odd)  # the nested one comes first
    assert read(folder) == expected(folder) == (1 / 255, (0.5,) * 3, (0.5,) * 3)
    write(nested, {"processor_class": "PaliGemmaProcessor"})
    assert read(folder) == expected(folder) == (0.5, (0.1, 0.2, 0.3), (1, 2, 3))
    nested.unlink()
    assert read(folder) == expected(folder) == (0.5, (0.1, 0.2, 0.3), (1, 2, 3))
    for key in ("rescale_factor", "image_mean", "image_std"):
        del values[key]
    write(flat, values)
    assert read(folder) == expected(folder) == (1 / 255, (0.5,) * 3, (0.5,) * 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_mean": [0.5]},
        {"image_std": [0.5, 0, 0.5]},
        {"image_mean": None},
        {"rescale_factor": "x"},
    ],
)
def test_wrong_numbers_are_refused(folder: Path, wrong: dict[str, Any]) -> None:
    path = folder / "processor_config.json"
    values = json.loads(path.read_text())
    values["image_processor"] |= wrong
    write(path, values)
    with pytest.raises(JobError, match="tokenizer or image processor"):
        read(folder)


def test_numbers_that_another_image_processor_omits_are_not_guessed(folder: Path) -> None:
    path = folder / "processor_config.json"
    values = json.loads(path.read_text())
    values["image_processor"]["image_processor_type"] = "CLIPImageProcessor"
    del values["image_processor"]["image_mean"]
    write(path, values)
    with pytest.raises(JobError, match="tokenizer or image processor"):
        read(folder)
