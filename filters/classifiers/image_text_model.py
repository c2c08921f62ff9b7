"""The similarity of images and texts by a model such as CLIP or SigLIP, run by transformers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from filters.classifiers.hugging_face import BatchedModel, load_errors
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import RGB


class ImageTextModel(BatchedModel):
    """A model with an image tower and a text tower that share one space of embeddings.

    Texts are cut at the length that the model takes, and padded to it, so that the similarity of a
    pair does not depend on the pairs in its batch.
    """

    _kind = "a whole model"

    def __init__(self, folder: Path, resources: Resources) -> None:
        super().__init__(AutoModel, folder, resources, independent=True)
        with load_errors(folder):
            processor: Any = AutoImageProcessor
            self._processor = processor.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, backend="pil"
            )
            tokenizer: Any = AutoTokenizer
            self._tokenizer = tokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
        if self._tokenizer.pad_token is None:
            raise JobError(f"model: the tokenizer of {str(folder)!r} has no padding token")
        positions = self._model.config.text_config.max_position_embeddings
        self._length = min(self._tokenizer.model_max_length, positions)

    def similarities(
        self, pairs: Sequence[tuple[Sequence[RGB], str]]
    ) -> list[npt.NDArray[np.float32]]:
        """Return the cosine similarity of each frame of a pair to the pair's text: [frames]."""
        with self._lock:
            values = iter(self._classify(self._inputs(pairs)))
        return [
            np.array([next(values) for _ in frames], np.float32).reshape(-1) for frames, _ in pairs
        ]

    def _inputs(
        self, pairs: Sequence[tuple[Sequence[RGB], str]]
    ) -> Iterator[dict[str, torch.Tensor]]:
        for frames, text in pairs:
            tokens = self._tokenizer(
                text,
                padding="max_length",
                truncation=True,
                max_length=self._length,
                split_special_tokens=True,  # "<|endoftext|>" in a text is no special token
                return_tensors="pt",
            )
            for frame in frames:
                # An explicit layout: the shape of an image 1 or 3 pixels high is ambiguous.
                pixels = self._processor(
                    frame, input_data_format="channels_last", return_tensors="pt"
                )
                yield {name: value[0] for name, value in {**pixels, **tokens}.items()}

    def _results(self, outputs: Any) -> torch.Tensor:
        return torch.nn.functional.cosine_similarity(outputs.image_embeds, outputs.text_embeds)
