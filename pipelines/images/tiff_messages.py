"""Silences libtiff, which writes a line to stderr for each damaged strip or tag.

Such lines name no file, come by the thousand, and may hold values of a damaged file.
"""

import ctypes
import os
from pathlib import Path

import PIL.Image  # noqa: F401  # loads libtiff

_MAPPED_FILES = Path("/proc/self/maps")


def silence_libtiff() -> None:
    """Remove the handlers of error messages and warnings of the libtiff that Pillow has loaded.

    Where Pillow was built with libtiff inside, or the system does not list loaded libraries, the
    messages go on.
    """
    try:
        lines = _MAPPED_FILES.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return
    paths = {line.split(maxsplit=5)[5] for line in lines if "libtiff" in line}
    for path in paths:
        if Path(path).name.startswith("libtiff"):
            library = ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_NOW)
            library.TIFFSetErrorHandler(None)
            library.TIFFSetWarningHandler(None)
