"""spaCy is imported without torch, unless a pipeline needs torch."""

import importlib
import sys
import threading
from pathlib import Path

import pytest

from filters import PersonalDataPresidio
from filters.text_analysis.presidio.lean_import import needs_torch, torch_left_out
from schemas.errors import JobError
from schemas.resources import Resources


def _imports_torch() -> bool:
    try:
        importlib.import_module("torch")
    except ModuleNotFoundError:
        return False
    return True


@pytest.fixture
def torch_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module named torch that is quick to import, and none that is imported."""
    for name in [each for each in sys.modules if each.partition(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "torch.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("torch_on_disk")
def test_torch_is_left_out_in_this_thread_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    finders = list(sys.meta_path)
    found: list[bool] = []
    with torch_left_out():
        assert not _imports_torch()
        other = threading.Thread(target=lambda: found.append(_imports_torch()))
        other.start()
        other.join()
        assert found == [True]
        assert _imports_torch()  # it is imported already
    assert sys.meta_path == finders
    monkeypatch.delitem(sys.modules, "torch")
    assert _imports_torch()
    monkeypatch.delitem(sys.modules, "torch")


def test_a_pipeline_for_torch_is_refused_after_spacy_was_loaded_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compat = pytest.importorskip("thinc.compat")
    pytest.importorskip("torch")
    pytest.importorskip("presidio_analyzer")
    (tmp_path / "config.cfg").write_text("factory = 'transformer'\n")
    resources = Resources(open=lambda path: pytest.fail(f"nothing is to be read: {path}"))
    stage = PersonalDataPresidio(spacy_models={"en": str(tmp_path)})
    monkeypatch.setattr(compat, "has_torch", True)
    with pytest.raises(JobError, match=r"^spacy_models.en: .* cannot be loaded"):
        stage.check(resources)
    monkeypatch.setattr(compat, "has_torch", False)
    with pytest.raises(JobError, match=r"^spacy_models.en: .* needs torch, and an earlier filter"):
        stage.check(resources)


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ('factory = "ner"', False),
        ('factory = "curated_transformer"', True),
        ('@architectures = "spacy-transformers.TransformerModel.v3"', True),
        ('@architectures = "spacy.PyTorchBiLSTMEncoder.v1"', True),
    ],
)
def test_a_configuration_says_whether_a_pipeline_needs_torch(
    tmp_path: Path, line: str, needs: bool
) -> None:
    (tmp_path / "config.cfg").write_text(f"[components.first]\n{line}\n")
    assert needs_torch(tmp_path) is needs
    assert not needs_torch(tmp_path / "missing")
