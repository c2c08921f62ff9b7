"""Tensors with a shape and a GPU as their device, but without numbers, on a machine without a GPU.

Operations on tensors of different devices fail, and so does any that needs a number of a tensor.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode

aten = torch.ops.aten


class _Indexing(TorchFunctionMode):
    """Indexes by operations: torch's own indexing asks the device, which does not exist."""

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if function is torch.Tensor.__getitem__:
            return _indexed(*args)
        if function is torch.Tensor.copy_:
            return aten.copy_(*args)
        return function(*args, **(kwargs or {}))


def _indexed(tensor: torch.Tensor, key: Any) -> torch.Tensor:
    keys = list(key) if isinstance(key, tuple) else [key]
    if Ellipsis in keys:
        given = sum(index is not None for index in keys) - 1
        position = keys.index(Ellipsis)
        keys[position : position + 1] = [slice(None)] * (tensor.dim() - given)
    dimension = 0
    for index in keys:
        if index is None:
            tensor = tensor.unsqueeze(dimension)
        elif isinstance(index, int):
            tensor = tensor.select(dimension, index)
            continue
        else:
            tensor = aten.slice(tensor, dimension, index.start, index.stop)
        dimension += 1
    return tensor


@contextmanager
def pretended() -> Iterator[None]:
    """Make `cuda:0` and so on available inside the context, to code that reads no numbers."""
    with FakeTensorMode(allow_non_fake_inputs=True), _Indexing():
        yield


def put(module: torch.nn.Module, device: str) -> None:
    """Replace weights by tensors of the same shapes on a fake device; tied weights stay tied."""
    known: dict[int, torch.nn.Parameter] = {}
    for submodule in module.modules():
        for name, weight in submodule._parameters.items():
            if weight is not None:
                new = torch.empty(weight.shape, dtype=weight.dtype, device=device)
                tied = known.setdefault(id(weight), torch.nn.Parameter(new, requires_grad=False))
                submodule._parameters[name] = tied
        for name, buffer in submodule._buffers.items():
            if buffer is not None:
                submodule._buffers[name] = torch.empty(
                    buffer.shape, dtype=buffer.dtype, device=device
                )
