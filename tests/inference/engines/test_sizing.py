"""The chosen sizes fit into memory, counted on fake GPUs."""

import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fake_gpus import pretended, put
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import PaliGemmaForConditionalGeneration

from benchmarks.inference.random_weights import paligemma2_3b
from inference import Model
from inference.engines.sizing import ON_CPU, Sizes, find_sizes, prefix_bytes, sizes_that_fit
from inference.families.dimensions import Dimensions
from inference.families.paligemma.dimensions import read_dimensions
from inference.families.paligemma.kernels import PLAIN
from inference.families.paligemma.language_model import LanguageModel
from schemas.errors import JobError

GIB = 1 << 30


class PeakMemory(TorchDispatchMode):
    """Counts the bytes of new tensors, now and at the peak."""

    def __init__(self) -> None:
        super().__init__()
        self.current = self.peak = 0
        self._known: dict[int, Any] = {}

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        results = function(*args, **(kwargs or {}))
        for result in tree_leaves(results):
            if isinstance(result, torch.Tensor):
                self._add(result.untyped_storage())
        self.peak = max(self.peak, self.current)
        return results

    def _add(self, storage: torch.UntypedStorage) -> None:
        number, size = storage._cdata, storage.nbytes()
        if number not in self._known:
            self.current += size
            self._known[number] = weakref.ref(storage, lambda _: self._remove(number, size))

    def _remove(self, number: int, size: int) -> None:
        del self._known[number]
        self.current -= size


@pytest.fixture(scope="module")
def dimensions(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Dimensions]:
    """Reads the dimensions of PaliGemma 2 3B at a resolution."""

    def dimensions(resolution: int) -> Dimensions:
        folder = tmp_path_factory.mktemp("configuration")
        paligemma2_3b(resolution).save_pretrained(folder)
        return read_dimensions(folder)

    return dimensions


def as_tuple(sizes: Sizes) -> tuple[int, int, int]:
    return sizes.block_size, sizes.batch_size, sizes.slots


def model_of(**settings: Any) -> Model:
    return Model.model_validate({"checkpoint": "m", **settings})


@pytest.mark.parametrize(("resolution", "batch"), [(224, 16), (448, 8), (896, 2)])
def test_a_prefill_takes_the_estimated_memory(
    dimensions: Callable[[int], Dimensions], resolution: int, batch: int
) -> None:
    """Plain attention writes its weights to memory; compiled, it takes less."""
    config = paligemma2_3b(resolution, layers=2)
    with torch.device("meta"):
        model: Any = PaliGemmaForConditionalGeneration(config).to(torch.bfloat16)
    with pretended(), torch.inference_mode():
        put(model, "cuda:0")
        language_model = LanguageModel(model, PLAIN)
        image_tokens = (resolution // 14) ** 2
        features = torch.empty(batch, image_tokens, 2304, dtype=torch.bfloat16, device="cuda:0")
        cache = language_model.allocate_cache(batch, image_tokens + 64)
        with PeakMemory() as memory:
            language_model.prefill(
                features, [[2] * 60, *[[2] * 50] * (batch - 1)], cache, range(batch)
            )
    estimated = batch * prefix_bytes(dimensions(resolution), 2, model_of(compile=False))
    assert 1.0 < estimated / memory.peak < 1.6


def test_weights_are_those_of_the_model(dimensions: Callable[[int], Dimensions]) -> None:
    with torch.device("meta"):
        model: Any = PaliGemmaForConditionalGeneration(paligemma2_3b(224))
    weights = sum(parameter.numel() for parameter in model.parameters())
    counted = dimensions(224)
    assert counted.other_weights + 26 * counted.layer_weights == pytest.approx(weights, rel=1e-3)


@pytest.mark.parametrize(
    ("resolution", "memory", "expected"),
    [(224, 80, (1024, 32, 256)), (448, 80, (1024, 16, 256)), (896, 80, (445, 4, 128))],
)
def test_sizes_that_fit_into_a_gpu(
    dimensions: Callable[[int], Dimensions], resolution: int, memory: int, expected: tuple[int, ...]
) -> None:
    sizes = sizes_that_fit(
        model_of(), dimensions(resolution), memory * GIB, gpus=1, max_new_tokens=128
    )
    assert as_tuple(sizes) == expected


def test_a_model_that_does_not_fit_is_an_error(dimensions: Callable[[int], Dimensions]) -> None:
    with pytest.raises(JobError, match=r"weights of 6 GiB, .* 1 x 8 GiB: set a higher runner.gpus"):
        sizes_that_fit(model_of(), dimensions(224), 8 * GIB, gpus=1, max_new_tokens=128)
    assert (
        sizes_that_fit(model_of(), dimensions(224), 9 * GIB, gpus=2, max_new_tokens=128).slots > 1
    )
    assert (
        sizes_that_fit(
            model_of(precision="nf4"), dimensions(224), 9 * GIB, gpus=1, max_new_tokens=128
        ).slots
        > 1
    )


@settings(max_examples=30)
@given(
    memory=st.integers(12, 200),
    gpus=st.integers(1, 4),
    max_new_tokens=st.integers(1, 2048),
    resolution=st.sampled_from([224, 448, 896]),
)
def test_more_memory_never_gives_smaller_sizes(
    dimensions: Callable[[int], Dimensions],
    memory: int,
    gpus: int,
    max_new_tokens: int,
    resolution: int,
) -> None:
    read = dimensions(resolution)
    less, more = (
        sizes_that_fit(model_of(), read, m * GIB, gpus, max_new_tokens)
        for m in (memory, memory + 8)
    )
    assert 1 <= less.batch_size <= less.slots <= more.slots
    assert more.block_size <= 1024


def test_sizes_that_the_job_gives_stay(checkpoint: Callable[..., Path]) -> None:
    read = partial(read_dimensions, checkpoint(2))
    assert find_sizes(model_of(), read, None) == ON_CPU
    given = find_sizes(model_of(batch_size=8), read, None)
    assert as_tuple(given) == (256, 8, 32)
    given = find_sizes(model_of(batch_size=8, slots=5, block_size=9), read, 4 * GIB)
    assert as_tuple(given) == (9, 8, 8)  # a batch has to fit into the slots
    given = find_sizes(model_of(slots=5), read, None)
    assert as_tuple(given) == (256, 5, 5)
    assert find_sizes(model_of(), read, 4 * GIB).slots > ON_CPU.slots


def test_prompts_with_more_images_take_fewer_slots(
    dimensions: Callable[[int], Dimensions],
) -> None:
    """16 frames at 224 have 4,096 image tokens, as one image at 896 has."""
    video = sizes_that_fit(model_of(), dimensions(224), 80 * GIB, 1, 128, images=16)
    large = sizes_that_fit(model_of(), dimensions(896), 80 * GIB, 1, 128)
    assert (video.batch_size, video.slots) == (64, large.slots)  # 4 prompts, as of large images
    assert as_tuple(find_sizes(model_of(), lambda: dimensions(224), None, images=16)) == (16, 16, 4)
    pair = find_sizes(model_of(batch_size=8), lambda: dimensions(224), None, images=2)
    assert as_tuple(pair) == (128, 8, 16)
    given = find_sizes(model_of(slots=3), lambda: dimensions(224), None, images=2)
    assert as_tuple(given) == (128, 6, 3)
