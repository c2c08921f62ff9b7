"""Gemma or Gemma 2 as plain tensors: reads whole prefixes, then decodes a token per step.

The weights are the tensors of a PaliGemma's modules, so the results are the same, except that sums
may be taken in another order.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.families.loaded_model import DecodeOutput, TokenGrammar
from inference.families.paligemma.activation import activation, capped
from inference.families.paligemma.attention import Attention, RotaryEmbedding
from inference.families.paligemma.decoder_layer import DecoderLayer, PositionContext, load_norm
from inference.families.paligemma.kernels import AttentionMask, Kernels
from inference.families.paligemma.kv_cache import KVCache


class _DeviceGroup(NamedTuple):
    """Consecutive layers on one device."""

    device: torch.device
    layers: Sequence[DecoderLayer]


class LanguageModel:
    """The decoder layers with embedding and head.

    Attention inside a prefix is bidirectional: only the padding at its right is masked. A generated
    token attends to itself and to all tokens before it. Sliding windows are ignored: no PaliGemma
    uses them.

    Layers may be on several devices. Token ids enter and leave on the device of the embedding,
    which is also the head's device, because both share their weights.
    """

    def __init__(self, model: Any, kernels: Kernels, grammar: TokenGrammar | None = None) -> None:
        gemma, config = model.model.language_model, model.config.text_config
        is_gemma2 = config.model_type == "gemma2"
        self._kernels = kernels
        self._grammar = grammar
        self._attention = Attention(
            num_heads=config.num_attention_heads,
            num_kv_heads=config.num_key_value_heads,
            head_dim=config.head_dim,
            scale=(config.query_pre_attn_scalar if is_gemma2 else config.head_dim) ** -0.5,
            cap=config.attn_logit_softcapping if is_gemma2 else None,
            kernels=kernels,
        )
        activate = activation(config.hidden_activation if is_gemma2 else config.hidden_act)
        self._layers = [
            DecoderLayer(index, layer, self._attention, activate)
            for index, layer in enumerate(gemma.layers)
        ]
        self._device_groups = [
            _DeviceGroup(device, tuple(layers))
            for device, layers in groupby(self._layers, key=lambda layer: layer.device)
        ]
        self._embed, self._norm = gemma.embed_tokens, load_norm(gemma.norm, kernels)
        self._norm_device = gemma.norm.weight.device
        self._head = model.lm_head.weight.data
        self._logit_cap: float | None = getattr(config, "final_logit_softcapping", None)
        self._rotary_module = gemma.rotary_emb
        self.device = self._head.device
        self._rotary = RotaryEmbedding.compute(self._rotary_module, 1, self._head)

    def allocate_cache(self, num_slots: int, capacity: int) -> KVCache:
        """Allocate a cache of `num_slots` rows with up to `capacity` tokens each."""
        if len(self._rotary.cosine) < capacity:
            self._rotary = RotaryEmbedding.compute(self._rotary_module, capacity, self._head)
        attention = self._attention
        shape = (num_slots, attention.num_kv_heads, capacity, attention.head_dim)
        return KVCache(shape, self._head.dtype, [layer.device for layer in self._layers])

    def prefill(
        self,
        features: torch.Tensor,
        prompts: Sequence[Sequence[int]],
        cache: KVCache,
        slots: Sequence[int],
    ) -> DecodeOutput:
        """Read image features [rows, image tokens, width], each followed by its prompt's token ids.

        A row's image tokens are those of all its images, and all rows have as many.

        Stores keys and values in the given slots of the cache, and returns each row's next token.
        """
        hidden = self._read_prefixes(features, prompts, cache, slots)
        starts = torch.zeros(len(hidden), dtype=torch.int64, device=self.device)
        return self._next_tokens(hidden, starts)

    def prefill_logprobs(
        self,
        features: torch.Tensor,
        prompts: Sequence[Sequence[int]],
        cache: KVCache,
        slots: Sequence[int],
        token_ids: torch.Tensor,
    ) -> torch.Tensor:
        """Read prefixes as `prefill` does, and return the log-probabilities of next tokens.

        `token_ids` are int64 [rows, n]; the result is float32 [rows, n].
        """
        return self._logprobs(self._read_prefixes(features, prompts, cache, slots), token_ids)

    def step(
        self,
        token_ids: torch.Tensor,
        columns: torch.Tensor,
        states: torch.Tensor,
        cache: KVCache,
        num_columns: int,
    ) -> DecodeOutput:
        """Read one more token of each of the first rows, and return the token after it.

        `token_ids`, `columns` (where the tokens are stored) and `states` (the grammar's, after the
        tokens) are int64 [rows]. Attention reads the first `num_columns` columns of the cache;
        every column in `columns` is smaller.
        """
        return self._next_tokens(self._read_tokens(token_ids, columns, cache, num_columns), states)

    def step_logprobs(
        self,
        token_ids: torch.Tensor,
        columns: torch.Tensor,
        cache: KVCache,
        num_columns: int,
        next_ids: torch.Tensor,
    ) -> torch.Tensor:
        """Read tokens as `step` does, and return the log-probabilities of next tokens.

        `next_ids` are int64 [rows, n]; the result is float32 [rows, n].
        """
        return self._logprobs(self._read_tokens(token_ids, columns, cache, num_columns), next_ids)

    def _read_prefixes(
        self,
        features: torch.Tensor,
        prompts: Sequence[Sequence[int]],
        cache: KVCache,
        slots: Sequence[int],
    ) -> torch.Tensor:
        """Return the hidden state of the last token of each prefix: [rows, 1, width]."""
        longest = max(map(len, prompts))
        padded = [[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts]
        hidden = torch.cat([features, self._embed(self._tensor(padded))], dim=1)
        length = hidden.shape[1]
        last_image_column = features.shape[1] - 1
        last = self._tensor([last_image_column + len(prompt) for prompt in prompts])
        if all(len(prompt) == longest for prompt in prompts):
            mask = AttentionMask(last, None)
        else:
            mask = AttentionMask.up_to(last, length, hidden.dtype)
        last_rotary = self._rotary.at(last[:, None])
        context = PositionContext(
            self._rotary.first(length), mask, self._tensor(slots), last_rotary
        )
        last_layer = self._layers[-1]
        for device, layers in self._device_groups:
            hidden, context = hidden.to(device), context.to(device)
            for layer in layers:
                process = layer.prefill_last if layer is last_layer else layer.prefill
                hidden = process(hidden, context, cache)
        return hidden

    def _read_tokens(
        self, token_ids: torch.Tensor, columns: torch.Tensor, cache: KVCache, num_columns: int
    ) -> torch.Tensor:
        """Return the hidden state of one more token of each of the first rows: [rows, 1, width]."""
        hidden: torch.Tensor = self._embed(token_ids[:, None])
        mask = AttentionMask.up_to(columns, num_columns, hidden.dtype)
        context = PositionContext(
            self._rotary.at(columns[:, None]), mask, cache.flat_positions(columns)
        )
        for device, layers in self._device_groups:
            hidden, context = hidden.to(device), context.to(device)
            for layer in layers:
                hidden = layer.step(hidden, context, cache, num_columns)
        return hidden

    def _tensor(self, numbers: Any) -> torch.Tensor:
        return torch.tensor(numbers, device=self.device)

    def _next_tokens(self, hidden: torch.Tensor, states: torch.Tensor) -> DecodeOutput:
        """Choose the token after each of the hidden states [rows, 1, width].

        `states` [rows] are the states of the grammar before the tokens.
        """
        logits = self._logits(hidden)
        if self._grammar is None:
            return DecodeOutput(*self._kernels.greedy_token(logits, self._logit_cap), states)
        forbidden = self._grammar.forbidden(states)
        chosen = self._kernels.greedy_token(logits, self._logit_cap, forbidden)
        return DecodeOutput(*chosen, self._grammar.after(states, chosen.token_ids))

    def _logprobs(self, hidden: torch.Tensor, token_ids: torch.Tensor) -> torch.Tensor:
        """Return log-probabilities of the tokens [rows, n] after hidden states [rows, 1, width]."""
        logits = self._logits(hidden)
        if self._logit_cap is not None:
            logits = capped(logits, self._logit_cap)
        return logits.float().log_softmax(dim=-1).gather(1, token_ids)

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        normed = self._norm(hidden[:, 0].to(self._norm_device)).to(self.device)
        return functional.linear(normed, self._head)
