"""Reads how much energy a worker's GPUs have taken, where NVML tells."""

import os
from contextlib import suppress
from typing import Any


class GpuEnergy:
    """The energy counters of the first GPUs that this process sees; none without nvidia-ml-py."""

    def __init__(self, gpus: int) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        if not gpus:
            return
        with suppress(ModuleNotFoundError):
            import pynvml  # type: ignore[import-not-found]  # optional: nvidia-ml-py

            with suppress(pynvml.NVMLError):
                pynvml.nvmlInit()
                visible = os.environ.get("CUDA_VISIBLE_DEVICES")
                names = range(gpus) if visible is None else visible.split(",")[:gpus]
                self._handles = [_handle(pynvml, str(name).strip()) for name in names]
                self._nvml = pynvml

    def joules(self) -> float | None:
        """Return the energy since the driver was loaded, all GPUs together; None if unknown."""
        if not self._handles:
            return None
        with suppress(self._nvml.NVMLError):  # a part of a GPU (MIG) does not tell it
            energy = self._nvml.nvmlDeviceGetTotalEnergyConsumption  # millijoules
            return float(sum(energy(handle) for handle in self._handles)) / 1000
        return None


def _handle(nvml: Any, name: str) -> Any:
    """Return the handle of a GPU that is named by its number or its UUID."""
    if name.isdecimal():
        return nvml.nvmlDeviceGetHandleByIndex(int(name))
    return nvml.nvmlDeviceGetHandleByUUID(name)
