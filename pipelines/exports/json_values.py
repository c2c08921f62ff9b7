"""Values of rows as JSON, in which nothing is lost that JSON can represent."""

import base64
import json
import math
from collections.abc import Iterator, Mapping

import pyarrow as pa

from pipelines.rows.table import to_rows


def json_lines(batch: pa.RecordBatch) -> Iterator[str]:
    """Yield each row as an object in one line; NaN and infinity become null, bytes base64."""
    return map(json_text, to_rows(batch))


def json_text(value: object) -> str:
    """Return a value as JSON in one line."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_as_text)
    except ValueError:  # NaN or infinity
        return json.dumps(_finite(value), ensure_ascii=False, default=_as_text)


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _as_text(value: object) -> str:
    """Return a value that JSON has no type for: dates and times in ISO 8601, numbers as digits."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()) if isoformat is not None else str(value)
