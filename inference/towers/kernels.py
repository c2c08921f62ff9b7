"""What a text tower computes between its matrix products, as functions of tensors alone.

`PLAIN` are these functions as they stand, each operation a pass over memory. `fused()` compiles
them, so that each is one pass: that counts on a GPU, whose memory is slow beside its arithmetic.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.towers.activation import capped


class Sight(NamedTuple):
    """Which columns the queries of a row see: those up to its last one."""

    last: torch.Tensor  # int64 [rows]
    mask: torch.Tensor | None  # the same, to be added: [rows, columns]; None: all are seen

    @classmethod
    def up_to(cls, last: torch.Tensor, columns: int, dtype: torch.dtype) -> "Sight":
        hidden = torch.arange(columns, device=last.device) > last[:, None]
        zeros = torch.zeros(hidden.shape, dtype=dtype, device=last.device)
        return cls(last, zeros.masked_fill_(hidden, float("-inf")))


class Likeliest(NamedTuple):
    """The likeliest next token of each row, and its log-probability under the full softmax."""

    codes: torch.Tensor  # int64 [rows]
    logprobs: torch.Tensor  # float32 [rows]


class Said(NamedTuple):
    """What rows say next: [rows], or [rows, steps] of several steps."""

    codes: torch.Tensor  # int64
    logprobs: torch.Tensor  # float32, under the full softmax
    states: torch.Tensor  # int64, of the grammar, after them


def norm(hidden: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
    """By the root mean square, in float32: arXiv 1910.07467."""
    normed = functional.rms_norm(hidden.float(), weight.shape, weight, epsilon)
    return normed.to(hidden.dtype)


def turned(heads: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """[..., heads, width] by the rotary embedding; sines bear the sign of the swap of halves."""
    swapped = heads.roll(heads.shape[-1] // 2, -1)
    return (heads * cosine).addcmul_(swapped, sine)


def gated(gates: torch.Tensor, activation: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """The first half, activated, times the second: [..., 2 * width] to [..., width]."""
    opened, raised = gates.chunk(2, dim=-1)
    return activation(opened).mul_(raised)


def likeliest(
    logits: torch.Tensor, cap: float | None, forbidden: torch.Tensor | None = None
) -> Likeliest:
    """Of [rows, vocabulary], whose memory may be overwritten, but for what is forbidden."""
    allowed = logits if forbidden is None else logits.masked_fill(forbidden, float("-inf"))
    codes = allowed.argmax(dim=-1, keepdim=True)  # the cap changes no order
    if cap is not None:
        logits = capped(logits, cap)
    logprobs = logits.float().log_softmax(dim=-1).gather(1, codes)
    return Likeliest(codes[:, 0], logprobs[:, 0])


def weighed(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    sight: Sight,
    *,
    scale: float,
    cap: float | None,
) -> torch.Tensor:
    """As `eager_attention_forward` of transformers: queries [rows, shared, any, width].

    Keys and values are [rows, shared, columns, width].
    """
    weights = torch.matmul(queries, keys.transpose(2, 3)).mul_(scale)
    if cap is not None:
        weights = capped(weights, cap)
    if sight.mask is not None:
        weights += sight.mask[:, None, None]
    weights = weights.softmax(dim=-1, dtype=torch.float32).to(queries.dtype)
    return torch.matmul(weights, values)


def flexible(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    sight: Sight,
    *,
    scale: float,
    cap: float | None,
) -> torch.Tensor:
    """As `weighed`, by flex attention: compiled, it writes no weights to memory."""
    from torch.nn.attention.flex_attention import flex_attention

    last = sight.last

    def scored(score: Any, row: Any, _head: Any, _query: Any, column: Any) -> Any:
        if cap is not None:
            score = torch.tanh(score / cap) * cap
        return torch.where(column <= last[row], score, -float("inf"))

    found: Any = flex_attention(queries, keys, values, score_mod=scored, scale=scale)
    return found  # type: ignore[no-any-return]


class Kernels(NamedTuple):
    """One way to compute them."""

    norm: Callable[..., torch.Tensor]
    turned: Callable[..., torch.Tensor]
    gated: Callable[..., torch.Tensor]
    likeliest: Callable[..., Likeliest]
    prefix: Callable[..., torch.Tensor]  # attention of many queries a row, with a soft-cap
    step: Callable[..., torch.Tensor]  # attention of one token a row


PLAIN = Kernels(norm, turned, gated, likeliest, prefix=weighed, step=weighed)


@cache
def fused() -> Kernels:
    """The same, each compiled when first called, for whatever number of rows and columns."""
    torch._dynamo.config.specialize_float = True  # scales and caps are constants of a model
    functions = PLAIN._replace(prefix=flexible)
    compiled: list[Any] = [torch.compile(f, dynamic=True, fullgraph=True) for f in functions]
    return Kernels(*compiled)
