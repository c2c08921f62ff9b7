"""Runs the fast engine's model on fake GPUs, in the shapes of PaliGemma 2 3B."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from support.fake_gpus import pretended, put
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import PaliGemmaForConditionalGeneration

from benchmarks.inference.random_weights import paligemma2_3b
from inference.engines.decode_steps import DecodeLoop
from inference.engines.shape_buckets import GPU_BUCKETS
from inference.families.paligemma.kernels import PLAIN
from inference.families.paligemma.language_model import LanguageModel
from inference.families.paligemma.vision_tower import VisionTower

ONE, TWO = ("cuda:0",) * 4, ("cuda:0", "cuda:0", "cuda:1", "cuda:1")  # each layer's device
PROMPTS = [[2, 8, 1], [2, 9, 9, 9, 1], [2, 1], [2, 8, 1]]


class NoHost(TorchDispatchMode):
    """Refuses operations on tensors of the host, which a CUDA graph cannot replay."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        for leaf in tree_leaves((args, kwargs)):
            assert not isinstance(leaf, torch.Tensor) or leaf.device.type == "cuda", function
        return function(*args, **(kwargs or {}))


@pytest.fixture
def model() -> Iterator[Any]:
    """Builds a model without numbers, and makes fake GPUs available."""
    with torch.device("meta"):
        built: Any = PaliGemmaForConditionalGeneration(paligemma2_3b(224, layers=4))
    built = built.to(torch.bfloat16).eval()
    with pretended(), torch.inference_mode():
        yield built


def on_devices(model: Any, devices: tuple[str, ...]) -> tuple[VisionTower, LanguageModel]:
    put(model, devices[0])
    for layer, device in zip(model.model.language_model.layers, devices, strict=True):
        put(layer, device)
    put(model.model.language_model.norm, devices[-1])
    return VisionTower(model), LanguageModel(model, PLAIN)


@pytest.mark.parametrize("devices", [ONE, TWO])
def test_prefill_and_steps_return_tokens_on_one_device(
    model: Any, devices: tuple[str, ...]
) -> None:
    vision, text = on_devices(model, devices)
    pixels = torch.empty(4, 3, 224, 224, dtype=torch.bfloat16, device="cuda:0")
    cache = text.allocate_cache(64, 320)
    first = text.prefill(vision(pixels), PROMPTS, cache, range(4))
    assert (first.token_ids.shape, first.token_ids.device.index) == ((4,), 0)
    cache.move([2, 3], [0, 1], 300)
    for layer, device in enumerate(devices):
        assert cache.view(layer, 1, 1).keys.device == torch.device(device)
    loop = DecodeLoop(text, cache, GPU_BUCKETS)
    loop.set_rows([(1, 260, 0), (2, 259, 0), (3, 261, 1), (4, 262, 5)])
    output = loop.run(4, 263)
    assert (output.token_ids.shape, output.logprobs.device.index) == ((32, GPU_BUCKETS.steps), 0)


def test_steps_do_not_wait_for_the_host(model: Any) -> None:
    """Otherwise a graph could not capture them: no number may come from the host or go to it."""
    _, text = on_devices(model, ONE)
    loop = DecodeLoop(text, text.allocate_cache(32, 320), GPU_BUCKETS)
    loop.set_rows([(1, 260, 0), (2, 259, 0)])
    with NoHost():
        loop.run(2, 261)
    with pytest.raises(AssertionError), NoHost():
        loop.set_rows([(1, 260, 0), (2, 259, 0)])
