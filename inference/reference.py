"""The reference engine: greedy `generate` of transformers, in batches inside the block."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from transformers import LogitsProcessor
from transformers.modeling_outputs import BaseModelOutputWithPooling

from inference import paligemma
from inference.checkpoint import ResolvedCheckpoint, fetch
from inference.engine import Model
from schemas.errors import WorkerFault
from schemas.generation import Generation, Request
from schemas.resources import Resources

Item = TypeVar("Item")


class _Question(NamedTuple):
    """One prompt; in this order, those of one limit go together: no caption waits for an OCR."""

    max_new_tokens: int
    position: int  # among the prompts of its request
    image: int  # row of the image features
    prompt: str


class _Logprobs(LogitsProcessor):
    """Keeps the log-probability of each step's likeliest token, not the whole distribution."""

    def __init__(self) -> None:
        self.steps: list[torch.Tensor] = []  # each [batch]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self.steps.append(scores.amax(dim=-1) - scores.logsumexp(dim=-1))
        return scores


class ReferenceEngine:
    """Runs the vision tower once per image, however many prompts the image has.

    `batch_size` images are looked at together, then as many prompts about them answered together;
    which ones depends on the block alone. Memory grows with `batch_size`, not with the block; where
    it runs out, the block is run again in batches half as large, which is counted.
    """

    def __init__(self, model: Model, checkpoint: ResolvedCheckpoint, resources: Resources) -> None:
        torch.set_num_threads(resources.threads)
        self.resolution = checkpoint.resolution
        self.halvings = 0
        self._batch_size = model.batch_size
        self._device = resources.device
        self._paligemma = paligemma.load(fetch(checkpoint), model.precision, resources.device)

    def generate(self, block: Sequence[Request], /) -> list[tuple[Generation, ...]]:
        size = self._batch_size
        while True:
            try:
                with torch.inference_mode():
                    return [
                        generations
                        for requests in _parts(block, size)
                        for generations in self._answered(requests, size)
                    ]
            except torch.OutOfMemoryError:
                if size == 1:
                    raise WorkerFault("one prompt alone does not fit into memory") from None
            except RuntimeError as error:  # its message may quote what the data hold
                raise WorkerFault(f"the engine failed: {type(error).__name__}") from None
            size //= 2
            self.halvings += 1
            torch.cuda.empty_cache()  # does nothing without a GPU

    def _answered(self, requests: Sequence[Request], size: int) -> Iterator[tuple[Generation, ...]]:
        features = self._features(requests)
        questions = sorted(
            _Question(max_new_tokens, position, image, prompt)
            for image, request in enumerate(requests)
            for position, (prompt, max_new_tokens) in enumerate(request.prompts)
        )
        answers: dict[tuple[int, int], Generation] = {}
        for _, alike in groupby(questions, key=lambda question: question.max_new_tokens):
            for batch in _parts(list(alike), size):
                for question, answer in zip(batch, self._decoded(batch, features), strict=True):
                    answers[question.image, question.position] = answer
        for image, request in enumerate(requests):
            yield tuple(answers[image, position] for position in range(len(request.prompts)))

    def _features(self, requests: Sequence[Request]) -> torch.Tensor:
        """What the text tower sees of the images: [images, image tokens, width]."""
        images = torch.from_numpy(np.stack([request.image for request in requests]))
        values = self._paligemma.pixel_values(images.to(self._device))
        features: torch.Tensor = self._paligemma.model.get_image_features(values).pooler_output
        return features

    def _decoded(self, batch: Sequence[_Question], features: torch.Tensor) -> list[Generation]:
        """Answers to prompts of one limit."""
        vocabulary = self._paligemma.vocabulary
        prefixes = [vocabulary.prefix(question.prompt) for question in batch]
        longest = max(map(len, prefixes))
        # Padding goes to the left: generated tokens follow the last column.
        padding = [longest - len(prefix) for prefix in prefixes]
        codes = [[vocabulary.pad] * n + prefix for n, prefix in zip(padding, prefixes, strict=True)]
        mask = [[0] * n + [1] * (longest - n) for n in padding]
        input_ids = torch.tensor(codes, device=self._device)
        seen = features[[question.image for question in batch]]
        logprobs = _Logprobs()
        output = self._paligemma.model.generate(
            input_ids=input_ids,
            attention_mask=torch.tensor(mask, device=self._device),
            # 0 says prefix: without it attention inside the prefix would be causal.
            token_type_ids=torch.zeros_like(input_ids),
            mm_encoder_outputs={"image": BaseModelOutputWithPooling(pooler_output=seen)},
            max_new_tokens=batch[0].max_new_tokens,
            logits_processor=[logprobs],
        )
        answers = output[:, longest:].tolist()
        scores = torch.stack(logprobs.steps, dim=1)
        if not scores.isfinite().all():
            raise WorkerFault("the model's output is not finite: choose another model.precision")
        return [self._generation(*row) for row in zip(answers, scores.tolist(), strict=True)]

    def _generation(self, codes: list[int], logprobs: list[float]) -> Generation:
        vocabulary = self._paligemma.vocabulary
        stopped = vocabulary.end in codes
        if stopped:  # what follows it only fills the batch
            codes = codes[: codes.index(vocabulary.end)]
        return Generation(
            tokens=vocabulary.tokens(codes, logprobs[: len(codes)]),
            text=vocabulary.text(codes),
            finish_reason="stop" if stopped else "length",
        )


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
