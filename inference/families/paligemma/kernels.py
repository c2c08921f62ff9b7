"""What a text tower computes between its matrix products, as functions of tensors alone.

`PLAIN` are these functions as they stand, each operation a pass over memory. `fused()` compiles
them, so that each is one pass: that counts on a GPU, whose memory is slow beside its arithmetic.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.families.paligemma.activation import capped

_VARIANTS = 64  # of a kernel: for prefixes, single tokens, lone rows; by device, model and type
_WIDE = 150 << 10  # bytes of shared memory that torch's tiles take at a head's width of 256


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
    _fixed(hidden, -1)
    normed = functional.rms_norm(hidden.float(), weight.shape, weight, epsilon)
    return normed.to(hidden.dtype)


def turned(heads: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """[..., heads, width] by the rotary embedding; sines bear the sign of the swap of halves."""
    _fixed(heads, -2, -1)
    swapped = heads.roll(heads.shape[-1] // 2, -1)
    return (heads * cosine).addcmul_(swapped, sine)


def gated(gates: torch.Tensor, activation: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """The first half, activated, times the second: [..., 2 * width] to [..., width]."""
    _fixed(gates, -1)
    opened, raised = gates.chunk(2, dim=-1)
    return activation(opened).mul_(raised)


def likeliest(
    logits: torch.Tensor, cap: float | None, forbidden: torch.Tensor | None = None
) -> Likeliest:
    """Of [rows, vocabulary], whose memory may be overwritten, but for what is forbidden."""
    _fixed(logits, -1)
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
    for each in (queries, keys, values):
        _fixed(each, 1, -1)
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
    for each in (queries, keys, values):
        _fixed(each, 1, -1)

    def scored(score: Any, row: Any, _head: Any, _query: Any, column: Any) -> Any:
        if cap is not None:  # cap * tanh(score / cap), by the sigmoid, which takes fewer steps
            score = torch.sigmoid(score * (2 / cap)) * (2 * cap) - cap
        return torch.where(column <= last[row], score, -float("inf"))

    found: Any = flex_attention(
        queries, keys, values, score_mod=scored, scale=scale, kernel_options=_tile(queries.device)
    )
    return found  # type: ignore[no-any-return]


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def _tile(device: torch.device) -> dict[str, int] | None:
    """Smaller than torch's own for wide heads, where a GPU's shared memory does not hold those."""
    if device.type != "cuda":
        return None
    properties = torch.cuda.get_device_properties(device)
    room = getattr(properties, "shared_memory_per_block_optin", _WIDE)
    return {"BLOCK_M": 32, "BLOCK_N": 32, "num_stages": 2} if room < _WIDE else None


def _fixed(tensor: torch.Tensor, *dimensions: int) -> None:
    """Say to the compiler what no call changes: heads and widths."""
    if torch.compiler.is_compiling():
        for each in dimensions:
            torch._dynamo.mark_static(tensor, each)


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
    """The same, each compiled when first called, for whatever number of rows and columns.

    What is computed in which order follows from the shapes of the first call, not from timing.
    """
    settings: dict[str, Any] = {
        "dynamic": True,
        "fullgraph": True,
        "recompile_limit": _VARIANTS,
        "options": {"deterministic": True},
    }
    compiled: list[Any] = [
        torch.compile(each, **settings) for each in PLAIN._replace(prefix=flexible)
    ]
    return Kernels(*compiled)


def compiling() -> AbstractContextManager[None]:
    """Inside, and in this thread, what is compiled takes scales and caps as constants."""
    inside: AbstractContextManager[None] = torch._dynamo.config.patch(specialize_float=True)
    return inside
