"""A PaliGemma in memory, as both engines use it."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from inference.families.loaded_model import FastLayers, TokenGrammar, Workload
from inference.families.paligemma.kernels import PLAIN, compiling, fused
from inference.families.paligemma.language_model import LanguageModel
from inference.families.paligemma.location_grammar import Grammar
from inference.families.paligemma.tokens import Vocabulary
from inference.families.paligemma.vision_tower import VisionTower
from inference.families.paligemma.workload import count_workload


@dataclass(frozen=True, slots=True)
class LoadedCheckpoint:
    """A checkpoint in memory: its weights, its tokens and its image processing."""

    model: Any  # transformers' PaliGemmaForConditionalGeneration, or PaliGemmaModules
    vocabulary: Vocabulary
    rescale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def pixel_values(self, images: torch.Tensor) -> torch.Tensor:
        """Convert model images, uint8 [n, S, S, 3], to [n, 3, S, S] with values from -1 to 1.

        Steps and rounding are the same as in the checkpoint's own image processor, to the bit.
        """
        values = (images.to(torch.float64) * self.rescale).to(torch.float32)
        mean, std = values.new_tensor(self.mean), values.new_tensor(self.std)
        return ((values - mean) / std).permute(0, 3, 1, 2).to(self.model.dtype)

    def grammar(self) -> Grammar:
        """Return the grammar of boxes and masks, on the head's device."""
        head = self.model.lm_head.weight
        return Grammar(self.vocabulary.names(len(head)), head.device)

    def fast_layers(self, compiled: bool, grammar: TokenGrammar | None) -> FastLayers:
        """Return vision tower and language model as plain tensors, over the same weights."""
        kernels = fused() if compiled else PLAIN
        return FastLayers(
            VisionTower(self.model),
            LanguageModel(self.model, kernels, grammar),
            compiling if compiled else nullcontext,
        )

    def workload(self) -> Workload:
        """Count the model's operations and bytes."""
        return count_workload(self.model)
