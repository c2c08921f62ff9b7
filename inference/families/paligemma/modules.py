"""PaliGemma's weights in modules with the names of transformers, for the fast engine.

The import of transformers' own modules takes seconds, and most of their code serves other models.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional


def fits(config: Any) -> bool:
    """Return whether `PaliGemmaModules` has the modules that a PaliGemmaConfig asks for."""
    return bool(
        config.vision_config.model_type == "siglip_vision_model"
        and config.text_config.rope_parameters["rope_type"] == "default"
        and config.tie_word_embeddings
    )


class PaliGemmaModules(nn.Module):
    """The weights of PaliGemma or PaliGemma 2, without forward passes.

    `config` is a PaliGemmaConfig that `fits`, `dtype` the type of the weights. The
    head is the embedding, once `tie` was called.
    """

    def __init__(self, config: Any, dtype: torch.dtype) -> None:
        super().__init__()
        self.config = config
        text, vision = config.text_config, config.vision_config
        self.model: Any = nn.ModuleDict(
            {
                "vision_tower": _vision_tower(vision),
                "multi_modal_projector": _Projector(vision.hidden_size, config.projection_dim),
                "language_model": _language_model(text, dtype),
            }
        )
        self.lm_head = nn.Linear(text.hidden_size, text.vocab_size, bias=False)

    @property
    def dtype(self) -> torch.dtype:
        """The number type of all weights."""
        return self.lm_head.weight.dtype

    def tie(self) -> None:
        """Make the embedding's weights those of the head."""
        self.lm_head.weight = self.model.language_model.embed_tokens.weight


def _vision_tower(vision: Any) -> nn.ModuleDict:
    layers = [_encoder_layer(vision) for _ in range(vision.num_hidden_layers)]
    return nn.ModuleDict(
        {
            "embeddings": _PatchEmbeddings(vision),
            "encoder": nn.ModuleDict({"layers": nn.ModuleList(layers)}),
            "post_layernorm": nn.LayerNorm(vision.hidden_size, eps=vision.layer_norm_eps),
        }
    )


def _encoder_layer(vision: Any) -> nn.ModuleDict:
    width, mlp_width = vision.hidden_size, vision.intermediate_size
    projections = ("q_proj", "k_proj", "v_proj", "out_proj")
    return nn.ModuleDict(
        {
            "layer_norm1": nn.LayerNorm(width, eps=vision.layer_norm_eps),
            "self_attn": nn.ModuleDict({name: nn.Linear(width, width) for name in projections}),
            "layer_norm2": nn.LayerNorm(width, eps=vision.layer_norm_eps),
            "mlp": nn.ModuleDict(
                {"fc1": nn.Linear(width, mlp_width), "fc2": nn.Linear(mlp_width, width)}
            ),
        }
    )


def _language_model(text: Any, dtype: torch.dtype) -> nn.ModuleDict:
    layers = [_decoder_layer(text) for _ in range(text.num_hidden_layers)]
    return nn.ModuleDict(
        {
            "embed_tokens": _ScaledEmbedding(text.vocab_size, text.hidden_size, dtype),
            "layers": nn.ModuleList(layers),
            "norm": _RMSNorm(text),
            "rotary_emb": _Rotary(text.rope_parameters["rope_theta"], text.head_dim),
        }
    )


def _decoder_layer(text: Any) -> nn.ModuleDict:
    width, mlp_width, has_bias = text.hidden_size, text.intermediate_size, text.attention_bias
    query_width = text.num_attention_heads * text.head_dim
    key_width = text.num_key_value_heads * text.head_dim
    norms = ["input_layernorm", "post_attention_layernorm"]
    if text.model_type == "gemma2":
        norms += ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
    attention = {
        "q_proj": nn.Linear(width, query_width, has_bias),
        "k_proj": nn.Linear(width, key_width, has_bias),
        "v_proj": nn.Linear(width, key_width, has_bias),
        "o_proj": nn.Linear(query_width, width, has_bias),
    }
    mlp = {
        "gate_proj": nn.Linear(width, mlp_width, bias=False),
        "up_proj": nn.Linear(width, mlp_width, bias=False),
        "down_proj": nn.Linear(mlp_width, width, bias=False),
    }
    return nn.ModuleDict(
        {
            "self_attn": nn.ModuleDict(attention),
            "mlp": nn.ModuleDict(mlp),
            **{name: _RMSNorm(text) for name in norms},
        }
    )


class _PatchEmbeddings(nn.Module):
    """SigLIP's patches, each with its position: [n, 3, S, S] to [n, patches, width]."""

    def __init__(self, vision: Any) -> None:
        super().__init__()
        width, side = vision.hidden_size, vision.patch_size
        self.patch_embedding = nn.Conv2d(vision.num_channels, width, side, stride=side)
        self.position_embedding = _Table((vision.image_size // side) ** 2, width)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        patches: torch.Tensor = self.patch_embedding(pixel_values)
        return patches.flatten(2).transpose(1, 2) + self.position_embedding.weight


class _Projector(nn.Module):
    """The projection of image features to the language model's width."""

    def __init__(self, vision_width: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(vision_width, width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        projected: torch.Tensor = self.linear(features)
        return projected


class _Table(nn.Module):
    """A table of weights: [*shape]. Unlike nn.Embedding, it draws no random numbers at first."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))


class _ScaledEmbedding(_Table):
    """Gemma's embedding of tokens, times the root of its width, rounded to the weights' type."""

    def __init__(self, rows: int, width: int, dtype: torch.dtype) -> None:
        super().__init__(rows, width)
        self._scale = float(torch.tensor(width**0.5, dtype=dtype, device="cpu"))

    def forward(self, token_ids: torch.Tensor) -> torch.Tensor:
        return functional.embedding(token_ids, self.weight) * self._scale


class _RMSNorm(_Table):
    """The weights of an RMS norm."""

    def __init__(self, text: Any) -> None:
        super().__init__(text.hidden_size)
        self.eps = text.rms_norm_eps


class _Rotary(nn.Module):
    """The angles of the rotary embedding: arXiv 2104.09864."""

    def __init__(self, base: float, head_dim: int) -> None:
        super().__init__()
        self._base, self._head_dim = base, head_dim

    def forward(
        self, like: torch.Tensor, positions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return cosines and sines of positions [n, length]: [n, length, head_dim] each.

        The results have the device and type of `like`.
        """
        exponents = torch.arange(0, self._head_dim, 2, dtype=torch.float32) / self._head_dim
        frequencies = (1.0 / self._base**exponents).to(like.device)
        angles = positions[..., None].float() * frequencies
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos().to(like.dtype), angles.sin().to(like.dtype)
