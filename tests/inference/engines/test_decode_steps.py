"""Captured decode steps give the same tokens as plain ones, whatever was captured before."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from inference.engines.decode_steps import Replay
from inference.engines.fast import FastEngine
from inference.engines.shape_buckets import ShapeBuckets
from inference.families.loaded_model import DecodeOutput
from schemas.generation import Generation, Request

IMAGES = np.random.default_rng(3).integers(0, 256, (6, 56, 56, 3), dtype=np.uint8)
PROMPTS = ("caption en", "ocr", "detect red circle ; blue square", "answer en how many?")


class _Recorder(TorchDispatchMode):
    """Records operations with their arguments and results; views need no operation later."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        assert function is not torch.ops.aten._local_scalar_dense.default  # would wait for a GPU
        result = function(*args, **(kwargs or {}))
        if function._schema.is_mutable:
            self.operations.append((function, args, kwargs or {}, None))
        elif not memory(result) & memory((args, kwargs)):
            self.operations.append((function, args, kwargs or {}, result))
        return result


def memory(values: Any) -> set[int]:
    """The addresses of the memory of all tensors in `values`."""
    tensors = [value for value in tree_leaves(values) if isinstance(value, torch.Tensor)]
    return {tensor.untyped_storage().data_ptr() for tensor in tensors}


class RecordedGraphs:
    """Replaces CUDA graphs: records operations together with the tensors they ran on.

    A replay runs the recorded operations on the same tensors, and writes their results to the
    memory of the recorded results; the Python code does not run again.
    """

    def __init__(self) -> None:
        self.captured = self.replayed = 0

    def __call__(self, work: Replay) -> Replay:
        self.captured += 1
        with _Recorder() as recorder:
            output = work()

        def replay() -> DecodeOutput:
            self.replayed += 1
            for function, args, kwargs, result in recorder.operations:
                again = function(*args, **kwargs)
                if result is not None:
                    tree_map(torch.Tensor.copy_, result, again)
            return output

        return replay


@pytest.fixture(scope="module")
def engines(
    checkpoint: Callable[..., Path], engine: Callable[..., Any]
) -> Mapping[int, tuple[RecordedGraphs, FastEngine, FastEngine]]:
    """Per generation: the graphs, an engine that captures with them, and one without a capture."""
    loaded = {}
    for generation in (1, 2):
        captured, plain = (engine(checkpoint(generation), batch_size=2, kind="fast") for _ in "ab")
        graphs = RecordedGraphs()
        captured._graphs = lambda graphs=graphs: graphs
        captured._buckets = plain._buckets = ShapeBuckets(steps=3, rows=4, columns=32)
        loaded[generation] = graphs, captured, plain
    return loaded


@settings(deadline=None, max_examples=12, derandomize=True)
@given(
    generation=st.sampled_from([1, 2]),
    prompts=st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(PROMPTS), st.integers(1, 30)), max_size=14
    ),
)
def test_captured_steps_give_the_same_answers(
    engines: Mapping[int, tuple[RecordedGraphs, FastEngine, FastEngine]],
    generation: int,
    prompts: Sequence[tuple[int, str, int]],
) -> None:
    _, captured, plain = engines[generation]
    block = [Request((IMAGES[image],), ((prompt, limit),)) for image, prompt, limit in prompts]
    answers: list[tuple[Generation, ...]] = captured.generate(block)
    assert answers == plain.generate(block)


def test_each_shape_is_captured_once(
    engines: Mapping[int, tuple[RecordedGraphs, FastEngine, FastEngine]],
) -> None:
    graphs, captured, _ = engines[2]
    block = [Request((image,), tuple((prompt, 25) for prompt in PROMPTS)) for image in IMAGES]
    captured.generate(block)
    captures, replays = graphs.captured, graphs.replayed
    captured.generate(block)
    assert graphs.captured == captures
    assert graphs.replayed > replays


@given(
    columns=st.integers(1, 10_000), more=st.integers(0, 5_000), bucket=st.sampled_from([1, 32, 64])
)
def test_padded_columns_hold_the_columns_and_are_few(columns: int, more: int, bucket: int) -> None:
    buckets = ShapeBuckets(steps=1, rows=1, columns=bucket)
    assert columns <= buckets.padded_columns(columns) < columns + max(bucket, columns / 7)
    assert buckets.padded_columns(columns) <= buckets.padded_columns(
        columns + more
    )  # so a capacity for more suffices
    assert len({buckets.padded_columns(number) for number in range(512, 1024)}) <= 16


def test_attended_columns_do_not_depend_on_the_capacity(
    checkpoint: Callable[..., Path], engine: Callable[..., Any]
) -> None:
    """So bytes do not depend on it either: an earlier block may have had longer answers."""
    small, large = (engine(checkpoint(2), batch_size=2, kind="fast") for _ in "ab")
    block = [Request((image,), tuple((prompt, 25) for prompt in PROMPTS)) for image in IMAGES]
    large.generate([Request((IMAGES[0],), (("ocr", 200),))])
    assert large.generate(block) == small.generate(block)
    assert large._decode_state.cache.capacity > small._decode_state.cache.capacity
