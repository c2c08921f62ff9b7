"""The fast engine: prompts read and answers continued side by side, over plain tensors."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch

from inference.checkpoint import ResolvedCheckpoint
from inference.config import Model
from inference.engines.base import BatchedEngine, parts
from inference.engines.decode_steps import Capture, CudaGraphs, Stepping
from inference.engines.scheduler import Batch, Decoding, Question
from inference.engines.shape_buckets import COARSE, EXACT
from inference.families.paligemma.kernels import PLAIN, compiling, fused
from inference.families.paligemma.kv_cache import Slots
from inference.families.paligemma.language_model import TextTower
from inference.families.paligemma.vision_tower import VisionTower
from schemas.generation import Generation, Request
from schemas.resources import Resources
from schemas.sample import RGB

_REHEARSED = 8  # tokens
_LENGTHS = 8  # prompts whose lengths round up to the same multiple are read together


class _Room(NamedTuple):
    """Where a block is answered."""

    slots: Slots
    stepping: Stepping


class FastEngine(BatchedEngine):
    """The reference's answers, sooner: images once, each row only as long as it speaks."""

    def __init__(self, model: Model, checkpoint: ResolvedCheckpoint, resources: Resources) -> None:
        super().__init__(model, checkpoint, resources)
        self._vision = VisionTower(self._loaded.model)
        gpu = torch.device(resources.device).type == "cuda"
        compiled = gpu and model.compile
        self._tower = TextTower(self._loaded.model, fused() if compiled else PLAIN, self.grammar)
        self._rounding = COARSE if gpu else EXACT
        self._compiled = compiled
        # torch's graphs are of one device.
        captures = compiled and resources.gpus == 1
        self._graphs: Callable[[], Capture] | None = CudaGraphs if captures else None
        self._room: _Room | None = None
        if compiled:
            self._rehearse()

    @property
    def rows(self) -> int:
        return self._slots

    def _rehearse(self) -> None:
        """Have everything compiled, by blocks that follow from the sizes alone.

        What is compiled depends on the shapes it is first called with, in the order of its sums,
        too: they must not be those of whichever unit a worker happens to get first.
        """
        side = self.image_spec.side
        image: RGB = np.zeros((side, side, 3), dtype=np.uint8)
        both = Request(image, (("ocr", _REHEARSED), ("caption en", _REHEARSED)))
        alike = Request(image, (("caption en", _REHEARSED),))
        for block in ([alike] * self._batch_size, [both] * self._batch_size, [alike]):
            self.generate(block)
        self.oom_retries = 0

    def _answered(self, block: Sequence[Request], size: int) -> list[tuple[Generation, ...]]:
        with compiling() if self._compiled else nullcontext():
            return self._compute(block, size)

    def _compute(self, block: Sequence[Request], size: int) -> list[tuple[Generation, ...]]:
        vocabulary = self._loaded.vocabulary
        questions = self._questions(block)
        room = self._room_for(questions, self._slots * size // self._batch_size)
        decoding = Decoding(self._tower, *room, vocabulary.image_tokens, vocabulary.end)
        answers = {
            (answer.question.image, answer.question.position): vocabulary.generation(
                answer.codes, answer.logprobs
            )
            for answer in decoding.answers(self._batches(block, questions, size))
        }
        return [
            tuple(answers[image, position] for position in range(len(request.prompts)))
            for image, request in enumerate(block)
        ]

    def _questions(self, block: Sequence[Request]) -> list[list[Question]]:
        """Those of each image."""
        vocabulary = self._loaded.vocabulary
        prompts = {prompt for request in block for prompt, _ in request.prompts}
        tokens = {
            prompt: vocabulary.prefix(prompt)[vocabulary.image_tokens :] for prompt in prompts
        }
        return [
            [
                Question(image, position, tokens[prompt], limit)
                for position, (prompt, limit) in enumerate(request.prompts)
            ]
            for image, request in enumerate(block)
        ]

    def _room_for(self, questions: Sequence[Sequence[Question]], number: int) -> _Room:
        """Slots that hold any of the questions, kept from block to block while they suffice."""
        longest = max(
            (len(each.prompt) + each.limit for image in questions for each in image), default=0
        )
        most = self._loaded.vocabulary.image_tokens + longest + self._rounding.steps
        capacity = self._rounding.seen(most)
        kept = self._room
        if kept is None or kept.slots.number != number or kept.slots.capacity < capacity:
            self._room = kept = None  # frees them first
            slots = self._tower.slots(number, capacity)
            capture = self._graphs and self._graphs()
            stepping = Stepping(self._tower, slots, self._rounding, capture)
            self._room = kept = _Room(slots, stepping)
        return kept

    def _batches(
        self, block: Sequence[Request], questions: Sequence[Sequence[Question]], size: int
    ) -> Iterator[Batch]:
        """Questions of like length together; of some images, long answers first.

        The images are looked at when the questions about those before them have been read.
        """
        for start in range(0, len(block), size):
            features = self._vision(self._pixel_values(block[start : start + size]))
            asked = [each for image in questions[start : start + size] for each in image]
            asked.sort(key=_order)
            for _, alike in groupby(asked, key=_length):
                for batch in parts(list(alike), size):
                    yield Batch(batch, features[[each.image - start for each in batch]])


def _length(question: Question) -> int:
    return -(-len(question.prompt) // _LENGTHS)


def _order(question: Question) -> tuple[int, int, int, int]:
    return -question.limit, _length(question), len(question.prompt), question.image
