"""Requests to an engine, and its generations."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from schemas.sample import RGB

FinishReason = Literal["stop", "length"]


class ImageSpec(NamedTuple):
    """The form of the model images that an engine takes: upright, and resized to a square.

    The aspect ratio is not kept.
    """

    side: int  # S, pixels a side: a model image is [S, S, 3]
    resample: Literal["bilinear", "bicubic", "lanczos"] = "bicubic"  # antialiased


@dataclass(frozen=True, slots=True)
class Request:
    """The model images of a prompt, and the prompts about them.

    Usual jobs have one image. The model reads the tokens of all images in their order, then the
    prompt.
    """

    # Each [S, S, 3], as the engine's ImageSpec says.
    images: tuple[RGB, ...] = field(repr=False)
    prompts: tuple[tuple[str, int], ...] = field(repr=False)  # (text, max_new_tokens)
    # For `Engine.score`: prompts, and the answers to each whose likelihood is asked for.
    choices: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(), repr=False)


class Token(NamedTuple):
    """One generated token; `text` is its vocabulary entry, such as `<loc0512>`."""

    id: int
    text: str
    logprob: float  # natural logarithm, under the full softmax


@dataclass(frozen=True, slots=True)
class Generation:
    """The answer to one prompt; `tokens` leaves out the end-of-sequence token.

    The tokens of an answer that was given and scored end with that token.
    """

    tokens: tuple[Token, ...] = field(repr=False)
    text: str = field(repr=False)
    finish_reason: FinishReason = "stop"
    # If the answer was chosen by likelihood: the values of all choices that were compared.
    choice_logprobs: tuple[float, ...] = field(default=(), repr=False)
