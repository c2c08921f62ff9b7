"""What tests of several packages share; data are made by `making`."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the command line does, before torch comes


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small PaliGemma 2 of random weights, 16 image tokens, 56 pixels a side."""
    from demo.random_checkpoint import build  # imports torch

    folder = tmp_path_factory.mktemp("checkpoint")
    return build(folder, image_size=56, patch_size=14, text_layers=2)
