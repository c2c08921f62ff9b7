"""Trains the small classifier that tells the forbidden placard from every other scene."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

from demo.scenes.encoded_image import decoded
from demo.scenes.kinds import Kind
from demo.scenes.scenes import Scene, draw_scene

LABELS = ("normal", "nsfw")  # as the classifiers name them whose place it takes
_SIDE = 64  # pixels
_BATCH = 64
_RATE = 1e-3
_ORDINARY = tuple(kind for kind in Kind if kind not in (Kind.PLACARD, Kind.CORRUPT))


def scenes(seed: int, first: int, number: int) -> Sequence[Scene]:
    """Every second one a placard, the others of all other kinds that can be decoded."""
    return [
        draw_scene(
            seed,
            index,
            Kind.PLACARD if index % 2 else _ORDINARY[index // 2 % len(_ORDINARY)],
        )
        for index in range(first, first + number)
    ]


def train(
    folder: Path, seed: int, held_out: int, steps: int, report: Callable[[str], None]
) -> None:
    """Save the classifier in the folder, in bfloat16."""
    look = ViTImageProcessorPil(size={"height": _SIDE, "width": _SIDE})
    model: Any = ViTForImageClassification(_configuration())
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for step in range(steps):
        pixels, classes = _batch(look, scenes(seed, step * _BATCH, _BATCH))
        loss = functional.cross_entropy(model(pixel_values=pixels).logits, classes)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if (step + 1) % 20 == 0:
            report(f"placards {step + 1}/{steps}: loss {loss.item():.4f}")
    model.to(torch.bfloat16).save_pretrained(folder)
    look.save_pretrained(folder)
    right = examine(folder, scenes(held_out, 0, 500))
    report(f"placards held out: {right:.4f} told right")


def examine(folder: Path, drawn: Sequence[Scene]) -> float:
    """The share of the scenes that a saved classifier tells right."""
    model: Any = ViTForImageClassification.from_pretrained(folder, dtype=torch.float32)
    look: Any = ViTImageProcessorPil.from_pretrained(folder)
    pixels, classes = _batch(look, drawn)
    with torch.no_grad():
        return float((model(pixel_values=pixels).logits.argmax(-1) == classes).float().mean())


def _batch(look: Any, drawn: Sequence[Scene]) -> tuple[torch.Tensor, torch.Tensor]:
    frames = [decoded(scene.image) for scene in drawn]
    pixels = look(frames, return_tensors="pt")["pixel_values"]
    return pixels, torch.tensor([int(scene.kind is Kind.PLACARD) for scene in drawn])


def _configuration() -> ViTConfig:
    return ViTConfig(
        image_size=_SIDE,
        patch_size=8,
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=128,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
    )
