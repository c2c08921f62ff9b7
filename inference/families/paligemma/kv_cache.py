"""A KV cache with a fixed number of rows, allocated once."""

from collections.abc import Sequence
from typing import NamedTuple

import torch


class LayerCache(NamedTuple):
    """Keys and values of one layer: [slots, kv heads, capacity, head_dim], or a view of them."""

    keys: torch.Tensor
    values: torch.Tensor


class KVCache:
    """Keys and values of all layers, in slots of `capacity` columns, one column per token.

    `shape` is [slots, kv heads, capacity, head_dim]; `devices` has the device of each layer.
    The tensors start as zeros: masked columns are multiplied by 0, so they must be finite.
    """

    def __init__(
        self, shape: tuple[int, int, int, int], dtype: torch.dtype, devices: Sequence[torch.device]
    ) -> None:
        self.num_slots, self._num_kv_heads, self.capacity, self._head_dim = shape
        self._layers = [
            LayerCache(*(torch.zeros(shape, dtype=dtype, device=device) for _ in range(2)))
            for device in devices
        ]

    def fill(
        self, layer: int, slots: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> None:
        """Store whole prefixes [rows, kv heads, length, head_dim] in `slots`, int64 [rows]."""
        for stored, new in zip(self._layers[layer], (keys, values), strict=True):
            stored[:, :, : new.shape[2]].index_copy_(0, slots, new)

    def flat_positions(self, columns: torch.Tensor) -> torch.Tensor:
        """Return where `add` stores the first rows' tokens: int64 [rows * kv heads].

        `columns` [rows] are the columns of the tokens. The positions count through slots, heads and
        columns as one dimension.
        """
        heads = torch.arange(len(columns) * self._num_kv_heads, device=columns.device)
        return heads * self.capacity + columns.repeat_interleave(self._num_kv_heads)

    def add(
        self, layer: int, flat_positions: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> None:
        """Store one token of each of the first rows, [rows, 1, kv heads, head_dim].

        `flat_positions` comes from the method of this name.
        """
        for stored, new in zip(self._layers[layer], (keys, values), strict=True):
            flat = stored.view(-1, self._head_dim)
            flat.index_copy_(0, flat_positions, new.reshape(-1, self._head_dim))

    def view(self, layer: int, rows: int, columns: int) -> LayerCache:
        """Return a view of the first columns of the first rows.

        Its keys and values are [rows, kv heads, columns, head_dim].
        """
        return LayerCache(*(stored[:rows, :, :columns] for stored in self._layers[layer]))

    def move(self, sources: Sequence[int], targets: Sequence[int], columns: int) -> None:
        """Copy the first columns of the slots `sources` into the slots `targets`.

        No slot may be in both lists.
        """
        indices = {
            device: [torch.tensor(slots, device=device) for slots in (sources, targets)]
            for device in {layer.keys.device for layer in self._layers}
        }
        for layer in self._layers:
            source, target = indices[layer.keys.device]
            for stored in layer:
                view = stored[:, :, :columns]
                view.index_copy_(0, target, view.index_select(0, source))
