"""Saves a trained model as a checkpoint for jobs."""

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import PaliGemmaProcessor


def save(model: Any, processor: PaliGemmaProcessor, folder: Path) -> None:
    """Save the weights in bfloat16, as they are evaluated, with configuration and processor."""
    processor.save_pretrained(folder)
    copy.deepcopy(model).to(torch.bfloat16).save_pretrained(folder)
