"""What is compiled computes what stands in plain, for any number of rows and columns."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from support.compiler import needs_compiler

from inference.families.paligemma.activation import gelu
from inference.families.paligemma.kernels import PLAIN, Sight, compiling, fused

WIDTH = 16
CAPPED = {"scale": 0.3, "cap": 5.0}
KEYS = {"prefix": CAPPED, "step": CAPPED}


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


@needs_compiler
def test_compiled_as_plain() -> None:
    """Also for a lone row, and in another thread than the first."""
    compare([3, 1, 7])
    with ThreadPoolExecutor(1) as pool:
        pool.submit(compare, [5, 1]).result()


def compare(rows: Sequence[int]) -> None:
    with torch.inference_mode(), compiling():
        for number in rows:
            for name, call in arguments(number).items():
                expected = getattr(PLAIN, name)(*copied(call), **KEYS.get(name, {}))
                found = getattr(fused(), name)(*copied(call), **KEYS.get(name, {}))
                torch.testing.assert_close(found, expected, msg=f"{name}, {number} rows")


def copied(call: tuple[Any, ...]) -> list[Any]:
    """Some may be overwritten."""
    return [each.clone() if isinstance(each, torch.Tensor) else each for each in call]


def test_a_row_sees_up_to_its_last_column() -> None:
    queries, keys, values, _ = attention(2, 3)
    last = torch.tensor([4, 9])
    whole = PLAIN.prefix(queries, keys, values, Sight.up_to(last, 22, torch.float32), **CAPPED)
    for row, end in enumerate(last.tolist()):
        cut = (each[row : row + 1, :, : end + 1] for each in (keys, values))
        alone = PLAIN.prefix(queries[row : row + 1], *cut, Sight(last[:1], None), **CAPPED)
        torch.testing.assert_close(whole[row : row + 1], alone)
