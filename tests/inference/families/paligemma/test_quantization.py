"""Tests int8 and nf4: which linear layers are quantized, their size in bytes, and the answers."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support import random_adapter
from support.plain_forward import PlainForward
from support.rounding import UNIT, UNITS, assert_within
from support.same_answers import assert_same

from demo.evaluation.quality import LEARNED_KINDS, tasks
from demo.scenes.encoded_image import model_image
from demo.scenes.scenes import Scene, draw_scene
from inference.config import Model
from inference.families import FAMILIES
from inference.families.paligemma import loading as paligemma
from inference.families.paligemma.int8_linear import Int8Linear, unquantized_type
from inference.families.paligemma.linear import SeparateLinears
from inference.families.paligemma.loaded_checkpoint import LoadedCheckpoint
from inference.families.paligemma.quantization import no_code_from_the_hub, stored
from pipelines.config.job import Job
from schemas.errors import JobError
from schemas.generation import Generation, Request
from schemas.sample import Sample, Text

bitsandbytes = pytest.importorskip("bitsandbytes")

DEMO = Path(__file__).parents[4] / "demo/checkpoint"
RANDOM = np.random.default_rng(1)
IMAGES = RANDOM.integers(0, 256, (5, 56, 56, 3), dtype=np.uint8)
PROMPTS = ("caption en", "cap es", "ocr", "answer en how many?", "detect red circle ; blue square")
BLOCK = [Request((image,), tuple((prompt, 8) for prompt in PROMPTS)) for image in IMAGES]
# Bits per weight with scales of 32 bits: int8 per row of 64 weights, nf4 per block of 64.
BITS = {"int8": 8 + 32 / 64, "nf4": 4 + 32 / 64}

Answers = Sequence[Sequence[Generation]]


@pytest.fixture(params=["int8", "nf4"])
def precision(request: pytest.FixtureRequest) -> Any:
    return request.param


def tokens(answers: Answers) -> list[list[int]]:
    return [[token.id for token in answer.tokens] for row in answers for answer in row]


def equal_share(one: Sequence[Any], other: Sequence[Any]) -> float:
    """Return the share of equal items."""
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)


def difference(one: Answers, other: Answers) -> float:
    """The median difference of log-probabilities, up to the first tokens that differ."""
    apart = []
    for first, second in zip(chain(*one), chain(*other), strict=True):
        for token, another in zip(first.tokens, second.tokens, strict=False):
            apart.append(abs(token.logprob - another.logprob))
            if token.id != another.id:
                break
    return median(apart)


def test_only_the_linear_layers_of_the_language_model_are_quantized(
    checkpoint: Callable[..., Path], generation: int, precision: str
) -> None:
    model = paligemma.load(checkpoint(generation), precision, ["cpu"]).model
    kinds = (Int8Linear, bitsandbytes.nn.Linear4bit)
    quantized = {name for name, module in model.named_modules() if isinstance(module, kinds)}
    layers = model.model.language_model.layers
    assert quantized == {
        f"model.language_model.layers.{number}.{name}"
        for number, layer in enumerate(layers)
        for name, module in layer.named_modules()
        if isinstance(module, (torch.nn.Linear, Int8Linear))
    }
    assert len(quantized) == 7 * len(layers)
    others = [weight for weight in model.parameters() if type(weight) is torch.nn.Parameter]
    expected = unquantized_type() if precision == "int8" else torch.bfloat16
    assert {weight.dtype for weight in others} == {expected}
    assert model.lm_head.weight is model.model.language_model.embed_tokens.weight


def test_bytes_are_counted_as_stored(checkpoint: Callable[..., Path], precision: str) -> None:
    model = paligemma.load(checkpoint(2), precision, ["cpu"]).model
    layer = model.model.language_model.layers[0].mlp.gate_proj
    before = stored(layer)
    assert before == layer.in_features * layer.out_features * BITS[precision] / 8
    with torch.inference_mode():
        layer(torch.ones(1, layer.in_features, dtype=torch.bfloat16))
    assert stored(layer) <= before  # a CPU may convert the scales to 16 bits at the first input
    assert stored(model.lm_head) == model.lm_head.weight.numel() * model.dtype.itemsize


@pytest.mark.parametrize("adapted", [pytest.param(False, marks=pytest.mark.faults), True])
def test_engines_agree_with_the_same_quantized_weights(  # noqa: PLR0917
    checkpoint: Callable[..., Path],
    engine: Callable[..., Any],
    generation: int,
    precision: str,
    adapted: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All other weights are float32, so that the sums of both engines are nearly the same.

    int8 rounds its inputs to 8 bits: a difference in the last digit may become a whole step for
    some of them. The rounding of all weights and inputs changes an answer by more.
    """
    folder = checkpoint(generation)
    adapter = random_adapter.build(folder, tmp_path) if adapted else None
    load = paligemma.load

    def widened(*given: Any) -> LoadedCheckpoint:
        loaded = load(*given)
        for weight in loaded.model.parameters():
            if weight.dtype is torch.bfloat16:
                weight.data = weight.data.float()
        for module in loaded.model.modules():
            if isinstance(module, bitsandbytes.nn.Linear4bit):
                module.compute_dtype = torch.float32
                module.support_avx512bf16_for_cpu = False
        return loaded

    monkeypatch.setattr(paligemma, "load", widened)
    reference, fast = (
        engine(folder, kind=kind, precision=precision, adapter=adapter)
        for kind in ("reference", "fast")
    )
    expected, generated = reference.generate(BLOCK), fast.generate(BLOCK)
    if precision == "nf4":
        assert_same(BLOCK, generated, expected, PlainForward(folder, reference.model))
    else:
        unrounded = engine(folder, adapter=adapter).generate(BLOCK)
        assert difference(generated, expected) < difference(unrounded, expected)
    assert len(set(map(tuple, tokens(expected)))) > 25 / 2


