"""The notebooks of examples/ run from top to bottom, and are stored without outputs."""

from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def outputs(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Execute a notebook in a kernel of its own; return what each code cell shows as text.

    IPython keeps its profile in `folder`.
    """
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(folder))
    book: Any = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=240, resources={"metadata": {"path": path.parent}}).execute()
    return [_shown(cell) for cell in book.cells if cell.cell_type == "code"]


def _shown(cell: Any) -> str:
    texts = [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]
    return "".join(texts)


def test_there_are_notebooks() -> None:
    assert {path.name for path in NOTEBOOKS} >= {"first_hour.ipynb", "thresholds.ipynb"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_stored_valid_and_without_outputs(path: Path) -> None:
    book: Any = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    for cell in code:
        compile(cell.source, str(path), "exec")


@pytest.mark.faults
def test_the_first_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = outputs(ROOT / "examples/first_hour.ipynb", tmp_path, monkeypatch)
    everything = "\n".join(shown)
    assert "a red circle" in everything
    assert "image_undecodable" in everything
    assert "EMAIL_ADDRESS" in everything
    assert "text_sales" in everything
    assert "1 of 1 shard: 3 samples, 2 kept" in everything  # the progress of run
    assert everything.count("1 of 1 shard") >= 2  # both summaries
    assert "redactions" in everything


@pytest.mark.faults
def test_thresholds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = "\n".join(outputs(ROOT / "examples/thresholds.ipynb", tmp_path, monkeypatch))
    assert "kept captions" in shown
    assert "image_too_small" in shown
    assert "text_repetitive" in shown
