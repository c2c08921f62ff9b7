"""A file has a row for every sample, the same bytes every time, and no content of rejected rows."""

import gc
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.output.footers import read_footer
from pipelines.output.parquet_writer import PartWriter
from pipelines.rows.row import Answer, Row
from pipelines.storage.local import LocalStorage
from schemas.sample import Text
from schemas.tables import FOOTER_FINGERPRINT, FOOTER_UNIT, FOOTER_VERSION, output_schema

SCHEMA = output_schema({"url": pa.string()}, {"caption": pa.string()})
STORAGE = LocalStorage()
PLANTED = "planted"

fates = st.sampled_from(["kept", "dropped", "quarantined", "invalid", "withheld"])


def row(index: int, fate: str = "kept") -> Row:
    """A row whose texts contain its index."""
    mark = f"{PLANTED}{index}."
    made = Row("a.tar", index, width=9, height=9, sha256=f"{mark}sha256")
    made.texts = {name: Text(f"{mark}{name}") for name in ("key", "source_text", "url")}
    made.answers["caption"] = Answer("ok", f"{mark}caption", f"{mark}raw")
    if fate == "withheld":
        made.answers["caption"].withhold("dropped", "a_filter/a_reason")
    elif fate != "kept":
        made.reject(fate, "a_reason", "a_filter")  # type: ignore[arg-type]  # drawn from statuses
    return made


def commit(path: Path, rows: list[Row], first: int = 0) -> None:
    with PartWriter(SCHEMA, "a", "f" * 64, first) as writer:
        for start in range(0, len(rows), 3):
            writer.write(rows[start : start + 3])
        writer.commit(STORAGE, str(path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(fates, max_size=30))
def test_all_is_accounted_for_and_what_was_not_kept_is_gone(
    tmp_path: Path, chosen: list[str]
) -> None:
    path = tmp_path / "a.parquet"
    commit(path, [row(index, fate) for index, fate in enumerate(chosen)])

    counts = read_footer(STORAGE, str(path)).counts
    assert counts.kept + counts.dropped + counts.quarantined + counts.invalid == counts.read
    assert counts.read == len(chosen)
    table = pq.read_table(path)
    assert table["index"].to_pylist() == list(range(len(chosen)))
    expected = ["kept" if fate == "withheld" else fate for fate in chosen]
    assert table["status"].to_pylist() == expected

    plain = tmp_path / "plain.parquet"  # the same pages and statistics, to be searched
    pq.write_table(table, plain, compression="none", use_dictionary=False)
    content = plain.read_bytes() + path.read_bytes() + str(table.to_pylist()).encode()
    for index, fate in enumerate(chosen):
        mark = f"{PLANTED}{index}.".encode()
        assert (mark in content) == (fate in ("kept", "withheld"))
        if fate == "withheld":
            assert mark + b"caption" not in content
            assert mark + b"raw" not in content
        if fate == "kept":
            assert mark + b"caption" in content


def test_the_footer_tells_what_the_file_is(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.parquet"
    commit(path, [row(0), row(1, "dropped")])
    metadata = pq.read_metadata(path).metadata
    told = {k.decode(): v.decode() for k, v in metadata.items() if k != b"ARROW:schema"}
    assert json.loads(told.pop("shardmill.counts")) == {
        "read": 2,
        "kept": 1,
        "dropped": 1,
        "quarantined": 0,
        "invalid": 0,
        "reasons": {"a_filter/a_reason": 1},
        "filters": [],
        "languages": {},
        "redactions": {},
        "answers": {},
        "carried": {"url": 1},
        "left_out": 0,
        "truncated": 0,
    }
    assert told == {FOOTER_VERSION: "1", FOOTER_FINGERPRINT: "f" * 64, FOOTER_UNIT: "a"}


def test_the_same_rows_give_the_same_bytes_however_they_come(tmp_path: Path) -> None:
    one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    commit(one, [row(index) for index in range(50)])
    with PartWriter(SCHEMA, "a", "f" * 64, 0) as writer:
        writer.write([row(index) for index in range(50)])
        writer.commit(STORAGE, str(other))
    assert one.read_bytes() == other.read_bytes()


def test_row_groups_do_not_depend_on_how_the_rows_come(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    commit(path, [row(index) for index in range(5000)])
    metadata = pq.read_metadata(path)
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert sizes == [2048, 2048, 904]


def test_a_file_without_rows_has_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    commit(path, [])
    assert pq.read_schema(path).remove_metadata() == SCHEMA
    assert read_footer(STORAGE, str(path)).counts.read == 0


@pytest.mark.parametrize(
    "indices", [[0, 2], [1, 0], [0, 0], [1]], ids=["left out", "swapped", "twice", "not the first"]
)
def test_rows_out_of_order_are_never_written(indices: list[int]) -> None:
    with PartWriter(SCHEMA, "a", "f", 0) as writer, pytest.raises(AssertionError):
        writer.write([row(index) for index in indices])


def test_a_part_begins_where_the_last_one_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.00002.parquet"
    commit(path, [row(index) for index in (6, 7, 8)], first=6)
    assert pq.read_table(path)["index"].to_pylist() == [6, 7, 8]


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_what_is_not_committed_leaves_nothing(tmp_path: Path) -> None:
    with PartWriter(SCHEMA, "a", "f", 0) as writer:
        writer.write([row(index) for index in range(3000)])
    del writer
    gc.collect()
    assert list(tmp_path.iterdir()) == []
