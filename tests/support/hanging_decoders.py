"""Makes decoders hang or die on images of certain widths, by `hanging_decoders_path`."""

import os
from pathlib import Path

_FOLDER = Path(__file__).parent / "hanging_decoders_path"
HANGS, KILLS = 13, 14  # widths in pixels, the same as in that folder


def hanging_python_path(*others: str | Path) -> str:
    """Return a PYTHONPATH that changes decoding in a process from its start."""
    return os.pathsep.join(map(str, (_FOLDER, *others)))
