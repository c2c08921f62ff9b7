"""The base of the engines: loads the model, and runs smaller batches after an out-of-memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch

from inference.checkpoint import ResolvedCheckpoint, family_of, fetch_checkpoint
from inference.config import Model
from inference.device import model_devices
from inference.engines.sizing import resolve_sizes
from inference.families.loaded_model import CompilerError, LoadedModel, TokenGrammar, Workload
from inference.hub.adapter import fetch_adapter
from schemas.errors import WorkerFault
from schemas.generation import Generation, Request
from schemas.resources import Resources

Item = TypeVar("Item")


class BatchedEngine(ABC):
    """An engine that encodes at most `batch_size` images, and prefills as many prompts, together.

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
        vocabulary = self._loaded.vocabulary
        return len(vocabulary.prefix(prompt)) - vocabulary.image_tokens

    @abstractmethod
    def _generate(self, block: Sequence[Request], batch_size: int) -> list[tuple[Generation, ...]]:
        """Generate the answers to a block, in batches of `batch_size`."""

    def generate(self, block: Sequence[Request], /) -> list[tuple[Generation, ...]]:
        batch_size = self._batch_size
        while True:
            try:
                with torch.inference_mode():
                    return self._generate(block, batch_size)
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise WorkerFault(_reason(error)) from None
                if batch_size == 1:
                    raise WorkerFault("one prompt alone does not fit into memory") from None
            batch_size //= 2
            self.oom_retries += 1
            torch.cuda.empty_cache()  # does nothing without a GPU

    def _pixel_values(self, requests: Sequence[Request]) -> torch.Tensor:
        """Convert the images of requests to the vision tower's input."""
        images = torch.from_numpy(np.stack([request.image for request in requests]))
        return self._loaded.pixel_values(images.to(self._device))


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


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Split a sequence into slices of `size` items; the last one may be shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
