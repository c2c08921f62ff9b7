"""Keys and values of the rows being answered, in memory that is taken once."""

from collections.abc import Sequence
from typing import NamedTuple

import torch


class Kept(NamedTuple):
    """What one layer keeps of all slots: [slots, shared heads, capacity, width]."""

    keys: torch.Tensor
    values: torch.Tensor


class Slots:
    """Rows of a fixed number of columns, each column for a token; a layer's are on its device.

    All of it is finite from the start: what a mask hides is multiplied by 0, not left out.
    """

    def __init__(
        self, shape: tuple[int, int, int, int], dtype: torch.dtype, devices: Sequence[torch.device]
    ) -> None:
        self.number, self._shared, self.capacity, self._width = shape
        self._layers = [
            Kept(*(torch.zeros(shape, dtype=dtype, device=device) for _ in Kept._fields))
            for device in devices
        ]

    def fill(
        self, layer: int, into: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> None:
        """Keep those of whole prefixes, [rows, shared heads, length, width], in slots `into`."""
        for kept, new in zip(self._layers[layer], (keys, values), strict=True):
            kept[:, :, : new.shape[2]].index_copy_(0, into, new)

    def places(self, columns: torch.Tensor) -> torch.Tensor:
        """Where `add` puts the tokens of the first rows that stand at these columns."""
        heads = torch.arange(len(columns) * self._shared, device=columns.device)
        return heads * self.capacity + columns.repeat_interleave(self._shared)

    def add(
        self, layer: int, places: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> None:
        """Keep those of one token of each of the first rows, [rows, 1, shared heads, width]."""
        for kept, new in zip(self._layers[layer], (keys, values), strict=True):
            kept.view(-1, self._width).index_copy_(0, places, new.reshape(-1, self._width))

    def seen(self, layer: int, rows: int, columns: int) -> Kept:
        """The first columns of the first rows: [rows, shared heads, columns, width]."""
        return Kept(*(kept[:rows, :, :columns] for kept in self._layers[layer]))

    def move(self, sources: Sequence[int], targets: Sequence[int], columns: int) -> None:
        """Put the first columns of some rows where others stood; none is in both lists."""
        lists = {
            device: [torch.tensor(each, device=device) for each in (sources, targets)]
            for device in {layer.keys.device for layer in self._layers}
        }
        for layer in self._layers:
            out, into = lists[layer.keys.device]
            for kept in layer:
                seen = kept[:, :, :columns]
                seen.index_copy_(0, into, seen.index_select(0, out))
