"""The language model's operations between its matrix products, as functions of tensors alone.

`PLAIN` runs these functions eagerly: each operation is a pass over memory. `fused()` compiles them,
so that each function is one pass. That matters on a GPU, whose memory is slow compared with its
arithmetic.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.families.loaded_model import CompilerError
from inference.families.paligemma.activation import capped

_RECOMPILE_LIMIT = 64  # per kernel: prefixes, single tokens, one row; device, model, dtype
_ACCUMULATED_LIMIT = 1 << 20  # likewise, over all models that a process has loaded
_WIDE_TILE = 150 << 10  # bytes of shared memory that torch's own tiles take at a head width of 256


class AttentionMask(NamedTuple):
    """A mask: every query of a row attends to the row's columns up to and including `last`."""

    last: torch.Tensor  # int64 [rows]
    bias: torch.Tensor | None  # [rows, columns], 0 or -inf, added to scores; None: nothing hidden

    @classmethod
    def up_to(cls, last: torch.Tensor, columns: int, dtype: torch.dtype) -> "AttentionMask":
        """Build the mask of rows with `columns` columns; `last` is int64 [rows]."""
        hidden = torch.arange(columns, device=last.device) > last[:, None]
        zeros = torch.zeros(hidden.shape, dtype=dtype, device=last.device)
        return cls(last, zeros.masked_fill_(hidden, float("-inf")))


class GreedyToken(NamedTuple):
    """The most probable next token of each row, and its log-probability."""

    token_ids: torch.Tensor  # int64 [rows]
    logprobs: torch.Tensor  # float32 [rows], under the softmax over the whole vocabulary


