"""Changes rows of a committed file as somebody with a program of their own may."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def change_rows(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Write a file anew after `change` has changed each of its rows; its footer stays."""
    table, footer = pq.read_table(file), dict(pq.read_metadata(file).metadata)
    rows = table.to_pylist()
    for row in rows:
        change(row)
    footer.pop(b"ARROW:schema", None)
    with pq.ParquetWriter(file, table.schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, table.schema))
        writer.add_key_value_metadata(footer)
