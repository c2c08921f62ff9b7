"""What the engines have in common: a block is computed in batches, smaller ones if need be."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException

from inference.checkpoint import ResolvedCheckpoint, family_of, fetch_checkpoint
from inference.config import Model
from inference.device import on_devices
from inference.engines.sizing import resolve_sizes
from inference.families.paligemma.location_grammar import Grammar
from inference.hub.adapter import fetch_adapter
from schemas.errors import WorkerFault
from schemas.generation import Generation, Request
from schemas.resources import Resources

Item = TypeVar("Item")


class BatchedEngine(ABC):
    """`batch_size` images are looked at together, and as many prompts read together.

    Which ones depends on the block alone. Memory grows with `batch_size`, not with the block; where
    it runs out, the block is run again in batches half as large, which is counted.
    """

    def __init__(self, model: Model, checkpoint: ResolvedCheckpoint, resources: Resources) -> None:
        torch.set_num_threads(resources.threads)
        self.family = family_of(checkpoint)
        self.image_spec = self.family.image_spec(checkpoint.resolution)
        self.oom_retries = 0
        sizes = resolve_sizes(model, checkpoint, resources.device, resources.gpus)
        self.block_size = sizes.block_size  # what it is best given at a time
        self._batch_size, self._slots = sizes.batch_size, sizes.slots
        self._device = resources.device
        self._by_grammar = model.grammar
        self._loaded = self.family.load(
            fetch_checkpoint(checkpoint),
            model,
            on_devices(resources.device, resources.gpus),
            fetch_adapter(checkpoint.adapter) if checkpoint.adapter else None,
        )

    @cached_property
    def grammar(self) -> Grammar | None:
        """What the job's `model.grammar` asks for."""
        if not self._by_grammar:
            return None
        head = self.model.lm_head.weight
        return Grammar(self._loaded.vocabulary.names(len(head)), head.device)

    @property
    def model(self) -> Any:
        """The model as transformers has it."""
        return self._loaded.model

    @property
    def rows(self) -> int:
        """How many answers are continued together, at most."""
        return self._batch_size

    def prompt_length(self, prompt: str) -> int:
        """Tokens of a prompt, without those of the image."""
        vocabulary = self._loaded.vocabulary
        return len(vocabulary.prefix(prompt)) - vocabulary.image_tokens

    @abstractmethod
    def _answered(self, block: Sequence[Request], size: int) -> list[tuple[Generation, ...]]:
        """The answers to a block, in batches of `size`."""

    def generate(self, block: Sequence[Request], /) -> list[tuple[Generation, ...]]:
        size = self._batch_size
        while True:
            try:
                with torch.inference_mode():
                    return self._answered(block, size)
            except (RuntimeError, FailOnRecompileLimitHit) as error:
                if not _lacks_memory(error):
                    raise WorkerFault(_told(error)) from None
                if size == 1:
                    raise WorkerFault("one prompt alone does not fit into memory") from None
            size //= 2
            self.oom_retries += 1
            torch.cuda.empty_cache()  # does nothing without a GPU

    def _pixel_values(self, requests: Sequence[Request]) -> torch.Tensor:
        """The requests' images as the vision tower takes them."""
        images = torch.from_numpy(np.stack([request.image for request in requests]))
        return self._loaded.pixel_values(images.to(self._device))


def _lacks_memory(error: BaseException) -> bool:
    """Also where an error of ending a capture has come over it."""
    return any(isinstance(each, torch.OutOfMemoryError) for each in (error, error.__context__))


def _told(error: Exception) -> str:
    """Without its message, which may quote what the data hold."""
    name = type(error).__name__
    if isinstance(error, TorchDynamoException | FailOnRecompileLimitHit):
        return (
            f"the engine could not be compiled for this GPU ({name}): set model.compile: false, "
            "or see that a C compiler is there"
        )
    return f"the engine failed: {name}"


def parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in their order, `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
