"""Tests the choice of a device."""

import pytest
import torch

from inference import resolve_device
from schemas.errors import JobError


def test_cpu_stays_cpu() -> None:
    assert resolve_device("cpu") == "cpu"


def test_auto_is_a_gpu_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for available, device in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda available=available: available)
        assert resolve_device("auto") == device


def test_a_missing_gpu_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(JobError, match=r"model\.device: no CUDA device"):
        resolve_device("cuda")
