"""Tests the public module: its names, and its error where another package has the same name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import shardmill


@pytest.mark.parametrize("name", shardmill.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(shardmill, name).__name__ == name


def test_other_names_raise_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Jobs"):
        shardmill.Jobs


@pytest.mark.parametrize("package", ["schemas", "filters", "inference", "pipelines"])
def test_a_foreign_package_is_a_one_line_error(package: str, tmp_path: Path) -> None:
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("raise SystemExit('imported')")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import shardmill; shardmill.main()"
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert process.returncode == 1
    assert len(process.stderr.splitlines()) == 1
    assert f"shardmill: the package {package!r} comes from {tmp_path}" in process.stderr
