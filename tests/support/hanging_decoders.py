"""Makes decoders hang or die on images of certain widths, by `hanging_decoders_path`."""

import os
from pathlib import Path

_FOLDER = Path(__file__).parent / "hanging_decoders_path"
HANGS, KILLS, KILLED_ONCE, STOPPED_ONCE = 13, 14, 15, 16  # widths in pixels, as in that folder
MARKER = "HANGING_DECODERS_MARKER"  # of a file that exists after "once"


def hanging_python_path(*others: str | Path) -> str:
    """Return a PYTHONPATH that changes decoding in a process from its start."""
    return os.pathsep.join(map(str, (_FOLDER, *others)))