@pytest.mark.faults  # takes 6 s
def test_most_answers_of_a_trained_checkpoint_do_not_change(engine: Callable[..., Any]) -> None:
    """The demo's small checkpoint kept 98 % of 960 answers in bfloat16 and int8, 91 % in nf4."""
    block = []
    for number, scene in enumerate(filter(_is_learned, (draw_scene(2028, n) for n in range(18)))):
        texts = {"question": Text(scene.question)}
        sample = Sample("", number, texts, b"", scene.width, scene.height)
        scene_tasks = tasks(scene, number).values()
        prompts = [
            (str(FAMILIES["paligemma"].task_prompt(task, sample)), task.max_new_tokens)
            for task in scene_tasks
        ]
        block.append(Request((model_image(scene.image, 128),), tuple(prompts)))
    exact, eight, four = (
        tokens(engine(DEMO, kind="fast", precision=precision, batch_size=16).generate(block))
        for precision in ("float32", "int8", "nf4")
    )
    assert len(exact) > 100
    assert equal_share(eight, exact) > 0.9
    assert equal_share(four, exact) > 0.75


def _is_learned(scene: Scene) -> bool:
    return scene.kind in LEARNED_KINDS


def test_a_row_does_not_depend_on_the_other_rows(
    checkpoint: Callable[..., Path], precision: str
) -> None:
    """The outliers that LLM.int8() would handle separately in other rows make no difference."""
    layer = paligemma.load(checkpoint(1), precision, ["cpu"]).model.model.language_model.layers[0]
    rows = torch.randn(6, 64, generator=torch.Generator().manual_seed(0)).bfloat16()
    with_outliers = rows.clone()
    with_outliers[1:] *= 100
    with torch.inference_mode():
        assert torch.equal(layer.mlp.up_proj(rows)[0], layer.mlp.up_proj(with_outliers)[0])


def test_an_adapter_is_merged_except_into_quantized_weights(
    checkpoint: Callable[..., Path], engine: Callable[..., Any], precision: str, tmp_path: Path
) -> None:
    folder, adapter = checkpoint(2), random_adapter.build(checkpoint(2), tmp_path)
    loaded = engine(folder, kind="fast", precision=precision, adapter=adapter)
    names = {name for name, _ in loaded.model.named_parameters() if "lora_" in name}
    assert names
    assert all(name.startswith("model.language_model.layers.") for name in names)
    projections = loaded._language_model._layers[0]._qkv
    assert isinstance(projections, SeparateLinears)
    inputs = torch.randn(2, 64, generator=torch.Generator().manual_seed(0)).bfloat16()
    layer = loaded.model.model.language_model.layers[0].self_attn
    name = "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_{}.weight"
    a, b = (load_file(adapter / "adapter_model.safetensors")[name.format(end)] for end in "AB")
    with torch.inference_mode():
        added = inputs.double() @ a.T.double() @ b.T.double() * 16 / 4
        expected = layer.q_proj.base_layer(inputs).double() + added
        size = inputs.double().abs() @ a.T.double().abs() @ b.T.double().abs() * 16 / 4
        # Rounded to bfloat16 before the sum, or after it, or both; sums of 64 and of 4 before that.
        error = UNITS[torch.bfloat16] * (added.abs() + expected.abs()) + (64 + 4 + 3) * UNIT * size
        assert_within(projections.slice_outputs(0, 64)(inputs), expected, 1.01 * error)


def test_replacing_a_weight_that_bitsandbytes_quantized_is_refused(
    checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"target_modules": ["q_proj"], "modules_to_save": ["o_proj"]}
    adapter = random_adapter.build(checkpoint(1), tmp_path, **settings)
    with pytest.raises(JobError, match=r"o_proj\.weight, which is quantised: choose model\.precis"):
        paligemma.load(checkpoint(1), "nf4", ["cpu"], adapter)


SCRIPT = """
import sys
from pathlib import Path
from inference.families.paligemma import loading
loading.load(Path(sys.argv[1]), "float32", ["cpu"], Path(sys.argv[2]))
assert "bitsandbytes" in sys.modules
from kernels import get_kernel
get_kernel("a test that works")
"""


@pytest.mark.faults  # a process that imports transformers and bitsandbytes
def test_the_kernels_package_fetches_no_code(
    checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    """bitsandbytes would fetch code on some CPUs, and peft imports it; hiding it prints nothing."""
    (tmp_path / "kernels.py").write_text("def get_kernel(name, **_): print('fetching', name)")
    adapter = random_adapter.build(checkpoint(2), tmp_path / "adapter", target_modules=["fc1"])
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(checkpoint(2)), str(adapter)],
        env=os.environ | {"PYTHONPATH": f"{Path(__file__).parents[4]}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.stdout, process.stderr) == ("fetching a test that works\n", "")


def test_the_kernels_package_is_hidden_only_while_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    known = ModuleType("kernels")
    monkeypatch.setitem(sys.modules, "kernels", known)
    with no_code_from_the_hub(), pytest.raises(ModuleNotFoundError):
        importlib.import_module("kernels")
    assert importlib.import_module("kernels") is known


def test_the_job_schema_lists_the_precisions() -> None:
    schema = Job.model_json_schema()["$defs"]["Model"]["properties"]["precision"]
    assert schema["enum"] == ["float32", "bfloat16", "float16", "int8", "nf4"]
    with pytest.raises(ValueError, match="precision"):
        Model.model_validate({"checkpoint": "a", "precision": "int4"})
