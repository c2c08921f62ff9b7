"""Runs Airflow and validators, which `make test-orchestrators` installs apart from the project."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = Path(os.environ.get("ORCHESTRATOR_TOOLS", ROOT / ".venv-orchestrators")) / "bin"


def call(
    *words: str | Path, folder: Path, variables: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command of that environment; both streams are in `stdout`.

    The environment variables are `variables` and few others: none of Airflow, and no PYTHONPATH.
    """
    environment = {"PATH": f"{TOOLS}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    return subprocess.run(
        [str(TOOLS / words[0]), *map(str, words[1:])],
        cwd=folder,
        env=environment | dict(variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
