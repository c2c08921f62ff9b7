"""Tests that the checkpoint of random weights loads, answers, and is reproducible."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support import random_checkpoint
from transformers import AutoProcessor, PaliGemmaForConditionalGeneration

from demo.training.architecture import Generation

PROMPTS = ("caption en", "detect circle ; star", "answer en how many shapes are there ?")
IMAGES = 6


@pytest.fixture(scope="module", params=[1, 2])
def generation(request: pytest.FixtureRequest) -> Generation:
    return request.param


@pytest.fixture(scope="module")
def checkpoint(generation: Generation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_checkpoint.build(tmp_path_factory.mktemp("checkpoint"), generation)


@pytest.fixture(scope="module")
def answers(checkpoint: Path) -> list[tuple[int, ...]]:
    """Greedy answers to every prompt for every image, with end-of-sequence and padding tokens."""
    processor = AutoProcessor.from_pretrained(checkpoint)
    model = PaliGemmaForConditionalGeneration.from_pretrained(checkpoint).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 1, 1, 3), np.uint8)
    images = [np.tile(color, (40, 60, 1)) for color in pixels]
    generated = []
    for prompt in PROMPTS:
        inputs = processor(
            images=images, text=[f"<image>{prompt}"] * IMAGES, padding=True, return_tensors="pt"
        )
        inputs.pop("labels", None)
        tokens = model.generate(**inputs, max_new_tokens=24, do_sample=False)
        generated += [tuple(row) for row in tokens[:, inputs["input_ids"].shape[1] :].tolist()]
    return generated


def test_the_same_seed_gives_the_same_bytes(
    checkpoint: Path, generation: Generation, tmp_path: Path
) -> None:
    again = random_checkpoint.build(tmp_path / "again", generation)
    assert contents(again) == contents(checkpoint)
    other = random_checkpoint.build(tmp_path / "other", generation, seed=1)
    differing = [name for name, data in contents(other).items() if contents(again)[name] != data]
    assert differing == ["model.safetensors"]


def test_building_does_not_change_the_random_state(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    random_checkpoint.build(tmp_path)
    assert torch.equal(torch.get_rng_state(), before)


def test_answers_vary_and_some_end(answers: list[tuple[int, ...]]) -> None:
    assert len(set(answers)) > 0.8 * len(answers)
    assert len({answer[0] for answer in answers}) > 4
    assert any(1 in answer for answer in answers)
    assert len({token for answer in answers for token in answer}) > 40


def test_the_architecture_follows_the_generation(checkpoint: Path, generation: Generation) -> None:
    text = PaliGemmaForConditionalGeneration.from_pretrained(checkpoint).config.text_config
    assert text.model_type == {1: "gemma", 2: "gemma2"}[generation]
    if generation == 2:
        assert text.layer_types == ["sliding_attention", "full_attention"] * 2
        assert (text.attn_logit_softcapping, text.final_logit_softcapping) == (50.0, 30.0)
        assert text.sliding_window == 4096


def test_sizes_can_be_chosen(tmp_path: Path) -> None:
    random_checkpoint.build(
        tmp_path, 2, image_size=56, text_layers=2, text_width=32, sliding_window=8
    )
    config = PaliGemmaForConditionalGeneration.from_pretrained(tmp_path).config
    assert config.text_config.num_image_tokens == 16
    assert (config.text_config.hidden_size, config.text_config.sliding_window) == (32, 8)
    assert AutoProcessor.from_pretrained(tmp_path).image_seq_length == 16


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