def rms_norm(hidden: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Normalize the last dimension by its root mean square, in float32: arXiv 1910.07467."""
    _mark_static(hidden, -1)
    normed = functional.rms_norm(hidden.float(), weight.shape, weight, epsilon)
    return normed.to(hidden.dtype)


def apply_rotary(heads: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Rotate heads [..., heads, head_dim] by their positions: arXiv 2104.09864.

    `cosine` and `sine` are the fields of a `RotaryEmbedding`.
    """
    _mark_static(heads, -2, -1)
    swapped = heads.roll(heads.shape[-1] // 2, -1)
    return (heads * cosine).addcmul_(swapped, sine)


def gated_mlp(
    gates: torch.Tensor, activation: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Multiply the activated first half by the second half: [..., 2 * width] to [..., width]."""
    _mark_static(gates, -1)
    gate, up = gates.chunk(2, dim=-1)
    return activation(gate).mul_(up)


def greedy_token(
    logits: torch.Tensor, cap: float | None, forbidden: torch.Tensor | None = None
) -> GreedyToken:
    """Choose the most probable token of each row of `logits` [rows, vocabulary].

    A token whose value in `forbidden`, bool [rows, vocabulary], is true is never chosen. `cap` is
    the soft-cap of the logits. May overwrite `logits`.
    """
    _mark_static(logits, -1)
    allowed = logits if forbidden is None else logits.masked_fill(forbidden, float("-inf"))
    token_ids = allowed.argmax(dim=-1, keepdim=True)  # the soft-cap changes no order
    if cap is not None:
        logits = capped(logits, cap)
    logprobs = logits.float().log_softmax(dim=-1).gather(1, token_ids)
    return GreedyToken(token_ids[:, 0], logprobs[:, 0])


def eager_attention(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: AttentionMask,
    *,
    scale: float,
    cap: float | None,
) -> torch.Tensor:
    """Compute soft-capped attention as `eager_attention_forward` of transformers does.

    Queries are [rows, kv heads, any, head_dim], keys and values [rows, kv heads, columns,
    head_dim]; the result has the shape of the queries.
    """
    for tensor in (queries, keys, values):
        _mark_static(tensor, 1, -1)
    weights = torch.matmul(queries, keys.transpose(2, 3)).mul_(scale)
    if cap is not None:
        weights = capped(weights, cap)
    if mask.bias is not None:
        weights += mask.bias[:, None, None]
    weights = weights.softmax(dim=-1, dtype=torch.float32).to(queries.dtype)
    return torch.matmul(weights, values)


def flex_attention(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: AttentionMask,
    *,
    scale: float,
    cap: float | None,
) -> torch.Tensor:
    """Compute the same as `eager_attention`; when compiled, write no weights to memory."""
    from torch.nn.attention.flex_attention import flex_attention as torch_flex_attention

    last = mask.last
    for tensor in (queries, keys, values):
        _mark_static(tensor, 1, -1)

    def score_mod(score: Any, row: Any, _head: Any, _query: Any, column: Any) -> Any:
        if cap is not None:  # cap * tanh(score / cap) by the sigmoid, which takes fewer operations
            score = torch.sigmoid(score * (2 / cap)) * (2 * cap) - cap
        return torch.where(column <= last[row], score, -float("inf"))

    output: Any = torch_flex_attention(
        queries,
        keys,
        values,
        score_mod=score_mod,
        scale=scale,
        kernel_options=_kernel_options(queries.device),  # type: ignore[arg-type]  # a TypedDict
    )
    return output  # type: ignore[no-any-return]


def _kernel_options(device: torch.device) -> dict[str, int] | None:
    """Choose smaller tiles if torch's tiles for wide heads exceed the GPU's shared memory."""
    if device.type != "cuda":
        return None
    properties = torch.cuda.get_device_properties(device)
    shared_memory = getattr(properties, "shared_memory_per_block_optin", _WIDE_TILE)
    if shared_memory >= _WIDE_TILE:
        return None
    return {"BLOCK_M": 32, "BLOCK_N": 32, "num_stages": 2}


def _mark_static(tensor: torch.Tensor, *dimensions: int) -> None:
    """Mark dimensions as static for torch.compile: their sizes (heads, widths) never change."""
    if torch.compiler.is_compiling():
        for dimension in dimensions:
            torch._dynamo.mark_static(tensor, dimension)


class Kernels(NamedTuple):
    """One implementation of each operation."""

    rms_norm: Callable[..., torch.Tensor]
    apply_rotary: Callable[..., torch.Tensor]
    gated_mlp: Callable[..., torch.Tensor]
    greedy_token: Callable[..., GreedyToken]
    prefix_attention: Callable[..., torch.Tensor]  # many queries per row, with a soft-cap
    step_attention: Callable[..., torch.Tensor]  # one token per row


PLAIN = Kernels(
    rms_norm,
    apply_rotary,
    gated_mlp,
    greedy_token,
    prefix_attention=eager_attention,
    step_attention=eager_attention,
)


@cache
def fused() -> Kernels:
    """Compile the kernels, each at its first call, for any number of rows and columns.

    The order of sums follows from the shapes of the first call, not from timing.
    """
    torch.compiler.assume_constant_result(_kernel_options)  # type: ignore[no-untyped-call]
    settings: dict[str, Any] = {
        "dynamic": True,
        "fullgraph": True,
        "options": {"deterministic": True},
    }
    compiled: list[Any] = [
        torch.compile(kernel, **settings)
        for kernel in PLAIN._replace(prefix_attention=flex_attention)
    ]
    return Kernels(*compiled)


@contextmanager
def compiling() -> Iterator[None]:
    """Compile scales and soft-caps as constants, inside this context and in this thread.

    The limits are set here because `torch.compile` of torch 2.11 has no argument for them. Raises
    CompilerError for the compiler's errors. The compiler is imported here because its import takes
    two seconds, which a CPU's engine saves.
    """
    from torch._dynamo import config
    from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException

    settings = {
        "specialize_float": True,
        "recompile_limit": _RECOMPILE_LIMIT,
        "accumulated_recompile_limit": _ACCUMULATED_LIMIT,
    }
    try:
        with config.patch(settings):
            yield
    except (TorchDynamoException, FailOnRecompileLimitHit) as error:
        raise CompilerError(type(error).__name__) from error
