"""The interface of an engine."""

from collections.abc import Sequence
from typing import Protocol

from inference.families.family import ModelFamily
from schemas.generation import Generation, ImageSpec, Request


class Engine(Protocol):
    """Answers blocks of requests; the answers depend on the block alone, unless memory runs out."""

    family: ModelFamily  # of the checkpoint: words prompts and reads answers
    image_spec: ImageSpec  # the images that requests hold
    oom_retries: int  # times that memory ran out and a block was run in batches half as large

    def generate(self, block: Sequence[Request], /) -> list[tuple[Generation, ...]]:
        """Return one generation per prompt, in the order of the requests and of their prompts."""
