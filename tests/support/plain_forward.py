"""Log-probabilities by transformers' forward pass as in training, in float64.

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
    """Keeps in float64 what transformers computes in float32 whatever the weights' type."""

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
    """A checkpoint's log-probabilities of every token after the tokens of an answer."""

    def __init__(self, folder: Path, model: Any = None) -> None:
        """`model`: one made of the checkpoint, with an adapter, say; its weights become float64."""
        self._folder = folder
        self._given = model

    @cached_property
    def _model(self) -> Any:
        model = self._given or PaliGemmaForConditionalGeneration.from_pretrained(
            self._folder, attn_implementation="eager"
        )
        for each in model.modules():
            if isinstance(each, PaliGemmaModel):  # an <image> in an answer is a token like others
                each.get_placeholder_mask = self._placeholders
        return model.double().eval()

    def _placeholders(self, *_: Any, inputs_embeds: torch.Tensor, **__: Any) -> torch.Tensor:
        """Where the image's features go: to the first tokens."""
        first = torch.zeros_like(inputs_embeds, dtype=torch.bool)
        first[:, : self._processor.image_seq_length] = True
        return first

    @cached_property
    def _processor(self) -> Any:
        return PaliGemmaProcessor.from_pretrained(self._folder)

    @property
    def end(self) -> int:
        """The token that ends an answer."""
        return int(self._processor.tokenizer.eos_token_id)

    def __call__(self, image: RGB, prompt: str, answer: Sequence[int]) -> torch.Tensor:
        """float64 [tokens of the answer + 1, vocabulary]: of each token, and of what follows."""
        inputs = self._processor(images=image, text=f"<image>{prompt}", return_tensors="pt")
        prefix, said = inputs["input_ids"], torch.tensor([list(answer)], dtype=torch.long)
        with torch.inference_mode(), _NothingInFloat32():
            logits = self._model(
                input_ids=torch.cat([prefix, said], dim=1),
                pixel_values=inputs["pixel_values"].double(),
                token_type_ids=torch.cat([torch.zeros_like(prefix), torch.ones_like(said)], dim=1),
            ).logits[0, prefix.shape[1] - 1 :]
        assert logits.dtype is torch.float64
        return functional.log_softmax(logits, dim=-1)
