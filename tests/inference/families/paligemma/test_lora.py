"""Tests that engines with a LoRA adapter give the same answers as peft."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import PeftModel
from safetensors.torch import load_file, save_file
from support import random_adapter
from support.plain_forward import PlainForward
from support.rounding import UNIT, UNITS, assert_within
from support.same_answers import assert_same
from transformers import PaliGemmaForConditionalGeneration

from inference.families.paligemma import loading as paligemma
from inference.families.paligemma.module_names import current_name
from schemas.errors import JobError
from schemas.generation import Generation, Request

RANDOM = np.random.default_rng(1)
BLOCK = [
    Request((image,), (("caption en", 12), ("ocr", 6), ("detect red circle ; blue square", 12)))
    for image in RANDOM.integers(0, 256, (4, 56, 56, 3), dtype=np.uint8)
]
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"

Answers = Sequence[Sequence[Generation]]
Build = Callable[..., Path]


def tokens(answers: Answers) -> list[list[int]]:
    return [[token.id for token in answer.tokens] for row in answers for answer in row]


@pytest.fixture(scope="module")
def adapter(
    checkpoint: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Builds an adapter for the small checkpoint of a generation."""

    def adapter(generation: Any, **settings: Any) -> Path:
        folder = tmp_path_factory.mktemp("adapter")
        return random_adapter.build(checkpoint(generation), folder, **settings)

    return adapter


@pytest.fixture(scope="module")
def plain(checkpoint: Callable[..., Path], engine: Callable[..., Any]) -> dict[int, list[Any]]:
    """Tokens of the answers without an adapter, by generation of the checkpoint."""
    return {number: tokens(engine(checkpoint(number)).generate(BLOCK)) for number in (1, 2)}


@pytest.mark.parametrize(
    ("generation", "settings"),
    [
        (1, {}),
        (2, {"modules_to_save": ["multi_modal_projector"]}),
        (2, {"r": 8, "use_rslora": True, "target_modules": "all-linear"}),
        (2, {"rank_pattern": {"layers.1.mlp.up_proj": 6}, "alpha_pattern": {"q_proj": 64}}),
        (1, {"target_modules": ["fc1", "out_proj"], "lora_bias": True}),  # changes the vision tower
        (2, {"target_modules": ["o_proj"], "modules_to_save": ["q_proj"]}),
        (1, {"target_modules": ["lm_head", "down_proj"]}),  # tied embeddings
        (2, {"target_modules": ["o_proj"], "modules_to_save": ["lm_head"]}),
        (1, {"target_modules": ["o_proj"], "modules_to_save": ["embed_tokens"]}),
    ],
    ids=str,
)
def test_both_engines_give_the_same_answers_as_peft(  # noqa: PLR0917
    adapter: Build,
    checkpoint: Callable[..., Path],
    engine: Callable[..., Any],
    plain: dict[int, list[Any]],
    generation: int,
    settings: dict[str, Any],
) -> None:
    base, folder = checkpoint(generation), adapter(generation, **settings)
    beside = engine(base)
    PeftModel.from_pretrained(beside.model, folder).eval()
    expected = beside.generate(BLOCK)
    changed = tokens(expected)
    assert sum(map(list.__eq__, changed, plain[generation])) < len(changed) / 2
    model = PaliGemmaForConditionalGeneration.from_pretrained(base, attn_implementation="eager")
    exact = PlainForward(base, PeftModel.from_pretrained(model, folder))
    for kind in ("reference", "fast"):
        generated = engine(base, kind=kind, adapter=folder).generate(BLOCK)
        assert_same(BLOCK, generated, expected, exact)


def merged_exactly(
    checkpoint: Path, folder: Path, *, sizes: bool = False
) -> dict[str, torch.Tensor]:
    """Merge the adapter with peft in float64; with `sizes`, after taking all absolute values."""
    model = paligemma.load(checkpoint, "float32", ["cpu"]).model
    tuned = PeftModel.from_pretrained(model, folder).double()
    if sizes:
        for weight in tuned.parameters():
            weight.data.abs_()
    merged: dict[str, torch.Tensor] = tuned.merge_and_unload().state_dict()
    return merged


