"""Tensors that have a shape and a GPU, but no numbers: what a GPU would be asked, without one.

Operations on tensors of different devices fail, and so does whatever needs a number of a tensor.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode

aten = torch.ops.aten


class _Indexing(TorchFunctionMode):
    """Indexing by way of operations: torch's own asks the device, which is not there."""

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
        given = sum(each is not None for each in keys) - 1
        place = keys.index(Ellipsis)
        keys[place : place + 1] = [slice(None)] * (tensor.dim() - given)
    dimension = 0
    for each in keys:
        if each is None:
            tensor = tensor.unsqueeze(dimension)
        elif isinstance(each, int):
            tensor = tensor.select(dimension, each)
            continue
        else:
            tensor = aten.slice(tensor, dimension, each.start, each.stop)
        dimension += 1
    return tensor


@contextmanager
def pretended() -> Iterator[None]:
    """Inside, `cuda:0` and so on are there for whatever computes no numbers."""
    with FakeTensorMode(allow_non_fake_inputs=True), _Indexing():
        yield


def put(module: torch.nn.Module, device: str) -> None:
    """Weights of the same shapes on a pretended device, tied where they were."""
    known: dict[int, torch.nn.Parameter] = {}
    for each in module.modules():
        for name, weight in each._parameters.items():
            if weight is not None:
                new = torch.empty(weight.shape, dtype=weight.dtype, device=device)
                tied = known.setdefault(id(weight), torch.nn.Parameter(new, requires_grad=False))
                each._parameters[name] = tied
        for name, buffer in each._buffers.items():
            if buffer is not None:
                each._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype, device=device)
