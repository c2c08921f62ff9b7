"""The size of a row follows from its values alone, in whatever batch the row is."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.exports.chunk import rows_that_fit
from pipelines.exports.row_sizes import row_sizes

BOX = pa.struct([("label", pa.string()), ("x", pa.float32())])
SCHEMA = pa.schema([("text", pa.string()), ("boxes", pa.list_(BOX)), ("number", pa.int64())])
BOXES = st.lists(st.fixed_dictionaries({"label": st.text(), "x": st.just(1.0)}))
ROW = st.fixed_dictionaries(
    {
        "text": st.none() | st.text(),
        "boxes": st.none() | BOXES,
        "number": st.none() | st.integers(0, 9),
    }
)


def size(row: dict[str, object]) -> int:
    text, boxes = row["text"] or "", row["boxes"] or []
    assert isinstance(text, str)
    assert isinstance(boxes, list)
    return len(text.encode()) + sum(len(box["label"].encode()) + 8 for box in boxes) + 8


@given(st.lists(ROW), st.integers(0, 5))
def test_sizes_do_not_depend_on_the_batch(rows: list[dict[str, object]], start: int) -> None:
    batch = pa.RecordBatch.from_pylist(rows, SCHEMA)
    assert row_sizes(batch).tolist() == list(map(size, rows))
    assert row_sizes(batch.slice(start)).tolist() == list(map(size, rows[start:]))


def test_the_row_that_reaches_the_bound_is_the_last_one() -> None:
    sizes = np.array([5, 5, 5], np.int64)
    fitting = [rows_that_fit(sizes, most) for most in (1, 5, 6, 10, 11, 15, 99)]
    assert fitting == [1, 1, 2, 2, 3, 3, 3]
