"""A fresh virtual environment with the built wheel, and commands that see nothing else.

The wheel is built from the sdist, as pip builds it. Commands run with an empty home folder, outside
of the checkout.
"""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv*", "build", "dist", "*.egg-info", "__pycache__", ".*_cache"
)
_BUILD = "import sys; from setuptools import build_meta; build_meta.{}(sys.argv[1])"


@dataclass(frozen=True)
class CleanEnvironment:
    """A virtual environment in a folder of its own, with an empty home folder beside it."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "env/bin/python"

    @property
    def variables(self) -> Mapping[str, str]:
        """All environment variables that its commands see."""
        return {
            "PATH": f"{self.python.parent}:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "COLUMNS": "80",
        }

    def run(self, command: str, folder: Path, code: int = 0) -> str:
        """Run a bash command in a folder; return what it prints, of both streams in order."""
        process = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert process.returncode == code, f"$ {command}\n{process.stdout}[{process.returncode}]"
        return process.stdout

    def install(self, *requirements: str) -> None:
        """Install requirements with the versions that everything is tested with."""
        command = [self.python, "-m", "pip", "install", "--quiet", "--no-compile"]
        pins = ["--disable-pip-version-check", "--constraint", str(ROOT / "constraints.txt")]
        settings = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}  # of pip
        subprocess.run(
            [*command, *pins, *requirements],
            env=settings | {"HOME": self.variables["HOME"]},
            cwd=self.folder,
            check=True,
        )

    def packages(self) -> set[str]:
        """The names of the installed packages."""
        lines = self.run("python -m pip list --format=freeze", self.folder).splitlines()
        return {line.partition("==")[0].lower() for line in lines if "==" in line}


def create(folder: Path) -> CleanEnvironment:
    """Create an environment without any package but pip."""
    (folder / "home").mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    return CleanEnvironment(folder)


def build(folder: Path) -> tuple[Path, Path]:
    """Build the sdist from a copy of the checkout, and the wheel from the sdist; return both."""
    source = folder / "checkout"
    shutil.copytree(ROOT, source, ignore=_NOT_SOURCE)
    sdist = _build("build_sdist", source, folder)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return sdist, _build("build_wheel", unpacked, folder)


def _build(step: str, source: Path, folder: Path) -> Path:
    before = set(folder.iterdir())
    command = [sys.executable, "-c", _BUILD.format(step), folder]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = {path for path in folder.iterdir() if path.is_file()} - before
    return built
