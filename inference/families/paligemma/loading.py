"""Loads a PaliGemma with transformers, so that it computes what its authors published."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    GenerationConfig,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
)
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.utils import logging

from inference.families.dimensions import place_layers
from inference.families.loaded_model import FastLayers, TokenGrammar, Workload
from inference.families.paligemma.device_map import device_map
from inference.families.paligemma.dimensions import read_dimensions
from inference.families.paligemma.kernels import PLAIN, compiling, fused
from inference.families.paligemma.language_model import LanguageModel
from inference.families.paligemma.load_errors import load_errors
from inference.families.paligemma.location_grammar import Grammar
from inference.families.paligemma.quantization import quantization_config
from inference.families.paligemma.tokens import Vocabulary
from inference.families.paligemma.vision_tower import VisionTower
from inference.families.paligemma.workload import count_workload
from schemas.errors import JobError

# The type annotations of transformers reject documented uses of these three.
_Model: Any = PaliGemmaForConditionalGeneration
_Greedy: Any = GenerationConfig
_logging: Any = logging


@dataclass(frozen=True, slots=True)
class LoadedCheckpoint:
    """A checkpoint in memory: its weights, its tokens and its image processing."""

    model: Any  # PaliGemmaForConditionalGeneration
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

    def features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Encode images with transformers' own modules: [n, image tokens, width]."""
        features: torch.Tensor = self.model.get_image_features(pixel_values).pooler_output
        return features

    def generate(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        features: torch.Tensor,
        max_new_tokens: int,
        logits_processor: Any,
    ) -> torch.Tensor:
        """Run transformers' greedy `generate`: token ids [rows, prefix + generated]."""
        token_ids: torch.Tensor = self.model.generate(
            input_ids=input_ids,
            attention_mask=attention_mask,
            # 0 marks the prefix: without it, attention inside the prefix would be causal.
            token_type_ids=torch.zeros_like(input_ids),
            mm_encoder_outputs={"image": BaseModelOutputWithPooling(pooler_output=features)},
            max_new_tokens=max_new_tokens,
            logits_processor=logits_processor,
        )
        return token_ids

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


def load(
    folder: Path, precision: str, devices: Sequence[str], adapter: Path | None = None
) -> LoadedCheckpoint:
    """Load safetensors from a local folder in the given precision; no remote code is run.

    Weights are loaded straight onto their device, one after the other; several devices share the
    layers of the language model. An adapter, in a folder of its own, is merged into the weights
    unless they are quantized.

    The language model's attention is the one that transformers chooses: sdpa for PaliGemma, eager
    for PaliGemma 2, because sdpa has no soft-cap.
    """
    _logging.disable_progress_bar()  # the job has its own progress bar
    if (folder / "adapter_config.json").exists():  # transformers would apply it unasked
        raise JobError(
            f"model.checkpoint: {str(folder)!r} holds an adapter beside its weights: copy them "
            "without adapter_config.json, and name the adapter in model.adapter"
        )
    with load_errors(folder, "config.json"):
        config = PaliGemmaConfig.from_pretrained(folder, local_files_only=True)
    text: Any = config.text_config
    if getattr(text, "layer_types", None) is not None:
        # PaliGemma 2 was trained without Gemma 2's sliding window. At 896 pixels the window would
        # hide the first of the 4096 image tokens from half of the layers.
        text.layer_types = ["full_attention"] * text.num_hidden_layers
    quantization = quantization_config(precision)
    dtype = getattr(torch, precision) if quantization is None else torch.bfloat16
    with load_errors(folder, "config.json or weights"):
        model, loaded = _Model.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            quantization_config=quantization,
            device_map=module_devices(folder, precision, devices),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are reported, and refused here
        )
    if loaded["missing_keys"] or loaded["mismatched_keys"]:
        # transformers initializes missing weights at random, with only a warning.
        raise JobError(f"model.checkpoint: weights are missing in {str(folder)!r}: copy it again")
    if adapter is not None:
        from inference.families.paligemma.lora import adapt  # which imports peft

        adapt(model, adapter)
    with load_errors(folder, "tokenizer or image processor"):
        processor = PaliGemmaProcessor.from_pretrained(folder, local_files_only=True)
        vocabulary = Vocabulary(processor, text.num_image_tokens)
        pixels = processor.image_processor
        rescale = float(pixels.rescale_factor)
        mean, std = (tuple(map(float, each)) for each in (pixels.image_mean, pixels.image_std))
        if len(mean) != 3 or len(std) != 3 or 0 in std:
            raise ValueError("not a mean and a spread for each color")
        embedding = model.get_input_embeddings()
        if vocabulary.size > embedding.num_embeddings or vocabulary.image != config.image_token_id:
            raise ValueError("more tokens than embeddings, or another image token")
    # Greedy decoding, whatever the checkpoint's own generation configuration says.
    model.generation_config = _Greedy(
        do_sample=False,
        num_beams=1,
        pad_token_id=vocabulary.pad,
        eos_token_id=vocabulary.end,
    )
    return LoadedCheckpoint(
        model=model.eval(), vocabulary=vocabulary, rescale=rescale, mean=mean, std=std
    )


def module_devices(folder: Path, precision: str, devices: Sequence[str]) -> dict[str, str]:
    """Return the device of each module, in accelerate's form."""
    if len(devices) == 1:
        return {"": devices[0]}
    dimensions = read_dimensions(folder)
    stored = dimensions.stored(precision)
    placed = place_layers(dimensions.layers, *stored, len(devices))
    return {module: devices[gpu] for module, gpu in device_map(placed).items()}
