"""Imports spaCy without torch, which spaCy imports wherever it is installed."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_MAX_CHARACTERS = 10_000_000  # of a pipeline's configuration
_NEED_TORCH = ("torch", "transformer")  # words in the configuration of such a pipeline


def needs_torch(pipeline: Path) -> bool:
    """Return whether the configuration of a spaCy pipeline names torch or a transformer.

    False if the configuration cannot be read: spaCy says why.
    """
    try:
        with (pipeline / "config.cfg").open(encoding="utf-8", errors="replace") as file:
            text = file.read(_MAX_CHARACTERS).casefold()
    except OSError:
        return False
    return any(word in text for word in _NEED_TORCH)


def is_loaded_without_torch() -> bool:
    """Return whether spaCy was imported without torch, which nothing adds later."""
    compat = sys.modules.get("thinc.compat")
    return compat is not None and not compat.has_torch and find_spec("torch") is not None


@contextmanager
def torch_left_out() -> Iterator[None]:
    """Let imports of torch fail in this thread, unless torch is imported already.

    thinc, the library below spaCy, then computes with NumPy, as it does on a CPU anyway. Imports
    of torch take seconds.
    """
    finder = _NoTorch(threading.get_ident())
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _NoTorch(MetaPathFinder):
    def __init__(self, thread: int) -> None:
        self._thread = thread

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "torch" and threading.get_ident() == self._thread:
            raise ModuleNotFoundError("torch is left out", name=name)
        return None
