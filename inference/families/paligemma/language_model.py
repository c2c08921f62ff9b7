"""The text tower as plain tensors: prefixes read at once, answers continued a token at a time.

The weights are those of transformers' modules, and so is what is computed from them; sums may be
taken in another order.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.families.paligemma.attention import Attention, Turns
from inference.families.paligemma.decoder_layer import Place, TextLayer, norm
from inference.families.paligemma.kernels import Kernels, Said, Sight
from inference.families.paligemma.kv_cache import Slots
from inference.families.paligemma.location_grammar import Grammar


class _Stretch(NamedTuple):
    """Layers in a row that are on one device."""

    device: torch.device
    layers: Sequence[TextLayer]


class TextTower:
    """Gemma or Gemma 2 with its head.

    A prefix sees all of itself: nothing is hidden but the padding at its right. A generated token
    sees what stands before it. Sliding windows are those of no PaliGemma, and are not looked for.

    Layers may be on several devices. Tokens come and go on that of the embedding, which is the
    head's too: they share their weights.
    """

    def __init__(self, model: Any, kernels: Kernels, grammar: Grammar | None = None) -> None:
        tower, config = model.model.language_model, model.config.text_config
        own = tower.layers[0].self_attn
        self._kernels = kernels
        self._grammar = grammar
        self._attention = Attention(
            heads=config.num_attention_heads,
            shared=config.num_key_value_heads,
            width=own.head_dim,
            scale=own.scaling,
            cap=getattr(own, "attn_logit_softcapping", None),
            kernels=kernels,
        )
        self._layers = [
            TextLayer(number, layer, self._attention) for number, layer in enumerate(tower.layers)
        ]
        self._stretches = [
            _Stretch(device, tuple(layers))
            for device, layers in groupby(self._layers, key=lambda layer: layer.device)
        ]
        self._embed, self._norm = tower.embed_tokens, norm(tower.norm, kernels)
        self._norm_device = tower.norm.weight.device
        self._head = model.lm_head.weight.data
        self._logit_cap: float | None = getattr(config, "final_logit_softcapping", None)
        self._rotary = tower.rotary_emb
        self.device = self._head.device
        self._turns = Turns.made(self._rotary, 1, self._head)

    def slots(self, number: int, capacity: int) -> Slots:
        """Room for `number` rows of `capacity` tokens."""
        if len(self._turns.cosine) < capacity:
            self._turns = Turns.made(self._rotary, capacity, self._head)
        shape = (number, self._attention.shared, capacity, self._attention.width)
        return Slots(shape, self._head.dtype, [layer.device for layer in self._layers])

    def prefill(
        self,
        features: torch.Tensor,
        prompts: Sequence[Sequence[int]],
        slots: Slots,
        into: Sequence[int],
    ) -> Said:
        """Read images' features [rows, image tokens, width], each with the tokens of its prompt.

        Keys and values are kept in the slots `into`. Returned is what follows the prefixes.
        """
        longest = max(map(len, prompts))
        padded = [[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts]
        hidden = torch.cat([features, self._embed(self._tensor(padded))], dim=1)
        length = hidden.shape[1]
        before = features.shape[1] - 1
        last = self._tensor([before + len(prompt) for prompt in prompts])
        if all(len(prompt) == longest for prompt in prompts):
            sight = Sight(last, None)
        else:
            sight = Sight.up_to(last, length, hidden.dtype)
        ends = self._turns.at(last[:, None])
        place = Place(self._turns.first(length), sight, self._tensor(into), ends)
        outermost = self._layers[-1]
        for device, layers in self._stretches:
            hidden, place = hidden.to(device), place.to(device)
            for layer in layers:
                work = layer.prefix_end if layer is outermost else layer.prefix
                hidden = work(hidden, place, slots)
        return self._said(hidden, torch.zeros_like(last))

    def step(
        self,
        codes: torch.Tensor,
        columns: torch.Tensor,
        states: torch.Tensor,
        slots: Slots,
        seen: int,
    ) -> Said:
        """Read one more token of each of the first rows, at its column; returned is what follows.

        No column reaches `seen`; `states` are those of the grammar after the tokens.
        """
        hidden = self._embed(codes[:, None])
        sight = Sight.up_to(columns, seen, hidden.dtype)
        place = Place(self._turns.at(columns[:, None]), sight, slots.places(columns))
        for device, layers in self._stretches:
            hidden, place = hidden.to(device), place.to(device)
            for layer in layers:
                hidden = layer.step(hidden, place, slots, seen)
        return self._said(hidden, states)

    def _tensor(self, numbers: Any) -> torch.Tensor:
        return torch.tensor(numbers, device=self.device)

    def _said(self, hidden: torch.Tensor, states: torch.Tensor) -> Said:
        normed = self._norm(hidden[:, 0].to(self._norm_device)).to(self.device)
        logits = functional.linear(normed, self._head)
        if self._grammar is None:
            return Said(*self._kernels.likeliest(logits, self._logit_cap), states)
        forbidden = self._grammar.forbidden(states)
        found = self._kernels.likeliest(logits, self._logit_cap, forbidden)
        return Said(*found, self._grammar.after(states, found.codes))
