"""Compares plain and compiled kernels with the same formulas in float64, for several row counts.

The bound of each number follows from the float32 operations that lead to it, so the order of sums,
the instruction set and the compiler do not matter.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
import torch
from support.compiler import fused_for_cpu, needs_compiler
from support.rounding import UNIT, assert_within
from torch.nn import functional

from inference.families.paligemma.activation import gelu
from inference.families.paligemma.kernels import PLAIN, AttentionMask, Kernels, compiling

WIDTH = 16
CAPPED = {"scale": 0.3, "cap": 5.0}
KEYS = {"prefix_attention": CAPPED, "step_attention": CAPPED}
ELEMENTARY = 10  # units of error of exp, log, tanh, 1 / sqrt: 2 to 7 in SLEEF; sigmoid adds two


class Bounded(NamedTuple):
    """An exact result in float64, and the error that float32 may have."""

    value: torch.Tensor
    error: torch.Tensor


def exact_rms_norm(hidden: torch.Tensor, weight: torch.Tensor, epsilon: float) -> Bounded:
    """A sum of n squares has an error of at most n units, and its root of half as many."""
    hidden, weight = hidden.double(), weight.double()
    value = hidden / (hidden.square().mean(-1, keepdim=True) + epsilon).sqrt() * weight
    return Bounded(value, (hidden.shape[-1] / 2 + ELEMENTARY + 4) * UNIT * value.abs())


def exact_apply_rotary(heads: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> Bounded:
    """The error is at most three units: two products and their sum."""
    heads = heads.double()
    terms = heads * cosine, heads.roll(heads.shape[-1] // 2, -1) * sine
    return Bounded(sum(terms), 3 * UNIT * sum(term.abs() for term in terms))


def exact_gated_mlp(gates: torch.Tensor, _: Any) -> Bounded:
    """The input is multiplied with a sigmoid, which is at most 1.

    The sigmoid's argument z takes five operations, and z * sigmoid'(z) is below 1/4.
    """
    gate, up = gates.double().chunk(2, dim=-1)
    inner = (2 / torch.pi) ** 0.5 * (gate + 0.044715 * gate**3)
    value = gate / 2 * (1 + inner.tanh()) * up
    return Bounded(value, (ELEMENTARY + 5) * UNIT * (gate * up).abs())


def capping(cap: float) -> float:
    """Bound the error of cap * tanh(x / cap), in its worse form by the sigmoid."""
    return 2 * cap * (ELEMENTARY + 3) * UNIT


def exact_greedy_token(logits: torch.Tensor, cap: float) -> Bounded:
    """Log-probabilities: the error of the logits counts twice, the error of their sum once."""
    capped = cap * (logits.double() / cap).tanh()
    value = capped.log_softmax(-1).amax(-1)
    summed = logits.shape[-1] + 3 * ELEMENTARY + 2 * cap  # the exponents are at most 2 * cap
    return Bounded(value, 2 * capping(cap) + summed * UNIT * (1 + value.abs()))


def exact_attention(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: AttentionMask,
    *,
    scale: float,
    cap: float,
) -> Bounded:
    """An error e of the scores moves the mean of the values v by the sum of p e (v - mean).

    A score is a sum of `width` products; its error shrinks by the slope of the soft-cap. The
    weights add the error of exp and the rounding of the exponents; a sum adds one unit per term.
    """
    queries, keys, values = (tensor.double() for tensor in (queries, keys, values))
    columns, width = keys.shape[2:]
    scores = scale * queries @ keys.mT
    hidden = torch.arange(columns) > mask.last[:, None]
    probabilities = (cap * (scores / cap).tanh()).masked_fill(hidden[:, None, None], -torch.inf)
    probabilities = probabilities.softmax(-1)
    mean = probabilities @ values
    slope = 1 - (scores / cap).tanh().square()
    summed = (width + 2) * UNIT * scale * queries.abs() @ keys.abs().mT
    moved = summed * slope + capping(cap) + (2 * cap + 2 * ELEMENTARY) * UNIT
    away = (values[:, :, None] - mean[..., None, :]).abs()  # [rows, heads, queries, columns, width]
    error = ((probabilities * moved)[..., None] * away).sum(-2)
    return Bounded(mean, error + 2 * (columns + 4) * UNIT * (probabilities @ values.abs()))


EXACT: dict[str, Callable[..., Bounded]] = {
    "rms_norm": exact_rms_norm,
    "apply_rotary": exact_apply_rotary,
    "gated_mlp": exact_gated_mlp,
    "greedy_token": exact_greedy_token,
    "prefix_attention": exact_attention,
    "step_attention": exact_attention,
}


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def attention(rows: int, length: int) -> tuple[Any, ...]:
    columns = 11 * rows
    last = torch.tensor([5 * (row + 1) for row in range(rows)])
    queries, keys, values = (9 * drawn(rows, 2, n, WIDTH) for n in (length, columns, columns))
    return queries, keys, values, AttentionMask.up_to(last, columns, torch.float32)


def arguments(rows: int) -> dict[str, tuple[Any, ...]]:
    return {
        "rms_norm": (drawn(rows, 4, 64), drawn(64), 1e-6),
        "apply_rotary": (drawn(rows, 4, 8, WIDTH), drawn(4, 1, WIDTH), drawn(4, 1, WIDTH)),
        "gated_mlp": (drawn(rows, 4, 64), gelu),
        "greedy_token": (9 * drawn(rows, 999), 30.0),
        "prefix_attention": attention(rows, 6 * rows),
        "step_attention": sliced(*attention(rows, 2)),
    }


def sliced(queries: torch.Tensor, *rest: Any) -> tuple[Any, ...]:
    """Make keys and values views of the first columns of a cache."""
    keys, values, mask = rest
    return (
        queries,
        *(torch.cat([half, half], dim=2)[:, :, : half.shape[2]] for half in (keys, values)),
        mask,
    )


def wrong(kernels: Kernels, rows: int) -> list[str]:
    """List the kernels whose error exceeds the bound of float32."""
    names = []
    for name, call in arguments(rows).items():
        keys = KEYS.get(name, {})
        result, expected = getattr(kernels, name)(*copied(call), **keys), EXACT[name](*call, **keys)
        if name == "greedy_token":
            assert result.token_ids.tolist() == call[0].argmax(-1).tolist()
            result = result.logprobs
        assert result.dtype == torch.float32
        if not ((result - expected.value).abs() <= expected.error).all():
            names.append(name)
    return names


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_plain_kernels_compute_their_formulas(rows: int) -> None:
    with torch.inference_mode():
        assert wrong(PLAIN, rows) == []


@needs_compiler
@pytest.mark.faults  # runs a compiler
def test_compiled_kernels_compute_the_same() -> None:
    """Also for a single row, and in another thread than the first."""
    compare([3, 1, 7])
    with ThreadPoolExecutor(1) as pool:
        pool.submit(compare, [5, 1]).result()


def compare(rows: Sequence[int]) -> None:
    with torch.inference_mode(), compiling():
        for number in rows:
            assert wrong(fused_for_cpu(), number) == [], f"{number} rows"


def rounded(kernel: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Round the inputs to bfloat16, which some CPUs multiply faster."""

    def of_rounded(*call: Any, **keys: Any) -> torch.Tensor:
        numbers = [
            value.bfloat16().float() if isinstance(value, torch.Tensor) else value for value in call
        ]
        return kernel(*numbers, **keys)

    return of_rounded


