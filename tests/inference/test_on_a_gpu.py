"""Tests the fast engine on a real GPU, compiled and captured: `pytest` with this file.

These tests are skipped on other machines; test_on_gpus.py, test_decode_steps.py and test_kernels.py
test what can be tested without a GPU.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
import torch
from support.plain_forward import PlainForward
from support.same_answers import assert_same

from inference import Model, load_engine, resolve_checkpoint
from inference.engines.sizing import resolve_sizes
from schemas.generation import Generation, Request
from schemas.resources import Resources

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
Exact = Callable[[Path], PlainForward]
IMAGES = np.random.default_rng(7).integers(0, 256, (40, 56, 56, 3), dtype=np.uint8)
PROMPTS = ("caption en", "ocr", "detect red circle ; blue square", "answer en how many?")
BLOCK = [
    Request((image,), tuple((prompt, 3 + (7 * number) % 29) for prompt in PROMPTS))
    for number, image in enumerate(IMAGES)
]


def opened(path: str) -> BinaryIO:
    return Path(path).open("rb")


@pytest.fixture(autouse=True)
def no_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep convolutions in float32, which cuDNN would round to TF32's 11 bits."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def on_gpu(folder: Path, *, gpus: int = 1, **settings: Any) -> Any:
    values = {"checkpoint": str(folder), "precision": "float32", "batch_size": 8, **settings}
    model = Model.model_validate({**values, "device": "cuda"})
    resources = Resources(opened, device="cuda", gpus=gpus)
    return load_engine(model, resolve_checkpoint(model), resources)


def tokens(answers: Sequence[Sequence[Generation]]) -> list[list[int]]:
    return [[token.id for token in answer.tokens] for row in answers for answer in row]


@pytest.mark.parametrize("cap", [None, 5.0])
@pytest.mark.parametrize("compiled", [True, False])
def test_tokens_are_those_of_the_reference(
    checkpoint: Callable[..., Path],
    exact: Exact,
    generation: int,
    cap: float | None,
    compiled: bool,
) -> None:
    settings = {} if generation == 1 else {"attn_logit_softcapping": cap}
    folder = checkpoint(generation, **settings)
    fast, reference = on_gpu(folder, compile=compiled), on_gpu(folder, engine="reference")
    expected = reference.generate(BLOCK)
    assert_same(BLOCK, fast.generate(BLOCK), expected, exact(folder))
    assert_same(BLOCK, fast.generate(BLOCK), expected, exact(folder))  # replayed graphs
    assert_same(BLOCK[:3], fast.generate(BLOCK[:3]), expected[:3], exact(folder))


def test_the_same_block_twice_is_the_same_to_the_bit(
    checkpoint: Callable[..., Path], generation: int
) -> None:
    fast = on_gpu(checkpoint(generation), precision="bfloat16")
    assert fast.generate(BLOCK) == fast.generate(BLOCK)


def test_an_out_of_memory_halves_the_batches(
    checkpoint: Callable[..., Path], exact: Exact, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = on_gpu(checkpoint(2))
    expected = fast.generate(BLOCK)
    vision = fast._vision_tower

    def fits(pixel_values: torch.Tensor) -> torch.Tensor:
        if len(pixel_values) > 4:
            torch.empty(1 << 50, dtype=torch.uint8, device="cuda")
        features: torch.Tensor = vision(pixel_values)
        return features

    monkeypatch.setattr(fast, "_vision_tower", fits)
    assert_same(BLOCK, fast.generate(BLOCK), expected, exact(checkpoint(2)))
    assert fast.oom_retries == 1


def test_the_chosen_sizes_fit(checkpoint: Callable[..., Path]) -> None:
    folder = checkpoint(2)
    model = Model.model_validate({"checkpoint": str(folder), "device": "cuda"})
    sizes = resolve_sizes(model, resolve_checkpoint(model), "cuda")
    fast = on_gpu(folder, precision="bfloat16", **sizes.model_dump())
    fast.generate(BLOCK)
    assert fast.oom_retries == 0


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two GPUs here")
def test_split_over_two(checkpoint: Callable[..., Path], exact: Exact, generation: int) -> None:
    folder = checkpoint(generation)
    expected = on_gpu(folder).generate(BLOCK)
    for kind in ("fast", "reference"):
        generated = on_gpu(folder, gpus=2, engine=kind).generate(BLOCK)
        assert_same(BLOCK, generated, expected, exact(folder))


@pytest.mark.parametrize("precision", ["int8", "nf4"])
def test_quantized(checkpoint: Callable[..., Path], precision: str) -> None:
    fast = on_gpu(checkpoint(2), precision=precision)
    first = fast.generate(BLOCK)
    assert fast.generate(BLOCK) == first
    assert len({tuple(answer) for answer in tokens(first)}) > len(IMAGES) / 2


@pytest.mark.parametrize("first", [1, 7])
def test_bytes_do_not_depend_on_earlier_blocks(
    checkpoint: Callable[..., Path], generation: int, first: int, tmp_path: Path
) -> None:
    """Two processes compile anew; only one of them starts with another block."""
    folder = checkpoint(generation)
    outputs = []
    for before in (0, first):
        script = (
            "import sys; from pathlib import Path; import test_on_a_gpu as here\n"
            "engine = here.on_gpu(Path(sys.argv[1]), precision='bfloat16')\n"
            f"engine.generate(here.BLOCK[:{before}])\n"
            "print(repr(engine.generate(here.BLOCK[7:30])))"
        )
        environment = {
            **os.environ,
            "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / str(before)),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
        }
        run = subprocess.run(
            [sys.executable, "-c", script, str(folder)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(run.stdout)
    assert outputs[0] == outputs[1]
