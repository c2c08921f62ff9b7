"""Makes a small LoRA adapter of random weights with peft."""

import warnings
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import PaliGemmaForConditionalGeneration

EVERYWHERE = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "fc1")


def build(checkpoint: Path, folder: Path, seed: int = 0, **settings: Any) -> Path:
    """Save an adapter for this checkpoint in `folder`; `settings` go to peft's LoraConfig.

    The adapter is strong enough to change answers: q_proj, k_proj, v_proj and fc1 are also in the
    vision tower.
    """
    chosen = {"r": 4, "lora_alpha": 16, "target_modules": list(EVERYWHERE)} | settings
    # peft warns about tied embeddings, and transformers about calls that peft makes.
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(action="ignore"):
        torch.manual_seed(seed)
        model: Any = PaliGemmaForConditionalGeneration.from_pretrained(checkpoint)
        tuned = get_peft_model(model, LoraConfig(**chosen))
        for name, weight in tuned.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.05)
            elif "modules_to_save" in name:
                weight.data += 0.05 * torch.randn_like(weight)
        tuned.save_pretrained(folder)
    return folder
