"""The base of the engines: loads the model, and runs smaller batches after an out-of-memory."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
import torch

from inference.checkpoint import ResolvedCheckpoint, family_of, fetch_checkpoint
from inference.config import Model
from inference.device import model_devices
from inference.engines.feature_store import FeatureStore
from inference.engines.sizing import resolve_sizes
from inference.families.loaded_model import CompilerError, LoadedModel, TokenGrammar, Workload
from inference.hub.adapter import fetch_adapter
from schemas.errors import WorkerFault
from schemas.generation import Generation, Request
from schemas.resources import Resources
from schemas.sample import RGB

Item = TypeVar("Item")


class BatchedEngine(ABC):
    """An engine that encodes and prefills at most `batch_size` images together.

    So at most `batch_size` prompts about one image are prefilled together, and fewer prompts about
    several images, but at least one.

    The batches depend on the block alone. Memory grows with `batch_size`, not with the block; after
    an out-of-memory the whole block is run again in batches half as large, and `oom_retries` is
    raised by one.
    """

    def __init__(self, model: Model, checkpoint: ResolvedCheckpoint, resources: Resources) -> None:
        torch.set_num_threads(resources.threads)
        self.family = family_of(checkpoint, resources.fetch)
        self.image_spec = self.family.image_spec(checkpoint.resolution)
        self.oom_retries = 0
        sizes = resolve_sizes(
            model, checkpoint, resources.device, resources.gpus, fetch=resources.fetch
        )
        self.block_size = sizes.block_size  # the best number of requests in a block
        self._batch_size, self._num_slots = sizes.batch_size, sizes.slots
        self._device = resources.device
        self._uses_grammar = model.grammar
        self._store: FeatureStore | None = None  # inside of `sharing_images`
        self._loaded: LoadedModel = self.family.load(
            fetch_checkpoint(checkpoint, resources.fetch),
            model,
            model_devices(resources.device, resources.gpus),
            fetch_adapter(checkpoint.adapter, resources.fetch) if checkpoint.adapter else None,
        )

    @cached_property
    def grammar(self) -> TokenGrammar | None:
        """The grammar of boxes and masks, if the job's `model.grammar` asks for it."""
        return self._loaded.grammar() if self._uses_grammar else None

    @property
    def model(self) -> Any:
        """The model as a module."""
        return self._loaded.model

    @property
    def max_rows(self) -> int:
        """The largest number of answers that are decoded together."""
        return self._batch_size

    def workload(self) -> Workload:
        """Count the model's operations and bytes, for the roofline."""
        return self._loaded.workload()

    def prompt_length(self, prompt: str) -> int:
        """Count the tokens of a prompt, without the image tokens."""
        return len(self._loaded.vocabulary.prefix(prompt, images=0))

    @contextmanager
    def sharing_images(self) -> Iterator[None]:
        """Encode an image once for all blocks inside this context, while the store has room."""
        self._store = FeatureStore(self._device)
        try:
            yield
        finally:
            self._store = None

    @abstractmethod
    def _generate(self, block: Sequence[Request], batch_size: int) -> list[tuple[Generation, ...]]:
        """Generate the answers to a block, in batches of `batch_size`."""

    @abstractmethod
    def _score(
        self, block: Sequence[Request], batch_size: int
    ) -> list[tuple[tuple[Generation, ...], ...]]:
        """Score the choices of a block, in batches of `batch_size`."""

    def generate(self, block: Sequence[Request], /) -> list[tuple[Generation, ...]]:
        return self._in_batches(self._generate, block)

    def score(self, block: Sequence[Request], /) -> list[tuple[tuple[Generation, ...], ...]]:
        return self._in_batches(self._score, block)

    def _in_batches(
        self, compute: Callable[[Sequence[Request], int], Item], block: Sequence[Request]
    ) -> Item:
        """Compute a block, in smaller batches after an out-of-memory."""
        batch_size = self._batch_size
        while True:
            try:
                with torch.inference_mode():
                    return compute(block, batch_size)
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise WorkerFault(_reason(error)) from None
                if batch_size == 1:
                    raise WorkerFault("one prompt alone does not fit into memory") from None
            batch_size //= 2
            self.oom_retries += 1
            torch.cuda.empty_cache()  # does nothing without a GPU

    def _encode(
        self,
        requests: Sequence[Request],
        encode: Callable[[torch.Tensor], torch.Tensor],
        batch_size: int,
    ) -> torch.Tensor:
        """Encode the images of the requests: [images, image tokens, width].

        `encode` is the vision tower; `batch_size` images are encoded together. An image that a
        request has several times, such as the repeated frame of a short video, is encoded once.
        """
        keys = [(n, id(image)) for n, request in enumerate(requests) for image in request.images]
        images = [image for request in requests for image in request.images]
        different = dict(zip(keys, images, strict=True))
        encoded = self._features(list(different.values()), encode, batch_size)
        if len(different) == len(images):
            return encoded
        rows = {key: row for row, key in enumerate(different)}
        return encoded[torch.tensor([rows[key] for key in keys], device=encoded.device)]

    def _features(
        self,
        images: Sequence[RGB],
        encode: Callable[[torch.Tensor], torch.Tensor],
        batch_size: int,
    ) -> torch.Tensor:
        """Return the features of images, from the store if it has them."""

        def encode_all(images: Sequence[RGB]) -> torch.Tensor:
            features = [encode(self._pixel_values(batch)) for batch in batches(images, batch_size)]
            return features[0] if len(features) == 1 else torch.cat(features)

        return encode_all(images) if self._store is None else self._store.encode(images, encode_all)

    def _pixel_values(self, images: Sequence[RGB]) -> torch.Tensor:
        """Convert model images to the vision tower's input."""
        return self._loaded.pixel_values(torch.from_numpy(np.stack(images)).to(self._device))


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether an error is an out-of-memory error, or was raised while handling one.

    Ending a CUDA capture can fail after an out-of-memory error.
    """
    while error is not None and not isinstance(error, torch.OutOfMemoryError):
        error = error.__context__
    return error is not None


def _reason(error: Exception) -> str:
    """Describe an error by its type alone: its message may quote the data."""
    if isinstance(error, CompilerError):
        return (
            f"the engine could not be compiled for this GPU ({error}): set model.compile: false, "
            "or see that a C compiler is there"
        )
    return f"the engine failed: {type(error).__name__}"


def requests_with_images(block: Sequence[Request], most: int) -> Iterator[Sequence[Request]]:
    """Split a block into slices with at most `most` images each, but at least one request."""
    start = images = 0
    for index, request in enumerate(block):
        images += len(request.images)
        if images > most and index > start:
            yield block[start:index]
            start, images = index, len(request.images)
    if start < len(block):
        yield block[start:]


def rows_of_images(requests: Sequence[Request]) -> list[list[int]]:
    """Return where the images of each request are among the images of all requests."""
    ends = list(accumulate(len(request.images) for request in requests))
    counted = zip(requests, ends, strict=True)
    return [list(range(end - len(request.images), end)) for request, end in counted]


def features_of(features: torch.Tensor, rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Take each prompt's images: [images, image tokens, width] to [prompts, all tokens, width].

    `rows` are the images of each prompt; all prompts have as many.
    """
    return features[torch.tensor(rows, device=features.device)].flatten(1, 2)


def prompts_together(batch_size: int, images: int) -> int:
    """Return how many prompts about so many images each are prefilled together."""
    return max(batch_size // max(images, 1), 1)


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Split a sequence into slices of `size` items; the last one may be shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
