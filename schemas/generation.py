"""What goes into an engine and what comes out."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from schemas.sample import RGB

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Request:
    """One image and everything asked about it."""

    image: RGB = field(repr=False)  # [S, S, 3], S the checkpoint's resolution
    prompts: tuple[tuple[str, int], ...] = field(repr=False)  # (text, max_new_tokens)


class Token(NamedTuple):
    """One generated token; `text` is its vocabulary entry, such as `<loc0512>`."""

    id: int
    text: str
    logprob: float  # natural logarithm, under the full softmax


@dataclass(frozen=True, slots=True)
class Generation:
    """The answer to one prompt; `tokens` leaves out the end-of-sequence token."""

    tokens: tuple[Token, ...] = field(repr=False)
    text: str = field(repr=False)
    finish_reason: FinishReason = "stop"
