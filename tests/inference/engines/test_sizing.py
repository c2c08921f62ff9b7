"""What is said to fit does, by the account of GPUs that are not there."""

import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
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


class Held(TorchDispatchMode):
    """Counts the bytes that new tensors hold, and the most of them at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known: dict[int, Any] = {}

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        results = function(*args, **(kwargs or {}))
        for each in tree_leaves(results):
            if isinstance(each, torch.Tensor):
                self._note(each.untyped_storage())
        self.most = max(self.most, self.now)
        return results

    def _note(self, storage: torch.UntypedStorage) -> None:
        number, size = storage._cdata, storage.nbytes()
        if number not in self._known:
            self.now += size
            self._known[number] = weakref.ref(storage, lambda _: self._forget(number, size))

    def _forget(self, number: int, size: int) -> None:
        del self._known[number]
        self.now -= size


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Dimensions]:
    """Of PaliGemma 2 3B at a resolution."""

    def shape(resolution: int) -> Dimensions:
        folder = tmp_path_factory.mktemp("configuration")
        paligemma2_3b(resolution).save_pretrained(folder)
        return read_dimensions(folder)

    return shape


def sizes(found: Sizes) -> tuple[int, int, int]:
    return found.block_size, found.batch_size, found.slots


def chosen(**settings: Any) -> Model:
    return Model.model_validate({"checkpoint": "m", **settings})


@pytest.mark.parametrize(("resolution", "batch"), [(224, 16), (448, 8), (896, 2)])
def test_reading_takes_what_is_reckoned(
    shape: Callable[[int], Dimensions], resolution: int, batch: int
) -> None:
    """With plain attention, which writes its weights; compiled, it takes less."""
    config = paligemma2_3b(resolution, layers=2)
    with torch.device("meta"):
        model: Any = PaliGemmaForConditionalGeneration(config).to(torch.bfloat16)
    with pretended(), torch.inference_mode():
        put(model, "cuda:0")
        tower = LanguageModel(model, PLAIN)
        image_tokens = (resolution // 14) ** 2
        features = torch.empty(batch, image_tokens, 2304, dtype=torch.bfloat16, device="cuda:0")
        cache = tower.allocate_cache(batch, image_tokens + 64)
        with Held() as held:
            tower.prefill(features, [[2] * 60, *[[2] * 50] * (batch - 1)], cache, range(batch))
    reckoned = batch * prefix_bytes(shape(resolution), 2, chosen(compile=False))
    assert 1.0 < reckoned / held.most < 1.6


def test_weights_are_those_of_the_model(shape: Callable[[int], Dimensions]) -> None:
    with torch.device("meta"):
        model: Any = PaliGemmaForConditionalGeneration(paligemma2_3b(224))
    weights = sum(each.numel() for each in model.parameters())
    read = shape(224)
    assert read.other_weights + 26 * read.layer_weights == pytest.approx(weights, rel=1e-3)


@pytest.mark.parametrize(
    ("resolution", "memory", "expected"),
    [(224, 80, (1024, 32, 256)), (448, 80, (1024, 16, 256)), (896, 80, (445, 4, 128))],
)
def test_what_fits_into_a_gpu(
    shape: Callable[[int], Dimensions], resolution: int, memory: int, expected: tuple[int, ...]
) -> None:
    found = sizes_that_fit(chosen(), shape(resolution), memory * GIB, gpus=1, max_new_tokens=128)
    assert sizes(found) == expected


def test_what_does_not_fit_is_told(shape: Callable[[int], Dimensions]) -> None:
    with pytest.raises(JobError, match=r"weights of 6 GiB, .* 1 x 8 GiB: set a higher runner.gpus"):
        sizes_that_fit(chosen(), shape(224), 8 * GIB, gpus=1, max_new_tokens=128)
    assert sizes_that_fit(chosen(), shape(224), 9 * GIB, gpus=2, max_new_tokens=128).slots > 1
    assert (
        sizes_that_fit(
            chosen(precision="nf4"), shape(224), 9 * GIB, gpus=1, max_new_tokens=128
        ).slots
        > 1
    )


@given(
    memory=st.integers(12, 200),
    gpus=st.integers(1, 4),
    max_new_tokens=st.integers(1, 2048),
    resolution=st.sampled_from([224, 448, 896]),
)
def test_more_memory_is_never_less_work(
    shape: Callable[[int], Dimensions], memory: int, gpus: int, max_new_tokens: int, resolution: int
) -> None:
    of = shape(resolution)
    less, more = (
        sizes_that_fit(chosen(), of, m * GIB, gpus, max_new_tokens) for m in (memory, memory + 8)
    )
    assert 1 <= less.batch_size <= less.slots <= more.slots
    assert more.block_size <= 1024


def test_what_the_job_gives_stays(checkpoint: Callable[..., Path]) -> None:
    folder = partial(read_dimensions, checkpoint(2))
    assert find_sizes(chosen(), folder, None) == ON_CPU
    given = find_sizes(chosen(batch_size=8), folder, None)
    assert sizes(given) == (256, 8, 32)
    given = find_sizes(chosen(batch_size=8, slots=5, block_size=9), folder, 4 * GIB)
    assert sizes(given) == (9, 8, 8)  # a batch has to fit into the slots
    given = find_sizes(chosen(slots=5), folder, None)
    assert sizes(given) == (256, 5, 5)
    assert find_sizes(chosen(), folder, 4 * GIB).slots > ON_CPU.slots
