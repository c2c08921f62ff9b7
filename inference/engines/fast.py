"""The fast engine: continuous batching over a model of plain tensors."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby, starmap
from typing import NamedTuple, TypeVar

import numpy as np
import torch

from inference.checkpoint import ResolvedCheckpoint
from inference.config import Model
from inference.engines.base import (
    BatchedEngine,
    batches,
    features_of,
    prompts_together,
    requests_with_images,
    rows_of_images,
)
from inference.engines.choice_scoring import ChoiceScorer, ScoreRequest, score_requests, scored
from inference.engines.decode_steps import Capture, CudaGraphs, DecodeLoop
from inference.engines.scheduler import Batch, BatchScheduler, DecodeRequest
from inference.engines.shape_buckets import CPU_BUCKETS, GPU_BUCKETS
from inference.families.loaded_model import KVCache
from inference.tasks.intents import DescribeImage, ReadText
from schemas.errors import JobError
from schemas.generation import Generation, Request
from schemas.resources import Resources
from schemas.sample import RGB

_Asked = TypeVar("_Asked", DecodeRequest, ScoreRequest)

_WARM_UP_TOKENS = 8
_LENGTH_BUCKET = 8  # prompts are prefilled together if their lengths round up to one multiple


class _DecodeState(NamedTuple):
    """A cache and the decode loop over it, reused from block to block."""

    cache: KVCache
    loop: DecodeLoop


class FastEngine(BatchedEngine):
    """An engine with continuous batching; it generates the same tokens as ReferenceEngine.

    Each image is encoded once, and a row of the cache is freed when its answer ends.
    """

    def __init__(self, model: Model, checkpoint: ResolvedCheckpoint, resources: Resources) -> None:
        super().__init__(model, checkpoint, resources)
        on_gpu = torch.device(resources.device).type == "cuda"
        self._compiled = on_gpu and model.compile
        layers = self._loaded.fast_layers(self._compiled, self.grammar)
        if layers is None:
            raise JobError(
                f"model.engine: {self.family.title} has no fast engine: set model.engine: reference"
            )
        self._vision_tower, self._language_model, self._compiling = layers
        self._buckets = GPU_BUCKETS if on_gpu else CPU_BUCKETS
        # A CUDA graph belongs to one device.
        captures = self._compiled and resources.gpus == 1
        self._graphs: Callable[[], Capture] | None = CudaGraphs if captures else None
        self._decode_state: _DecodeState | None = None
        if self._compiled:
            self._warm_up()

    @property
    def max_rows(self) -> int:
        return self._num_slots

    def _warm_up(self) -> None:
        """Compile all kernels, with blocks that depend only on the engine's sizes.

        The order of sums in a compiled kernel depends on the shapes of its first call, so the first
        call must not depend on which unit a worker happens to get first.
        """
        side = self.image_spec.side
        image: RGB = np.zeros((side, side, 3), dtype=np.uint8)
        caption = (self.family.prompt(DescribeImage("short", "en")), _WARM_UP_TOKENS)
        ocr = (self.family.prompt(ReadText()), _WARM_UP_TOKENS)
        one_prompt, two_prompts = Request((image,), (caption,)), Request((image,), (ocr, caption))
        for block in (
            [one_prompt] * self._batch_size,
            [two_prompts] * self._batch_size,
            [one_prompt],
        ):
            self.generate(block)
        self.oom_retries = 0

    def _generate(self, block: Sequence[Request], batch_size: int) -> list[tuple[Generation, ...]]:
        with self._compiling():
            return self._compute(block, batch_size)

    def _compute(self, block: Sequence[Request], batch_size: int) -> list[tuple[Generation, ...]]:
        vocabulary = self._loaded.vocabulary
        requests = self._decode_requests(block)
        longest = [
            each.image_tokens + len(each.prompt_ids) + each.max_new_tokens
            for each in chain.from_iterable(requests)
        ]
        cache, loop = self._decode_state_for(max(longest, default=0), batch_size)
        scheduler = BatchScheduler(self._language_model, cache, loop, vocabulary.end)
        prompts = starmap(Batch, self._batches(block, requests, batch_size, _order))
        generations = {
            (row.request.index, row.request.position): vocabulary.generation(
                row.token_ids, row.logprobs
            )
            for row in scheduler.decode(prompts)
        }
        return [
            tuple(generations[index, position] for position in range(len(request.prompts)))
            for index, request in enumerate(block)
        ]

    def _score(
        self, block: Sequence[Request], batch_size: int
    ) -> list[tuple[tuple[Generation, ...], ...]]:
        vocabulary = self._loaded.vocabulary
        requests = score_requests(block, vocabulary)
        longest = max((each.longest for each in chain.from_iterable(requests)), default=0)
        cache, _ = self._decode_state_for(longest, batch_size)
        scorer = ChoiceScorer(self._language_model, cache, self._buckets)
        scores: dict[tuple[int, int], tuple[Generation, ...]] = {}
        with self._compiling():
            for batch, features in self._batches(block, requests, batch_size, _shape):
                for each, logprobs in zip(batch, scorer.score(features, batch), strict=True):
                    choices = zip(each.choices, each.choice_ids, logprobs, strict=True)
                    scores[each.index, each.position] = tuple(
                        scored(vocabulary, *choice) for choice in choices
                    )
        return [
            tuple(scores[index, position] for position in range(len(request.choices)))
            for index, request in enumerate(block)
        ]

    def _decode_requests(self, block: Sequence[Request]) -> list[list[DecodeRequest]]:
        """Build the decode requests of each request; each distinct prompt is tokenized once."""
        vocabulary = self._loaded.vocabulary
        prompts = {prompt for request in block for prompt, _ in request.prompts}
        prompt_ids = {prompt: vocabulary.prefix(prompt, images=0) for prompt in prompts}
        return [
            [
                DecodeRequest(index, position, image_tokens, prompt_ids[prompt], max_new_tokens)
                for position, (prompt, max_new_tokens) in enumerate(request.prompts)
            ]
            for index, request in enumerate(block)
            for image_tokens in [vocabulary.image_tokens * len(request.images)]
        ]

    def _decode_state_for(self, longest: int, batch_size: int) -> _DecodeState:
        """Return a cache with room for `longest` columns and some more, and its loop.

        The last block's cache and loop are reused if the cache has as many slots and enough
        columns.
        """
        num_slots = self._num_slots * batch_size // self._batch_size
        capacity = self._buckets.padded_columns(longest + self._buckets.steps)
        state = self._decode_state
        if state is None or state.cache.num_slots != num_slots or state.cache.capacity < capacity:
            self._decode_state = state = None  # frees the old cache before the new one is allocated
            cache = self._language_model.allocate_cache(num_slots, capacity)
            capture = self._graphs and self._graphs()
            loop = DecodeLoop(self._language_model, cache, self._buckets, capture)
            self._decode_state = state = _DecodeState(cache, loop)
        return state

    def _batches(
        self,
        block: Sequence[Request],
        requests: Sequence[Sequence[_Asked]],
        batch_size: int,
        order: Callable[[_Asked], tuple[int, ...]],
    ) -> Iterator[tuple[Sequence[_Asked], torch.Tensor]]:
        """Yield prompts of similar lengths and their images' features, as `Batch` has them.

        They come in groups of `batch_size` images, in an order within each group. The images of a
        group are encoded together, once all prompts about earlier images are read. The prompts of a
        batch have as many images.
        """
        start = 0
        for group in requests_with_images(block, batch_size):
            end = start + len(group)
            features = self._encode(group, self._vision_tower, batch_size)
            rows = rows_of_images(group)
            pending = sorted(chain.from_iterable(requests[start:end]), key=order)
            for _, similar in groupby(pending, key=_shape):
                together = list(similar)
                most = prompts_together(batch_size, len(rows[together[0].index - start]))
                for batch in batches(together, most):
                    images = [rows[each.index - start] for each in batch]
                    yield batch, features_of(features, images)
            start = end


def _shape(request: DecodeRequest | ScoreRequest) -> tuple[int, int]:
    """Return the number of image tokens, and the length of the prompt in buckets."""
    return request.image_tokens, -(-len(request.prompt_ids) // _LENGTH_BUCKET)


def _order(request: DecodeRequest) -> tuple[int, int, int, int, int]:
    """Put the longest answers first."""
    return (
        -request.max_new_tokens,
        *_shape(request),
        len(request.prompt_ids),
        request.index,
    )
