"""PaliGemma as transformers runs it, loaded so that it computes what its authors published."""

from collections.abc import Sequence
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
from transformers.utils import logging

from inference.families.dimensions import place_layers
from inference.families.paligemma.device_map import device_map
from inference.families.paligemma.dimensions import read_dimensions
from inference.families.paligemma.quantization import quantisation
from inference.families.paligemma.tokens import Vocabulary
from schemas.errors import JobError

# The annotations of transformers reject documented uses of all three.
_Model: Any = PaliGemmaForConditionalGeneration
_Greedy: Any = GenerationConfig
_logging: Any = logging


@dataclass(frozen=True, slots=True)
class PaliGemma:
    """A checkpoint in memory: its weights, its tokens and how pixels become numbers."""

    model: Any  # PaliGemmaForConditionalGeneration
    vocabulary: Vocabulary
    rescale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def pixel_values(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 [n, S, S, 3] as the vision tower takes them, [n, 3, S, S] from -1 to 1.

        The steps and roundings are those of the checkpoint's own image processor, to the bit.
        """
        values = (images.to(torch.float64) * self.rescale).to(torch.float32)
        mean, std = values.new_tensor(self.mean), values.new_tensor(self.std)
        return ((values - mean) / std).permute(0, 3, 1, 2).to(self.model.dtype)


def load(
    folder: Path, precision: str, devices: Sequence[str], adapter: Path | None = None
) -> PaliGemma:
    """Load safetensors from a local directory in the given precision; no remote code.

    Weights go straight to their device, one after the other; several devices share the layers of
    the text tower. An adapter, in a directory of its own, is merged into the weights, as far as
    they are not quantised.

    Text attention stays what transformers chooses: sdpa for PaliGemma, eager for PaliGemma 2,
    whose attention soft-cap sdpa has not.
    """
    _logging.disable_progress_bar()  # the job has its own
    if (folder / "adapter_config.json").exists():  # transformers would put it over the weights
        raise JobError(
            f"model.checkpoint: {str(folder)!r} holds an adapter beside its weights: copy them "
            "without adapter_config.json, and name the adapter in model.adapter"
        )
    config = PaliGemmaConfig.from_pretrained(folder, local_files_only=True)
    text: Any = config.text_config
    if getattr(text, "layer_types", None) is not None:
        # PaliGemma 2 was trained without Gemma 2's sliding window, which at 896 pixels hides the
        # first of the 4096 image tokens from half of the layers.
        text.layer_types = ["full_attention"] * text.num_hidden_layers
    quantised = quantisation(precision)
    dtype = getattr(torch, precision) if quantised is None else torch.bfloat16
    model, loaded = _Model.from_pretrained(
        folder,
        config=config,
        dtype=dtype,
        quantization_config=quantised,
        device_map=places(folder, precision, devices),
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
    )
    if loaded["missing_keys"] or loaded["mismatched_keys"]:
        # transformers makes up what is missing, with a warning only.
        raise JobError(f"model.checkpoint: weights are missing in {str(folder)!r}: copy it again")
    if adapter is not None:
        from inference.families.paligemma.lora import adapt  # which imports peft

        adapt(model, adapter)
    processor = PaliGemmaProcessor.from_pretrained(folder, local_files_only=True)
    vocabulary = Vocabulary(processor, text.num_image_tokens)
    # Greedy, whatever sampling, penalties or cache the checkpoint's own file asks for.
    model.generation_config = _Greedy(
        do_sample=False,
        num_beams=1,
        pad_token_id=vocabulary.pad,
        eos_token_id=vocabulary.end,
    )
    pixels = processor.image_processor
    return PaliGemma(
        model=model.eval(),
        vocabulary=vocabulary,
        rescale=float(pixels.rescale_factor),
        mean=tuple(pixels.image_mean),
        std=tuple(pixels.image_std),
    )


def places(folder: Path, precision: str, devices: Sequence[str]) -> dict[str, str]:
    """The device of each module, as accelerate takes it."""
    if len(devices) == 1:
        return {"": devices[0]}
    dimensions = read_dimensions(folder)
    stored = dimensions.stored(precision)
    placed = place_layers(dimensions.layers, *stored, len(devices))
    return {module: devices[place] for module, place in device_map(placed).items()}
