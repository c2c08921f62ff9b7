"""Loads a PaliGemma with transformers, so that it computes what its authors published."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, PaliGemmaForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.utils import logging

from inference.config import QUANTIZED, is_plain_int8
from inference.families.paligemma.configuration import read_transformers_configuration
from inference.families.paligemma.device_map import module_devices
from inference.families.paligemma.int8_linear import quantize_linears, unquantized_type
from inference.families.paligemma.load_errors import load_errors, missing_weights
from inference.families.paligemma.loaded_checkpoint import LoadedCheckpoint
from inference.families.paligemma.processing import read_processing
from inference.families.paligemma.quantization import quantization_config

# The type annotations of transformers reject documented uses of these three.
_Model: Any = PaliGemmaForConditionalGeneration
_Greedy: Any = GenerationConfig
_logging: Any = logging

_LAYERS = "model.language_model.layers"


@dataclass(frozen=True, slots=True)
class ReferenceCheckpoint(LoadedCheckpoint):
    """A checkpoint whose model is transformers' PaliGemmaForConditionalGeneration."""

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


def load(
    folder: Path, precision: str, devices: Sequence[str], adapter: Path | None = None
) -> ReferenceCheckpoint:
    """Load safetensors from a local folder in the given precision; no remote code is run.

    Weights are loaded straight onto their device, one after the other; several devices share the
    layers of the language model. An adapter, in a folder of its own, is merged into the weights
    unless they are quantized.

    The language model's attention is the one that transformers chooses: sdpa for PaliGemma, eager
    for PaliGemma 2, because sdpa has no soft-cap.
    """
    _logging.disable_progress_bar()  # the job has its own progress bar
    config = read_transformers_configuration(folder)
    plain_int8 = is_plain_int8(precision, devices[0])
    quantization = None if plain_int8 else quantization_config(precision)
    if precision in QUANTIZED:
        dtype = unquantized_type() if plain_int8 else torch.bfloat16
    else:
        dtype = getattr(torch, precision)
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
        raise missing_weights(folder)
    if adapter is not None:
        from inference.families.paligemma.lora import adapt  # which imports peft

        adapt(model, adapter, beside=_LAYERS if plain_int8 else None)
    if plain_int8:
        quantize_linears(model.get_submodule(_LAYERS))
    processing = read_processing(folder, config)
    # Greedy decoding, whatever the checkpoint's own generation configuration says.
    model.generation_config = _Greedy(
        do_sample=False,
        num_beams=1,
        pad_token_id=processing.vocabulary.pad,
        eos_token_id=processing.vocabulary.end,
    )
    return ReferenceCheckpoint(model.eval(), *processing)
