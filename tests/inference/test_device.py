"""The choice of a device."""

import pytest
import torch

from inference import resolve_device
from schemas.errors import JobError


def test_cpu_is_taken_at_its_word() -> None:
    assert resolve_device("cpu") == "cpu"


def test_auto_is_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, device in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert resolve_device("auto") == device


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(JobError, match=r"model\.device: no CUDA device"):
        resolve_device("cuda")
