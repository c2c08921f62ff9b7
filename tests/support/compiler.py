"""What torch's compiler needs of the machine."""

import shutil
import sysconfig
from pathlib import Path

import pytest

_HEADER = Path(sysconfig.get_path("include")) / "Python.h"

needs_compiler = pytest.mark.skipif(
    not shutil.which("g++") or not _HEADER.exists(),
    reason="torch compiles with g++ and Python's headers: they are not installed",
)
