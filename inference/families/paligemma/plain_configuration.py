"""Reads a PaliGemma's config.json without transformers, whose import takes seconds."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from inference.families.paligemma.checkpoint_files import TEXT_SIZES, TOP_SIZES, VISION_SIZES
from schemas.regular_file import read_json

_LOGGER = logging.getLogger(__name__)

_Gelu = Literal["gelu_pytorch_tanh"]  # the activation of every published PaliGemma
_Layer = Literal["full_attention", "sliding_attention"]

# Keys that change nothing in the fast engine: of training, of generation, of the software.
_IGNORED = frozenset(
    {
        *("_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"),
        *("attention_dropout", "initializer_range", "use_cache", "cache_implementation"),
        *("bos_token_id", "eos_token_id", "pad_token_id"),
    }
)
_IGNORED_IN_VISION = _IGNORED | {
    *("num_image_tokens", "projection_dim", "projector_hidden_act", "vision_use_head"),
    "vocab_size",
}
# No PaliGemma has sliding windows. Each generation reads one of the two names of the activation.
_IGNORED_IN_TEXT = {
    "gemma": _IGNORED | {"num_image_tokens", "hidden_activation"},
    "gemma2": _IGNORED | {"num_image_tokens", "hidden_act", "sliding_window"},
}
_IGNORED_AT_TOP = _IGNORED | {
    *("_vocab_size", "hidden_size", "ignore_index", "num_hidden_layers", "vocab_size"),
}


class _Values(BaseModel):
    """Values of a config.json with their exact types; unknown keys are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Vision(_Values):
    """SigLIP's vision tower."""

    model_type: Literal["siglip_vision_model"] = "siglip_vision_model"
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    num_hidden_layers: PositiveInt
    num_attention_heads: PositiveInt = 12
    num_channels: PositiveInt
    image_size: PositiveInt
    patch_size: PositiveInt
    hidden_act: _Gelu = "gelu_pytorch_tanh"
    layer_norm_eps: PositiveFloat = 1e-6


class _Gemma(_Values):
    """What both generations of the language model have."""

    vocab_size: PositiveInt
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    num_hidden_layers: PositiveInt
    num_attention_heads: PositiveInt
    num_key_value_heads: PositiveInt
    head_dim: Annotated[PositiveInt, Field(multiple_of=2)]
    max_position_embeddings: PositiveInt = 8192
    rms_norm_eps: PositiveFloat = 1e-6
    attention_bias: bool = False
    rope_theta: PositiveFloat
    rope_type: Literal["default"]
    tie_word_embeddings: Literal[True] = True
    use_bidirectional_attention: Literal[True] | None = None
    num_image_tokens: PositiveInt  # of the vision tower

    @property
    def rope_parameters(self) -> dict[str, Any]:
        """The base and the type of the rotary embedding."""
        return {"rope_theta": self.rope_theta, "rope_type": self.rope_type}


class _Gemma1(_Gemma):
    """PaliGemma's language model."""

    model_type: Literal["gemma"] = "gemma"
    hidden_act: _Gelu = "gelu_pytorch_tanh"


class _Gemma2(_Gemma):
    """PaliGemma 2's language model."""

    model_type: Literal["gemma2"] = "gemma2"
    hidden_activation: _Gelu = "gelu_pytorch_tanh"
    query_pre_attn_scalar: PositiveInt = 256
    attn_logit_softcapping: FiniteFloat | None = 50.0
    final_logit_softcapping: FiniteFloat | None = 30.0
    layer_types: list[_Layer] | None = None  # not read: every layer has full attention

    @model_validator(mode="after")
    def _check(self) -> "_Gemma2":
        if self.hidden_size % self.num_attention_heads:
            raise ValueError("the width is no multiple of the number of heads")
        if self.layer_types is not None and len(self.layer_types) != self.num_hidden_layers:
            raise ValueError("not one type for each layer")
        return self


class PlainConfiguration(_Values):
    """What the fast engine reads of a PaliGemmaConfig, under the same names."""

    model_type: Literal["paligemma"]
    projection_dim: PositiveInt
    image_token_index: int
    tie_word_embeddings: Literal[True] = True
    text_config: Annotated[_Gemma1 | _Gemma2, Field(discriminator="model_type")]
    vision_config: _Vision

    @property
    def image_token_id(self) -> int:
        """The id of the image token."""
        return self.image_token_index


def read_plain_configuration(folder: Path) -> PlainConfiguration | None:
    """Read the folder's config.json, with transformers' defaults.

    The result is None for a key or a value that only transformers knows, and for a damaged file,
    which transformers refuses.
    """
    try:
        return _parse(read_json(folder / "config.json"))
    except ValidationError as error:
        reason = ".".join(map(str, error.errors()[0]["loc"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError) as error:
        reason = type(error).__name__
    _LOGGER.info("config.json is read by transformers, which takes seconds longer: %s", reason)
    return None


def _parse(values: Mapping[str, Any]) -> PlainConfiguration:
    vision = {**VISION_SIZES, **_known(values["vision_config"], _IGNORED_IN_VISION)}
    side, patch = vision["image_size"], vision["patch_size"]
    kind = values["text_config"].get("model_type", "gemma")
    text = {**TEXT_SIZES[kind], **_known(values["text_config"], _IGNORED_IN_TEXT[kind])}
    text |= {"model_type": kind, "num_image_tokens": (side // patch) ** 2}
    text |= _rotary(text)
    top = {**TOP_SIZES, **_known(values, _IGNORED_AT_TOP)}
    return PlainConfiguration.model_validate({**top, "text_config": text, "vision_config": vision})


def _known(values: Mapping[str, Any], ignored: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in ignored}


def _rotary(text: dict[str, Any]) -> dict[str, Any]:
    """Take the rotary embedding's keys from the values of a language model.

    Before transformers 5, `rope_theta` was no part of `rope_parameters`.
    """
    if text.pop("rope_scaling", None):
        raise ValueError("a scaled rotary embedding")
    values = {"rope_type": "default", "rope_theta": text.pop("rope_theta", 10_000.0)}
    values |= text.pop("rope_parameters", None) or {}
    if len(values) > 2:
        raise ValueError("unknown parameters of the rotary embedding")
    return values
