"""Temporary files of runners go to a folder of the tests, because Beam leaves folders behind."""

import tempfile

import pytest


@pytest.fixture(autouse=True)
def _temporary_files(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A short name: paths of sockets may have about a hundred characters.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("t")))
