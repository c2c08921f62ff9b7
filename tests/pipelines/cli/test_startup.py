"""The command line starts without heavy packages: a command imports them when it runs."""

import subprocess
import sys

HEAVY = ("apache_beam", "numpy", "pyarrow", "ray", "torch", "transformers")
PROGRAM = f"""
import sys
import pipelines.cli.main
print(*(name for name in {HEAVY} if name in sys.modules))
"""


def test_the_command_line_imports_no_heavy_package() -> None:
    command = [sys.executable, "-c", PROGRAM]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.split() == []
