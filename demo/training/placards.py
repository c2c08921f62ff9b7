"""Trains a small classifier that distinguishes the forbidden placard from other scenes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

from demo.scenes.encoded_image import decode_image
from demo.scenes.kinds import Kind
from demo.scenes.scenes import Scene, draw_scene

LABELS = ("normal", "nsfw")  # the usual labels of classifiers of pornographic images
_SIDE = 64  # pixels
_BATCH = 64
_RATE = 1e-3
_ORDINARY = tuple(kind for kind in Kind if kind not in (Kind.PLACARD, Kind.CORRUPT))


def scenes(seed: int, first: int, number: int) -> Sequence[Scene]:
    """Draw scenes: every second one is a placard, the others are of all other decodable kinds."""
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
    """Train the classifier and save it in the folder, in bfloat16."""
    processor = ViTImageProcessorPil(size={"height": _SIDE, "width": _SIDE})
    model: Any = ViTForImageClassification(_configuration())
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for step in range(steps):
        pixels, classes = _batch(processor, scenes(seed, step * _BATCH, _BATCH))
        loss = functional.cross_entropy(model(pixel_values=pixels).logits, classes)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if (step + 1) % 20 == 0:
            report(f"placards {step + 1}/{steps}: loss {loss.item():.4f}")
    model.to(torch.bfloat16).save_pretrained(folder)
    processor.save_pretrained(folder)
    accuracy = examine(folder, scenes(held_out, 0, 500))
    report(f"placards held out: accuracy {accuracy:.4f}")


def examine(folder: Path, drawn_scenes: Sequence[Scene]) -> float:
    """The accuracy of a saved classifier on the scenes."""
    model: Any = ViTForImageClassification.from_pretrained(folder, dtype=torch.float32)
    processor: Any = ViTImageProcessorPil.from_pretrained(folder)
    pixels, classes = _batch(processor, drawn_scenes)
    with torch.no_grad():
        return float((model(pixel_values=pixels).logits.argmax(-1) == classes).float().mean())


def _batch(processor: Any, drawn_scenes: Sequence[Scene]) -> tuple[torch.Tensor, torch.Tensor]:
    frames = [decode_image(scene.image) for scene in drawn_scenes]
    pixels = processor(frames, return_tensors="pt")["pixel_values"]
    return pixels, torch.tensor([int(scene.kind is Kind.PLACARD) for scene in drawn_scenes])


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
