"""Kernels, plain and compiled, against the same formulas in float64, at any number of rows.

Each may be off by what float32 allows: a bound for every number, from the operations that lead
to it, so that no order of a sum, no instruction set and no compiler matters.
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
from inference.families.paligemma.kernels import PLAIN, Kernels, Sight, compiling

WIDTH = 16
CAPPED = {"scale": 0.3, "cap": 5.0}
KEYS = {"prefix": CAPPED, "step": CAPPED}
ELEMENTARY = 10  # of exp, log, tanh, 1 / sqrt: 2 to 7 in SLEEF; 1 / (1 + exp) adds two


class Bounded(NamedTuple):
    """An exact result, in float64, and how far from it float32 may be."""

    value: torch.Tensor
    error: torch.Tensor


def exact_norm(hidden: torch.Tensor, weight: torch.Tensor, epsilon: float) -> Bounded:
    """A sum of n squares is off by n units at most, its root by half as many."""
    hidden, weight = hidden.double(), weight.double()
    value = hidden / (hidden.square().mean(-1, keepdim=True) + epsilon).sqrt() * weight
    return Bounded(value, (hidden.shape[-1] / 2 + ELEMENTARY + 4) * UNIT * value.abs())


def exact_turned(heads: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> Bounded:
    """Two products and their sum."""
    heads = heads.double()
    terms = heads * cosine, heads.roll(heads.shape[-1] // 2, -1) * sine
    return Bounded(sum(terms), 3 * UNIT * sum(each.abs() for each in terms))


def exact_gated(gates: torch.Tensor, _: Any) -> Bounded:
    """The input is multiplied with a sigmoid, which is at most 1.

    The sigmoid's argument z takes five operations, and z * sigmoid'(z) is below 1/4.
    """
    opened, raised = gates.double().chunk(2, dim=-1)
    inner = (2 / torch.pi) ** 0.5 * (opened + 0.044715 * opened**3)
    value = opened / 2 * (1 + inner.tanh()) * raised
    return Bounded(value, (ELEMENTARY + 5) * UNIT * (opened * raised).abs())


def capping(cap: float) -> float:
    """The error of cap * tanh(x / cap): 2 * cap * sigmoid(2 x / cap) - cap is the worse form."""
    return 2 * cap * (ELEMENTARY + 3) * UNIT


def exact_likeliest(logits: torch.Tensor, cap: float) -> Bounded:
    """Of the log-probabilities; an error of all logits counts twice, that of the sum once."""
    capped = cap * (logits.double() / cap).tanh()
    value = capped.log_softmax(-1).amax(-1)
    summed = logits.shape[-1] + 3 * ELEMENTARY + 2 * cap  # the exponents are at most 2 * cap
    return Bounded(value, 2 * capping(cap) + summed * UNIT * (1 + value.abs()))


def exact_attention(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    sight: Sight,
    *,
    scale: float,
    cap: float,
) -> Bounded:
    """If the scores s move by e, the mean of values v moves by the sum of p e (v - mean).

    A score is a sum of `width` products; its error shrinks by the slope of the cap. All weights
    are off by exp's error and the rounding of the exponents, the sums by their number of terms.
    """
    queries, keys, values = (each.double() for each in (queries, keys, values))
    columns, width = keys.shape[2:]
    scores = scale * queries @ keys.mT
    hidden = torch.arange(columns) > sight.last[:, None]
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
    "norm": exact_norm,
    "turned": exact_turned,
    "gated": exact_gated,
    "likeliest": exact_likeliest,
    "prefix": exact_attention,
    "step": exact_attention,
}


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def attention(rows: int, length: int) -> tuple[Any, ...]:
    columns = 11 * rows
    last = torch.tensor([5 * (row + 1) for row in range(rows)])
    queries, keys, values = (9 * drawn(rows, 2, n, WIDTH) for n in (length, columns, columns))
    return queries, keys, values, Sight.up_to(last, columns, torch.float32)


def arguments(rows: int) -> dict[str, tuple[Any, ...]]:
    return {
        "norm": (drawn(rows, 4, 64), drawn(64), 1e-6),
        "turned": (drawn(rows, 4, 8, WIDTH), drawn(4, 1, WIDTH), drawn(4, 1, WIDTH)),
        "gated": (drawn(rows, 4, 64), gelu),
        "likeliest": (9 * drawn(rows, 999), 30.0),
        "prefix": attention(rows, 6 * rows),
        "step": sliced(*attention(rows, 2)),
    }


def sliced(queries: torch.Tensor, *rest: Any) -> tuple[Any, ...]:
    """Keys and values as slots hold them: the first columns of more."""
    keys, values, sight = rest
    return (
        queries,
        *(torch.cat([each, each], dim=2)[:, :, : each.shape[2]] for each in (keys, values)),
        sight,
    )


def wrong(kernels: Kernels, rows: int) -> list[str]:
    """Names of the kernels that are further from the exact result than float32 allows."""
    found = []
    for name, call in arguments(rows).items():
        keys = KEYS.get(name, {})
        result, expected = getattr(kernels, name)(*copied(call), **keys), EXACT[name](*call, **keys)
        if name == "likeliest":
            assert result.codes.tolist() == call[0].argmax(-1).tolist()
            result = result.logprobs
        assert result.dtype == torch.float32
        if not ((result - expected.value).abs() <= expected.error).all():
            found.append(name)
    return found


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_plain_kernels_compute_their_formulas(rows: int) -> None:
    with torch.inference_mode():
        assert wrong(PLAIN, rows) == []


@needs_compiler
def test_compiled_kernels_compute_the_same() -> None:
    """Also for a lone row, and in another thread than the first."""
    compare([3, 1, 7])
    with ThreadPoolExecutor(1) as pool:
        pool.submit(compare, [5, 1]).result()


def compare(rows: Sequence[int]) -> None:
    with torch.inference_mode(), compiling():
        for number in rows:
            assert wrong(fused_for_cpu(), number) == [], f"{number} rows"


def rounded(kernel: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """The same of inputs in bfloat16, which some CPUs multiply sooner."""

    def of_rounded(*call: Any, **keys: Any) -> torch.Tensor:
        numbers = [
            each.bfloat16().float() if isinstance(each, torch.Tensor) else each for each in call
        ]
        return kernel(*numbers, **keys)

    return of_rounded


def farther(queries: Any, keys: Any, values: Any, sight: Sight, **call: Any) -> torch.Tensor:
    """A column more than a row may see."""
    shifted = Sight.up_to(sight.last + 1, keys.shape[2], keys.dtype)
    return PLAIN.prefix(queries, keys, values, shifted, **call)


MISTAKES: list[tuple[str, Callable[..., Any]]] = [
    ("norm", rounded(PLAIN.norm)),
    ("norm", lambda hidden, weight, _: functional.layer_norm(hidden, weight.shape, weight)),
    ("turned", rounded(PLAIN.turned)),
    ("turned", lambda heads, cosine, sine: PLAIN.turned(heads, cosine, -sine)),
    ("gated", rounded(PLAIN.gated)),
    ("gated", lambda gates, _: PLAIN.gated(gates, functional.gelu)),  # not the one by tanh
    ("likeliest", lambda logits, _: PLAIN.likeliest(logits, None)),
    ("likeliest", lambda logits, cap: PLAIN.likeliest(logits, cap * 1.001)),
    ("prefix", rounded(PLAIN.prefix)),
    ("prefix", lambda *call, cap, scale: PLAIN.prefix(*call, cap=cap * 1.001, scale=scale)),
    ("step", lambda *call, cap, scale: PLAIN.step(*call, cap=cap, scale=scale * 1.001)),
    ("step", farther),
]


@pytest.mark.parametrize(("name", "mistaken"), MISTAKES)
def test_the_bounds_show_mistakes(name: str, mistaken: Callable[..., Any]) -> None:
    with torch.inference_mode():
        assert wrong(PLAIN._replace(**{name: mistaken}), 3) == [name]


def copied(call: tuple[Any, ...]) -> list[Any]:
    """Some may be overwritten."""
    return [each.clone() if isinstance(each, torch.Tensor) else each for each in call]


def test_a_row_sees_up_to_its_last_column() -> None:
    queries, keys, values, _ = attention(2, 3)
    last = torch.tensor([4, 9])
    sight = Sight.up_to(last, 22, torch.float32)
    whole = PLAIN.prefix(queries, keys, values, sight, **CAPPED)
    expected = exact_attention(queries, keys, values, sight, **CAPPED)
    for row, end in enumerate(last.tolist()):
        cut = (each[row : row + 1, :, : end + 1] for each in (keys, values))
        alone = PLAIN.prefix(queries[row : row + 1], *cut, Sight(last[:1], None), **CAPPED)
        for found in (whole[row], alone[0]):
            assert_within(found, expected.value[row], expected.error[row])
