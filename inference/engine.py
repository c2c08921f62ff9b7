"""The protocol of an engine, which generates the answers to blocks of requests."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from inference.families.family import ModelFamily
from schemas.generation import Generation, ImageSpec, Request


class Engine(Protocol):
    """An engine, which generates the answers to blocks of requests.

    The answers to a block depend on the block alone, unless memory runs out.
    """

    family: ModelFamily  # of the checkpoint: words prompts and reads answers
    image_spec: ImageSpec  # the images that requests hold
    oom_retries: int  # how often a block ran again in smaller batches, after an out-of-memory

    def generate(self, block: Sequence[Request], /) -> list[tuple[Generation, ...]]:
        """Return one generation per prompt, in the order of the requests and of their prompts."""

    def score(self, block: Sequence[Request], /) -> list[tuple[tuple[Generation, ...], ...]]:
        """Score the choices of each prompt: one generation per choice, in their order.

        Its text is the choice. Its tokens are the choice's and the end token, with the
        log-probability of each after the prompt and the tokens before it, under the softmax over
        the whole vocabulary.
        """

    def sharing_images(self) -> AbstractContextManager[None]:
        """Return a context inside which blocks about one image object encode it once.

        Features of the first images are kept, up to a bound; later ones are encoded again.
        """
