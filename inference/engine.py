"""What an engine is, and the choice of model in the job file."""

from collections.abc import Sequence
from typing import Protocol

from schemas.generation import Generation, ImageSpec, Request


class Engine(Protocol):
    """Answers blocks of requests; the result depends on the block alone, unless memory runs out."""

    image_spec: ImageSpec  # the images that requests hold
    oom_retries: (
        int  # times that memory ran out, and a block was run again in batches half as large
    )

    def generate(self, block: Sequence[Request], /) -> list[tuple[Generation, ...]]:
        """One generation per prompt, in the order of the requests and of their prompts."""
