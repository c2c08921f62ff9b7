"""Trains a mask decoder for the shapes, in the layout published with PaliGemma."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from demo.scenes import drawing, mask_codes, words
from inference.families.paligemma.masks import MaskDecoder

_SIDE = 64  # pixels of a mask
_RATE = 2e-3


def train(path: Path, steps: int, report: Callable[[str], None]) -> None:
    """Train the decoder and write its float16 weights under the key names of the published file."""
    decoder = MaskDecoder()
    codes = torch.tensor([mask_codes.of(label) for label in words.SHAPES])
    inside = torch.stack([_mask(label) for label in words.SHAPES])
    optimizer = torch.optim.Adam(decoder.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for step in range(steps):
        logits = decoder(codes)
        loss = functional.binary_cross_entropy_with_logits(logits, inside)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if (step + 1) % 20 == 0:
            right = ((logits > 0) == (inside > 0.5)).float().mean().item()
            report(f"masks {step + 1}/{steps}: loss {loss.item():.4f}, pixels right {right:.4f}")
    weights = {name: weight.half().numpy() for name, weight in decoder.state_dict().items()}
    weights["_vq_vae._embedding"] = weights.pop("codebook.weight")
    np.savez_compressed(path, allow_pickle=False, **weights)


def _mask(label: str) -> torch.Tensor:
    """The share of each pixel inside the shape, float32 [64, 64] from 0 to 1."""
    canvas = Image.new("RGB", (_SIDE, _SIDE))
    drawing.draw_shape(canvas, label, (255, 255, 255), (0, 0, _SIDE, _SIDE))
    return torch.from_numpy(np.array(canvas.convert("L"), np.float32)) / 255
