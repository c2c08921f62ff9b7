"""The export format `huggingface`: Parquet files that `datasets.load_dataset` shows with pictures.

The schema of each file says which column holds images, as `datasets` writes it. README.md names the
files of each split.
"""

import io
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.exports.chunk import Chunk
from pipelines.exports.dataset_readme import readme
from pipelines.exports.export_file import Contents, Counts
from pipelines.exports.row_groups import ROWS, RowGroups, image_column, table_schema
from schemas.tables import FOOTER_FINGERPRINT, FOOTER_PROVENANCE

FOLDER = "data/"
_FEATURES: Mapping[str, object] = {
    "image": {"_type": "Image"},
    "video": {"_type": "Video"},
    "images": {"_type": "List", "feature": {"_type": "Image"}},
}


class HuggingFaceFile:
    """A Parquet file; its row groups are small, so that a viewer can show some rows."""

    def __init__(self, stream: BinaryIO, contents: Contents, before: Counts) -> None:
        self._groups = RowGroups(contents)
        schema = parquet_schema(contents)
        content = [leaf for leaf in _leaves(schema) if not leaf.endswith("bytes")]
        compression = dict.fromkeys(content, "zstd")  # images are compressed already
        self._writer = pq.ParquetWriter(
            stream,
            schema,
            compression={**dict.fromkeys(_leaves(schema), "none"), **compression},
            use_dictionary=content,
            write_statistics=content,
            write_page_checksum=True,
        )
        self._schema = schema

    def write(self, chunk: Chunk) -> None:
        for table in self._groups.add(chunk):
            self._write(table)

    def _write(self, table: pa.Table) -> None:
        columns = table.columns
        self._writer.write_table(pa.table(columns, schema=self._schema), row_group_size=ROWS)

    def finish(self) -> Counts:
        for table in self._groups.close():
            self._write(table)
        self._writer.close()
        return {}

    def close(self) -> None:
        self._writer.close()  # no effect after `finish`; without it, its destructor complains


def parquet_schema(contents: Contents) -> pa.Schema:
    """Return the schema of the files; raise JobError if the column of images has a taken name."""
    metadata = {FOOTER_FINGERPRINT: contents.source, FOOTER_PROVENANCE: contents.provenance}
    if (images := image_column(contents)) is not None:
        features = {images.name: _FEATURES[contents.pictures]}
        metadata["huggingface"] = json.dumps({"info": {"features": features}})
    return table_schema(contents).with_metadata(metadata)


@lru_cache(maxsize=4)
def _leaves(schema: pa.Schema) -> list[str]:
    """Return the paths of the columns of a Parquet file, such as `image.bytes`."""
    file = io.BytesIO()
    pq.write_table(schema.empty_table(), file)
    found = pq.ParquetFile(file).schema
    return [found.column(number).path for number in range(len(found.names))]


def dataset_card(
    contents: Contents, rows: Mapping[str, int], _: Mapping[str, Counts]
) -> dict[str, bytes]:
    """Return README.md; the files themselves tell the types of their columns."""
    return readme(contents, rows, f"{FOLDER}{{split}}-*.parquet")