def farther(queries: Any, keys: Any, values: Any, mask: AttentionMask, **call: Any) -> torch.Tensor:
    """Attend to one column more than a row may."""
    shifted = AttentionMask.up_to(mask.last + 1, keys.shape[2], keys.dtype)
    return PLAIN.prefix_attention(queries, keys, values, shifted, **call)


MISTAKES: list[tuple[str, Callable[..., Any]]] = [
    ("rms_norm", rounded(PLAIN.rms_norm)),
    ("rms_norm", lambda hidden, weight, _: functional.layer_norm(hidden, weight.shape, weight)),
    ("apply_rotary", rounded(PLAIN.apply_rotary)),
    ("apply_rotary", lambda heads, cosine, sine: PLAIN.apply_rotary(heads, cosine, -sine)),
    ("gated_mlp", rounded(PLAIN.gated_mlp)),
    ("gated_mlp", lambda gates, _: PLAIN.gated_mlp(gates, functional.gelu)),  # the exact GELU
    ("greedy_token", lambda logits, _: PLAIN.greedy_token(logits, None)),
    ("greedy_token", lambda logits, cap: PLAIN.greedy_token(logits, cap * 1.001)),
    ("prefix_attention", rounded(PLAIN.prefix_attention)),
    (
        "prefix_attention",
        lambda *call, cap, scale: PLAIN.prefix_attention(*call, cap=cap * 1.001, scale=scale),
    ),
    (
        "step_attention",
        lambda *call, cap, scale: PLAIN.step_attention(*call, cap=cap, scale=scale * 1.001),
    ),
    ("step_attention", farther),
]


@pytest.mark.parametrize(("name", "mistaken"), MISTAKES)
def test_the_bounds_show_mistakes(name: str, mistaken: Callable[..., Any]) -> None:
    with torch.inference_mode():
        assert wrong(PLAIN._replace(**{name: mistaken}), 3) == [name]


def copied(call: tuple[Any, ...]) -> list[Any]:
    """Copy the arguments, because a kernel may overwrite them."""
    return [value.clone() if isinstance(value, torch.Tensor) else value for value in call]


def test_a_row_attends_up_to_its_last_column() -> None:
    queries, keys, values, _ = attention(2, 3)
    last = torch.tensor([4, 9])
    mask = AttentionMask.up_to(last, 22, torch.float32)
    whole = PLAIN.prefix_attention(queries, keys, values, mask, **CAPPED)
    expected = exact_attention(queries, keys, values, mask, **CAPPED)
    for row, end in enumerate(last.tolist()):
        cut = (tensor[row : row + 1, :, : end + 1] for tensor in (keys, values))
        alone = PLAIN.prefix_attention(
            queries[row : row + 1], *cut, AttentionMask(last[:1], None), **CAPPED
        )
        for attended in (whole[row], alone[0]):
            assert_within(attended, expected.value[row], expected.error[row])
