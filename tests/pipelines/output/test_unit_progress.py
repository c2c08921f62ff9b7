"""The progress of one unit, looked up file by file, equals that of a listing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.output.layout import Layout, part_file, whole_file
from pipelines.output.listing import classify_files
from pipelines.output.unit_progress import find_attempts, find_unit_progress
from pipelines.storage.local import LocalStorage
from schemas.units import NameIndex

STORAGE = LocalStorage()
PARTS = [part_file("a/u", number, last) for number in range(4) for last in (False, True)]


@given(st.sets(st.sampled_from([whole_file("a/u"), *PARTS])))
def test_progress_is_the_same_as_in_a_listing(
    tmp_path_factory: pytest.TempPathFactory, files: set[str]
) -> None:
    layout = Layout(str(tmp_path_factory.mktemp("output")))
    for file in files:
        STORAGE.write_bytes(layout.file(file), b"", durable=False)
    listing = classify_files(layout, STORAGE.list(layout.root), NameIndex.of(["a/u"]))
    listed = listing.progress_of("a/u")
    assert find_unit_progress("a/u", layout, STORAGE) == listed
    assert {*listed.files, *listing.strangers} == files


@pytest.mark.parametrize("attempts", [0, 1, 3])
def test_attempts_are_the_markers_without_a_gap(tmp_path: Path, attempts: int) -> None:
    layout = Layout(str(tmp_path))
    for number in range(1, attempts + 1):
        STORAGE.write_bytes(layout.attempt("a/u", number), b"")
    assert find_attempts("a/u", layout, STORAGE) == attempts
