"""Compares the configuration that is read without transformers with transformers' own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.families.paligemma.configuration import (
    read_configuration,
    read_transformers_configuration,
)
from inference.families.paligemma.plain_configuration import (
    PlainConfiguration,
    read_plain_configuration,
)
from schemas.errors import JobError

DEMO = Path(__file__).parents[4] / "demo" / "checkpoint"

# As the config.json of google/paligemma-3b-mix-224 and google/paligemma2-3b-mix-448.
VISION = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "model_type": "siglip_vision_model",
    "num_attention_heads": 16,
    "num_hidden_layers": 27,
    "num_image_tokens": 256,
    "patch_size": 14,
    "projection_dim": 2048,
    "projector_hidden_act": "gelu_fast",
    "torch_dtype": "float32",
    "vision_use_head": False,
}
FIRST = {
    "_name_or_path": "paligemma-3b-mix-224",
    "architectures": ["PaliGemmaForConditionalGeneration"],
    "bos_token_id": 2,
    "eos_token_id": 1,
    "hidden_size": 2048,
    "ignore_index": -100,
    "image_token_index": 257152,
    "model_type": "paligemma",
    "pad_token_id": 0,
    "projection_dim": 2048,
    "text_config": {
        "hidden_size": 2048,
        "intermediate_size": 16384,
        "model_type": "gemma",
        "num_attention_heads": 8,
        "num_hidden_layers": 18,
        "num_image_tokens": 256,
        "num_key_value_heads": 1,
        "torch_dtype": "float32",
        "vocab_size": 257216,
    },
    "torch_dtype": "float32",
    "transformers_version": "4.42.0.dev0",
    "vision_config": VISION,
}
SECOND = {
    **FIRST,
    "_vocab_size": 257152,
    "hidden_size": 2304,
    "num_hidden_layers": 26,
    "projection_dim": 2304,
    "text_config": {
        "architectures": ["Gemma2ForCausalLM"],
        "attn_logit_softcapping": 50.0,
        "cache_implementation": "hybrid",
        "eos_token_id": [1, 107],
        "bos_token_id": 2,
        "final_logit_softcapping": 30.0,
        "hidden_act": "gelu_pytorch_tanh",
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "model_type": "gemma2",
        "num_attention_heads": 8,
        "num_hidden_layers": 26,
        "num_image_tokens": 1024,
        "num_key_value_heads": 4,
        "query_pre_attn_scalar": 256,
        "sliding_window": 4096,
        "torch_dtype": "bfloat16",
        "vocab_size": 257216,
    },
    "vision_config": {**VISION, "image_size": 448, "num_image_tokens": 1024},
}
CONFIGURATIONS = {
    "first": FIRST,
    "second": SECOND,
    "demo": json.loads((DEMO / "config.json").read_text()),
}
# Values that transformers reads in another way, or refuses.
UNKNOWN = [
    {"text_config": {"rope_scaling": {"rope_type": "linear", "factor": 2.0}}},
    {"text_config": {"rope_parameters": {"rope_type": "linear", "factor": 2.0}}},
    {"text_config": {"hidden_activation": "gelu"}},
    {"text_config": {"hidden_size": 2303}},
    {"text_config": {"hidden_size": "2304"}},
    {"text_config": {"layer_types": ["full_attention"]}},
    {"text_config": {"layer_types": ["chunked_attention"] * 26}},
    {"text_config": {"per_layer_config": {"1": {"head_dim": 128}}}},
    {"text_config": {"partial_rotary_factor": 0.5}},
    {"text_config": {"use_bidirectional_attention": False}},
    {"vision_config": {"image_size": [448, 448]}},
    {"vision_config": {"hidden_act": "gelu"}},
    {"vision_config": {"model_type": "clip_vision_model"}},
    {"vision_config": {"patch_size": 0}},
    {"tie_word_embeddings": False},
    {"image_token_id": 5},
    {"quantization_config": {"bits": 4}},
]


def _changed(config: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    inner = {key: {**config[key], **value} for key, value in change.items() if key in PARTS}
    return {**config, **change, **inner}


PARTS = ("text_config", "vision_config")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    def write(config: Any) -> Path:
        (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path

    return write


def assert_like_transformers(folder: Path) -> None:
    plain, theirs = read_plain_configuration(folder), read_transformers_configuration(folder)
    assert plain is not None
    for part in (None, *PARTS):
        own, other = (getattr(config, part) if part else config for config in (plain, theirs))
        for name in set(type(own).model_fields) - {*PARTS, "rope_theta", "rope_type"}:
            value = getattr(other, name)
            if name == "layer_types":  # not read: every layer has full attention
                assert value == ["full_attention"] * other.num_hidden_layers
            elif name == "use_bidirectional_attention":  # not read: inside a prefix it always is
                assert value is True
            else:
                assert getattr(own, name) == value, name
    assert plain.text_config.rope_parameters == theirs.text_config.rope_parameters


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_values_are_those_of_transformers(name: str, write: Callable[[Any], Path]) -> None:
    folder = write(CONFIGURATIONS[name])
    assert_like_transformers(folder)
    assert isinstance(read_configuration(folder), PlainConfiguration)


@pytest.mark.parametrize(
    "rotary",
    [
        {"rope_theta": 5000.0},
        {"rope_parameters": {"rope_theta": 5000.0}},
        {"rope_parameters": {"rope_theta": 5000.0, "rope_type": "default"}, "rope_theta": 1.0},
        {"rope_parameters": None, "rope_scaling": None, "rope_theta": 5000.0},
    ],
)
def test_the_base_of_the_rotary_embedding_is_that_of_transformers(
    rotary: dict[str, Any], write: Callable[[Any], Path]
) -> None:
    assert_like_transformers(write(_changed(SECOND, {"text_config": rotary})))


@settings(max_examples=25)
@given(data=st.data())
def test_omitted_values_are_the_defaults_of_transformers(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = data.draw(st.sampled_from(["first", "second"]))
    config = CONFIGURATIONS[name]
    kept = {"model_type", "hidden_size", *PARTS}
    for part in PARTS:
        inner = config[part]
        drawn = data.draw(st.sets(st.sampled_from(sorted(inner.keys() - kept))))
        config = {**config, part: {key: inner[key] for key in inner.keys() - drawn}}
    drawn = data.draw(st.sets(st.sampled_from(sorted(config.keys() - kept))))
    folder = tmp_path_factory.mktemp("configuration")
    (folder / "config.json").write_text(
        json.dumps({key: config[key] for key in config.keys() - drawn})
    )
    assert_like_transformers(folder)


@pytest.mark.parametrize("change", UNKNOWN, ids=str)
def test_other_values_are_left_to_transformers(
    change: dict[str, Any], write: Callable[[Any], Path], caplog: pytest.LogCaptureFixture
) -> None:
    folder = write(_changed(SECOND, change))
    with caplog.at_level("INFO"):
        assert read_plain_configuration(folder) is None
    assert "config.json is read by transformers" in caplog.text
    try:
        assert not isinstance(read_configuration(folder), PlainConfiguration)
    except JobError as error:
        assert "in its config.json" in str(error)  # noqa: PT017


@pytest.mark.parametrize("content", ["", "[]", "{", '{"model_type": "paligemma"}'])
def test_a_damaged_file_is_left_to_transformers(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    assert read_plain_configuration(tmp_path) is None
    (tmp_path / "config.json").unlink()
    assert read_plain_configuration(tmp_path) is None
