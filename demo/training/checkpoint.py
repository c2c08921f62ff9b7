"""Saves a trained model as a checkpoint that any job can name."""

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import PaliGemmaProcessor


def save(model: Any, processor: PaliGemmaProcessor, folder: Path) -> None:
    """Weights in bfloat16, which is what is measured; configuration, tokens and processor."""
    processor.save_pretrained(folder)
    copy.deepcopy(model).to(torch.bfloat16).save_pretrained(folder)
