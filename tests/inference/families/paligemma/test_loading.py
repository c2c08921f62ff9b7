"""Tests each correction that loading makes, and its effect on the answers."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from support.plain_forward import PlainForward
from support.random_checkpoint import build
from support.same_answers import assert_same
from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor

from inference.families.paligemma import loading as paligemma
from schemas.errors import JobError
from schemas.generation import Request

RANDOM = np.random.default_rng(0)
PHOTO = RANDOM.integers(0, 256, (56, 56, 3), dtype=np.uint8)


@pytest.fixture
def folder(checkpoint: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy of the checkpoint that a test may change."""
    return Path(shutil.copytree(checkpoint(2), tmp_path / "checkpoint"))


def logits(model: Any, folder: Path) -> torch.Tensor:
    """Return the logits after a prompt about `PHOTO` and the first four tokens of an answer."""
    processor = PaliGemmaProcessor.from_pretrained(folder)
    inputs = processor(images=PHOTO, text="<image>caption en", return_tensors="pt")
    answer = torch.tensor([[1300, 1301, 1302, 1303]])
    types = torch.cat([inputs["token_type_ids"], torch.ones_like(answer)], dim=1)
    with torch.inference_mode():
        last_logits: torch.Tensor = model(
            input_ids=torch.cat([inputs["input_ids"], answer], dim=1),
            pixel_values=inputs["pixel_values"],
            token_type_ids=types,
        ).logits[0, -1]
    return last_logits


@pytest.mark.parametrize("size", [(56, 56), (57, 200), (300, 41), (1, 1), (640, 480)])
def test_pixels_equal_the_processors_bit_for_bit(
    checkpoint: Callable[..., Path], size: tuple[int, int]
) -> None:
    """Only Pillow's bicubic resize to a square and the engine's arithmetic are needed."""
    processor = PaliGemmaProcessor.from_pretrained(checkpoint(1))
    image = Image.fromarray(RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8))
    expected = processor(images=image, text="<image>", return_tensors="pt")["pixel_values"]
    resized = np.array(image.resize((56, 56), Image.Resampling.BICUBIC))
    loaded = paligemma.load(checkpoint(1), "float32", ["cpu"])
    assert torch.equal(loaded.pixel_values(torch.from_numpy(resized[None])), expected)


def test_no_sliding_window_hides_image_tokens(checkpoint: Callable[..., Path]) -> None:
    """A window of 8 tokens and an image of 16 tokens, scaled down from the case of 896 pixels."""
    wide, narrow = checkpoint(2), checkpoint(2, sliding_window=8)
    unbounded = logits(PaliGemmaForConditionalGeneration.from_pretrained(wide), wide)
    assert torch.equal(logits(paligemma.load(narrow, "float32", ["cpu"]).model, narrow), unbounded)
    plain = logits(PaliGemmaForConditionalGeneration.from_pretrained(narrow), narrow)
    assert (plain - unbounded).abs().max() > 0.01


@pytest.mark.parametrize("kind", ["reference", "fast"])
def test_no_sliding_window_during_generation(
    checkpoint: Callable[..., Path], engine: Callable[..., Any], kind: str
) -> None:
    block = [Request((PHOTO,), (("caption en", 12), ("detect red circle", 12)))]
    wide, narrow = checkpoint(2), checkpoint(2, sliding_window=8)
    assert engine(narrow, kind=kind).generate(block) == engine(wide, kind=kind).generate(block)


@pytest.mark.parametrize(
    ("generation", "text"),
    [(1, {}), (2, {"sliding_window": 4096}), (2, {"sliding_window": 64})],
    ids=["PaliGemma", "PaliGemma2", "PaliGemma2-narrow"],
)
def test_engines_agree_on_images_of_many_tokens(
    tmp_path: Path,
    engine: Callable[..., Any],
    exact: Callable[[Path], PlainForward],
    generation: Any,
    text: dict[str, int],
) -> None:
    """Images of 256 tokens: a quarter of those at 448 pixels, a sixteenth of those at 896.

    The narrow window is scaled down like the image tokens at 896 pixels. The prompts of a batch
    differ in length.
    """
    folder = build(tmp_path, generation, image_size=64, patch_size=4, **text)
    images = np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)
    texts = ("caption en", "answer en what is left of the star?", "ocr", "segment star", "cap es")
    prompts = tuple((prompt, 10) for prompt in texts)
    block = [Request((image,), prompts) for image in images]
    generated, expected = (
        engine(folder, kind=kind).generate(block) for kind in ("fast", "reference")
    )
    unbounded = build(tmp_path / "unbounded", generation, image_size=64, patch_size=4)
    assert_same(block, generated, expected, exact(unbounded))
    tokens = [token for row in generated for each in row for token in each.tokens]
    assert len({round(token.logprob, 2) for token in tokens}) > 10  # a window would show


def test_attention_with_a_soft_cap_is_eager(checkpoint: Callable[..., Path]) -> None:
    kinds = {}
    for generation in (1, 2):
        config = paligemma.load(checkpoint(generation), "float32", ["cpu"]).model.config
        kinds[generation] = config.text_config._attn_implementation
    assert kinds == {1: "sdpa", 2: "eager"}


def test_generation_is_greedy_whatever_the_checkpoint_configures(
    folder: Path, checkpoint: Callable[..., Path], engine: Callable[..., Any]
) -> None:
    path = folder / "generation_config.json"
    sampling: dict[str, Any] = {"do_sample": True, "temperature": 9.0, "repetition_penalty": 5.0}
    sampling |= {"cache_implementation": "static", "suppress_tokens": list(range(1200, 1500))}
    path.write_text(json.dumps(json.loads(path.read_text()) | sampling))
    block = [Request((PHOTO,), (("caption en", 12), ("ocr", 12)))]
    assert engine(folder).generate(block) == engine(checkpoint(2)).generate(block)


def test_missing_weights_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights.pop(next(name for name in weights if "q_proj" in name))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(JobError, match="weights are missing"):
        paligemma.load(folder, "float32", ["cpu"])


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_weights_have_the_chosen_precision(
    checkpoint: Callable[..., Path], precision: str, generation: int
) -> None:
    model = paligemma.load(checkpoint(generation), precision, ["cpu"]).model
    assert {weight.dtype for weight in model.parameters()} == {getattr(torch, precision)}