def test_dora_is_merged_too(adapter: Build, checkpoint: Callable[..., Path]) -> None:
    """The bound: a row is scaled by its norm, a sum of 64 squares; its numbers sum r products.

    The adapter's numbers may cancel the weight's; the sum of their sizes is below 4 times the row.
    """
    folder = adapter(2, use_dora=True, target_modules=["q_proj", "fc1"])
    merged = paligemma.load(checkpoint(2), "float32", ["cpu"], folder).model.state_dict()
    expected = merged_exactly(checkpoint(2), folder)
    assert merged.keys() == expected.keys()
    for name, weight in merged.items():
        exact = expected[name]
        length = torch.linalg.vector_norm(exact, dim=-1, keepdim=True)
        assert_within(weight, exact, (64 / 2 + 4 * 2 * (4 + 3)) * UNIT * length.expand_as(exact))


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_merged_model_contains_no_peft_modules(
    adapter: Build, checkpoint: Callable[..., Path], precision: str
) -> None:
    folder = adapter(2, modules_to_save=["multi_modal_projector"])
    plain, merged = (
        paligemma.load(checkpoint(2), precision, ["cpu"], adapter_folder).model
        for adapter_folder in (None, folder)
    )
    kinds = [(name, type(module)) for name, module in plain.named_modules()]
    assert [(name, type(module)) for name, module in merged.named_modules()] == kinds
    assert {weight.dtype for weight in merged.parameters()} == {getattr(torch, precision)}
    assert merged.lm_head.weight is merged.model.language_model.embed_tokens.weight
    up, changed = (
        m.model.language_model.layers[0].mlp.up_proj.weight.data for m in (plain, merged)
    )
    name = "base_model.model.model.language_model.layers.0.mlp.up_proj.lora_{}.weight"
    lora_a, lora_b = (load_file(folder / WEIGHTS)[name.format(end)] for end in "AB")
    exact = up.double() + 16 / 4 * lora_b.double() @ lora_a.double()
    size = up.double().abs() + 16 / 4 * lora_b.double().abs() @ lora_a.double().abs()
    once = UNITS[up.dtype] * exact.abs() if up.dtype != torch.float32 else 0 * size
    assert_within(changed, exact, once + (4 + 3) * UNIT * size)  # r products; then one rounding


LANGUAGE = "model.language_model.layers.3.self_attn.q_proj"
VISION = "model.vision_tower.encoder.layers.1.mlp.fc1"


@pytest.mark.parametrize(
    ("former", "now"),
    [
        (LANGUAGE, LANGUAGE),
        ("language_model.model.layers.3.self_attn.q_proj", LANGUAGE),
        ("model.language_model.model.layers.3.self_attn.q_proj", LANGUAGE),
        (VISION, VISION),
        ("vision_tower.vision_model.encoder.layers.1.mlp.fc1", VISION),
        ("model.vision_tower.vision_model.encoder.layers.1.mlp.fc1", VISION),
        ("multi_modal_projector.linear", "model.multi_modal_projector.linear"),
        ("model.multi_modal_projector.linear", "model.multi_modal_projector.linear"),
        ("language_model.lm_head", "lm_head"),
        ("lm_head", "lm_head"),
        ("q_proj", "q_proj"),  # a pattern
    ],
)
def test_module_names_of_earlier_transformers_versions_are_translated(
    former: str, now: str
) -> None:
    assert current_name(former) == now


def renamed(folder: Path, target: Path) -> Path:
    """Copy an adapter with the module names that transformers used until 4.51."""
    shutil.copytree(folder, target)
    pairs = {
        "base_model.model.model.language_model.": "base_model.model.language_model.model.",
        "base_model.model.model.vision_tower.": "base_model.model.vision_tower.vision_model.",
        "base_model.model.model.multi": "base_model.model.multi",
    }
    former = {}
    for name, weight in load_file(folder / WEIGHTS).items():
        start = next(prefix for prefix in pairs if name.startswith(prefix))
        former[pairs[start] + name.removeprefix(start)] = weight
    save_file(former, target / WEIGHTS)
    config = json.loads((target / CONFIG).read_text())
    config["target_modules"] = r"^language_model\.model\..*_proj$|^vision_tower\.vision_model\..*"
    (target / CONFIG).write_text(json.dumps(config))
    return target


