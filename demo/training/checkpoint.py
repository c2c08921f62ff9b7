"""Saves a trained model as a checkpoint for jobs."""

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor


def save(model: Any, processor: PaliGemmaProcessor, folder: Path) -> None:
    """Save the weights in bfloat16, as they are evaluated, with configuration and processor."""
    processor.save_pretrained(folder)
    copy.deepcopy(model).to(torch.bfloat16).save_pretrained(folder)


def load_weights(model: Any, folder: Path) -> None:
    """Copy a checkpoint's weights; tokens that it lacks, which come last, keep their own."""
    earlier: Any = PaliGemmaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    weights = dict(earlier.named_parameters())
    with torch.no_grad():
        for name, own in model.named_parameters():
            own[: len(weights[name])] = weights[name]
