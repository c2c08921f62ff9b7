"""Reads the schema of the rows of an output."""

import pyarrow as pa

from pipelines.output.footers import read_schema
from pipelines.output.output import Output


def stored_schema(output: Output) -> pa.Schema | None:
    """Return the schema of the first committed file of an output; None if it has none.

    Raises JobError if the file is damaged.
    """
    for _, progress in output.listing.committed():
        for file in progress.files:
            return read_schema(output.storage, output.layout.file(file))
    return None
