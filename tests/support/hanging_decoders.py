"""Makes decoders hang or die on images of certain sizes, by `hanging_decoders_path`."""

import os
from pathlib import Path

_FOLDER = Path(__file__).parent / "hanging_decoders_path"
HANGS, KILLS = 13, 14  # pixels wide, as the code in there has it


def mischievous(*others: str | Path) -> str:
    """A PYTHONPATH with which a process, from its start, is one where they do."""
    return os.pathsep.join(map(str, (_FOLDER, *others)))