def test_an_adapter_with_earlier_module_names_loads_the_same(
    adapter: Build, checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    folder = adapter(1, modules_to_save=["multi_modal_projector"])
    now, former = (
        paligemma.load(checkpoint(1), "float32", ["cpu"], adapter_folder).model.state_dict()
        for adapter_folder in (folder, renamed(folder, tmp_path / "former"))
    )
    assert all(torch.equal(weight, former[name]) for name, weight in now.items())


def rewritten(folder: Path, target: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> Path:
    shutil.copytree(folder, target)
    weights = load_file(folder / WEIGHTS)
    change(weights)
    save_file(weights, target / WEIGHTS)
    return target


def refusal(checkpoint: Path, adapter: Path, precision: str = "float32") -> str:
    with pytest.raises(JobError) as caught:
        paligemma.load(checkpoint, precision, ["cpu"], adapter)
    message = str(caught.value)
    assert message.startswith(f"model.adapter: '{adapter}' ")
    assert "\n" not in message
    return message


def test_an_adapter_for_another_base_model_is_refused(
    adapter: Build, checkpoint: Callable[..., Path]
) -> None:
    folder = adapter(2, target_modules=["q_proj"])
    wider = refusal(checkpoint(2, text_width=128), folder)
    assert "layers.0.self_attn.q_proj is 128 wide, not 64)" in wider
    assert f"put what it was trained on, '{checkpoint(2)}', in model.checkpoint" in wider
    shorter = refusal(checkpoint(2, text_layers=2), folder)
    assert "does not fit the checkpoint (it has no model.language_model.layers.2." in shorter
    saved = adapter(2, target_modules=["fc1"], modules_to_save=["multi_modal_projector"])
    wider = refusal(checkpoint(2, text_width=128), saved)
    assert "multi_modal_projector.linear.bias is 128, not 64)" in wider


def test_an_incomplete_adapter_is_refused(
    adapter: Build, checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    folder = adapter(2, target_modules=["q_proj"], modules_to_save=["multi_modal_projector"])
    start = "base_model.model.model."
    layer = f"{start}language_model.layers.0.self_attn.q_proj"

    def broken(name: str, change: Callable[[dict[str, torch.Tensor]], Any]) -> str:
        return refusal(checkpoint(2), rewritten(folder, tmp_path / name, change))

    half = broken("half", lambda weights: weights.pop(f"{layer}.lora_B.weight"))
    assert "lora_B.default.weight is only in one of them" in half
    head = f"{start}multi_modal_projector.linear.bias"
    assert "does not fit" in broken("head", lambda weights: weights.pop(head))
    more = broken("more", lambda weights: weights.update({f"{layer}.lora_C": torch.ones(1)}))
    assert "lora_C" in more
    infinite = broken("nan", lambda weights: weights[head].fill_(torch.inf))
    assert "numbers that are not finite" in infinite
    assert "adapts no module" in broken("none", dict.clear)


def test_an_adapter_for_other_layers_than_linear_ones_is_refused(
    adapter: Build, checkpoint: Callable[..., Path]
) -> None:
    message = refusal(checkpoint(2), adapter(2, target_modules=["patch_embedding"]))
    assert "embeddings.patch_embedding, which is no linear layer" in message


def test_pickled_adapter_weights_are_not_opened(
    adapter: Build, checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(adapter(2, target_modules=["q_proj"]), tmp_path / "adapter"))
    (folder / WEIGHTS).rename(folder / "adapter_model.bin")
    with pytest.raises(FileNotFoundError):  # fetching, which runs before, refuses it in one line
        paligemma.load(checkpoint(2), "float32", ["cpu"], folder)


def test_an_adapter_inside_the_checkpoint_is_not_applied_silently(
    adapter: Build, checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    both = Path(shutil.copytree(checkpoint(2), tmp_path / "both"))
    shutil.copytree(adapter(2, target_modules=["q_proj"]), both, dirs_exist_ok=True)
    with pytest.raises(JobError, match=r"^model\.checkpoint: .* holds an adapter beside its wei"):
        paligemma.load(both, "float32", ["cpu"])


@settings(deadline=None, max_examples=4, derandomize=True)
@given(
    targets=st.sets(st.sampled_from(random_adapter.EVERYWHERE), min_size=1, max_size=4),
    rank=st.integers(1, 9),
    alpha=st.integers(1, 40),
    seed=st.integers(0, 99),
)
def test_any_lora_is_merged_like_peft(  # noqa: PLR0917
    checkpoint: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
    targets: set[str],
    rank: int,
    alpha: int,
    seed: int,
) -> None:
    chosen = {"target_modules": sorted(targets), "r": rank, "lora_alpha": alpha}
    folder = random_adapter.build(checkpoint(1), tmp_path_factory.mktemp("any"), seed, **chosen)
    merged = paligemma.load(checkpoint(1), "float32", ["cpu"], folder).model.state_dict()
    expected = merged_exactly(checkpoint(1), folder)
    size = merged_exactly(checkpoint(1), folder, sizes=True)
    for name, weight in merged.items():
        assert_within(weight, expected[name], (rank + 3) * UNIT * size[name])
