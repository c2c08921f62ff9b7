"""Computes log-probabilities in float64, by one forward pass of transformers as in training.

Nothing is batched, padded, cached or reused.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from transformers import PaliGemmaForConditionalGeneration, PaliGemmaModel, PaliGemmaProcessor

from schemas.sample import RGB


class _NothingInFloat32(TorchFunctionMode):
    """Makes float64 of the casts to float32 in transformers' norms and softmax."""

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if function is torch.Tensor.float:
            function = torch.Tensor.double
        if kwargs.get("dtype") is torch.float32:
            kwargs = kwargs | {"dtype": torch.float64}
        return function(*args, **kwargs)


class PlainForward:
    """Computes a checkpoint's log-probabilities of every token at each step of an answer."""

    def __init__(self, folder: Path, model: Any = None) -> None:
        """Load the checkpoint at the first call, or convert `model`, made of it, to float64."""
        self._folder = folder
        self._given = model
        self._num_images = 1

    @cached_property
    def _model(self) -> Any:
        model = self._given or PaliGemmaForConditionalGeneration.from_pretrained(
            self._folder, attn_implementation="eager"
        )
        for each in model.modules():
            if isinstance(each, PaliGemmaModel):  # an <image> in the answer is an ordinary token
                each.get_placeholder_mask = self._placeholders
        return model.double().eval()

    def _placeholders(self, *_: Any, inputs_embeds: torch.Tensor, **__: Any) -> torch.Tensor:
        """Mark the first tokens as the places of the image's features."""
        first = torch.zeros_like(inputs_embeds, dtype=torch.bool)
        first[:, : self._num_images * self._processor.image_seq_length] = True
        return first

    @cached_property
    def _processor(self) -> Any:
        return PaliGemmaProcessor.from_pretrained(self._folder)

    @property
    def end(self) -> int:
        """The end-of-sequence token."""
        return int(self._processor.tokenizer.eos_token_id)

    def __call__(self, images: Sequence[RGB], prompt: str, answer: Sequence[int]) -> torch.Tensor:
        """Return float64 [len(answer) + 1, vocabulary]; the last row is for the token after it."""
        self._num_images = len(images)
        text = "<image>" * len(images) + prompt
        inputs = self._processor(images=[list(images)], text=[text], return_tensors="pt")
        prefix, answer_ids = inputs["input_ids"], torch.tensor([list(answer)], dtype=torch.long)
        with torch.inference_mode(), _NothingInFloat32():
            logits = self._model(
                input_ids=torch.cat([prefix, answer_ids], dim=1),
                pixel_values=inputs["pixel_values"].double(),
                token_type_ids=torch.cat(
                    [torch.zeros_like(prefix), torch.ones_like(answer_ids)], dim=1
                ),
            ).logits[0, prefix.shape[1] - 1 :]
        assert logits.dtype is torch.float64
        return functional.log_softmax(logits, dim=-1)
