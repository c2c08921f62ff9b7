"""The text tower as plain tensors: prefixes read at once, answers continued a token at a time.

The weights are those of transformers' modules, and so is what is computed from them; sums may be
taken in another order.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from inference.activation import capped
from inference.attention import Attention, Turns, hiding
from inference.slots import Slots
from inference.text_layer import Ends, Place, TextLayer, norm


class Likeliest(NamedTuple):
    """The likeliest next token of each row, and its log-probability under the full softmax."""

    codes: torch.Tensor  # int64 [rows]
    logprobs: torch.Tensor  # float32 [rows]


class TextTower:
    """Gemma or Gemma 2 with its head.

    A prefix sees all of itself: nothing is hidden but the padding at its right. A generated token
    sees what stands before it. Sliding windows are those of no PaliGemma, and are not looked for.
    """

    def __init__(self, model: Any) -> None:
        tower, config = model.model.language_model, model.config.text_config
        own = tower.layers[0].self_attn
        self._attention = Attention(
            heads=config.num_attention_heads,
            shared=config.num_key_value_heads,
            width=own.head_dim,
            scale=own.scaling,
            cap=getattr(own, "attn_logit_softcapping", None),
        )
        self._layers = [
            TextLayer(number, layer, self._attention) for number, layer in enumerate(tower.layers)
        ]
        self._embed, self._norm = tower.embed_tokens, norm(tower.norm)
        self._head = model.lm_head.weight.data
        self._logit_cap: float | None = getattr(config, "final_logit_softcapping", None)
        self._rotary = tower.rotary_emb
        self._turns = Turns.made(self._rotary, 1, self._head)

    def slots(self, number: int, capacity: int) -> Slots:
        """Room for `number` rows of `capacity` tokens."""
        if len(self._turns.cosine) < capacity:
            self._turns = Turns.made(self._rotary, capacity, self._head)
        shape = (number, self._attention.shared, capacity, self._attention.width)
        return Slots(len(self._layers), shape, self._head)

    def prefill(
        self, features: torch.Tensor, prompts: Sequence[Sequence[int]], slots: Slots, first: int
    ) -> Likeliest:
        """Read images' features [rows, image tokens, width], each with the tokens of its prompt.

        Keys and values are kept from slot `first` on. Returned is what follows the prefixes.
        """
        longest = max(map(len, prompts))
        padded = [[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts]
        codes = torch.tensor(padded, device=features.device)
        hidden = torch.cat([features, self._embed(codes)], dim=1)
        length = hidden.shape[1]
        before = features.shape[1] - 1
        last = torch.tensor([before + len(prompt) for prompt in prompts], device=features.device)
        alike = all(len(prompt) == longest for prompt in prompts)
        mask = None if alike else hiding(last, length, hidden.dtype)
        place = Place(self._turns.at(slice(length)), mask)
        *inner, outermost = self._layers
        for layer in inner:
            hidden = layer.prefix(hidden, place, slots, first)
        ends = Ends(last[:, None], self._turns.at(last[:, None]))
        hidden = outermost.prefix_end(hidden, place, slots, first, ends=ends)
        return self._likeliest(hidden)

    def step(
        self, codes: torch.Tensor, columns: torch.Tensor, slots: Slots, seen: int
    ) -> Likeliest:
        """Read one more token of each of the first rows, at its column; returned is what follows.

        No column reaches `seen`.
        """
        hidden = self._embed(codes[:, None])
        place = Place(self._turns.at(columns[:, None]), hiding(columns, seen, hidden.dtype))
        places = slots.places(columns)
        for layer in self._layers:
            hidden = layer.step(hidden, place, slots, places, seen)
        return self._likeliest(hidden)

    def _likeliest(self, hidden: torch.Tensor) -> Likeliest:
        logits = functional.linear(self._norm(hidden[:, 0]), self._head)
        codes = logits.argmax(dim=-1, keepdim=True)  # the cap changes no order
        if self._logit_cap is not None:
            logits = capped(logits, self._logit_cap)
        logprobs = logits.float().log_softmax(dim=-1).gather(1, codes)
        return Likeliest(codes[:, 0], logprobs[:, 0])
