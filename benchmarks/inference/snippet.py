"""The code of the model cards: the processor, then `generate`, one batch at a time."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor

from inference.engines.base import batches
from schemas.generation import Request


class Snippet:
    """Answers one prompt about all images, then the next one; a batch has its longest limit."""

    def __init__(
        self, folder: str, batch_size: int, precision: str = "float32", device: str = "cpu"
    ) -> None:
        self.batch_size = batch_size
        self._processor = PaliGemmaProcessor.from_pretrained(folder)
        self._model: Any = PaliGemmaForConditionalGeneration.from_pretrained(
            folder, dtype=getattr(torch, precision), device_map=device
        ).eval()

    def answers(self, block: Sequence[Request]) -> list[list[str]]:
        """Return the texts by image and prompt."""
        tasks: dict[int, list[tuple[int, str, int]]] = defaultdict(list)
        for image, request in enumerate(block):
            for position, (prompt, limit) in enumerate(request.prompts):
                tasks[position].append((image, prompt, limit))
        texts: list[list[str]] = [[""] * len(request.prompts) for request in block]
        for position, prompts in tasks.items():
            for batch in batches(prompts, self.batch_size):
                images = [Image.fromarray(block[image].image) for image, _, _ in batch]
                prefixed = [f"<image>{prompt}" for _, prompt, _ in batch]
                answers = self._generate(images, prefixed, max(limit for _, _, limit in batch))
                for (image, _, _), text in zip(batch, answers, strict=True):
                    texts[image][position] = text
        return texts

    def _generate(self, images: list[Image.Image], prompts: list[str], limit: int) -> list[str]:
        inputs = self._processor(images=images, text=prompts, padding=True, return_tensors="pt")
        inputs = inputs.to(self._model.device, self._model.dtype)
        length = inputs["input_ids"].shape[-1]
        with torch.inference_mode():
            output = self._model.generate(**inputs, max_new_tokens=limit, do_sample=False)
        texts: list[str] = self._processor.batch_decode(
            output[:, length:], skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return texts
