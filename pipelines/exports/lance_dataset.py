"""The export format `lance`: a dataset of Lance for each split, with the image files in a column.

Data files are written one by one, as in other formats. The manifest, which makes them a dataset, is
made in a temporary folder at the end, so that any storage can take it. It has the time in it: data
files alone are the same twice.
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, BinaryIO

import pyarrow as pa

from pipelines.concurrency.temporary_folder import temporary_folder
from pipelines.exports.chunk import Chunk
from pipelines.exports.export_file import Contents, Counts
from pipelines.exports.row_groups import RowGroups, table_schema
from schemas.errors import JobError
from schemas.tables import FOOTER_FINGERPRINT

FOLDER = "{split}.lance/data/"
EXTENSION = ".lance"
_VERSION = "2.1"  # of the file format


class LanceFile:
    """A data file of Lance, which is written to a file with a name before its stream."""

    def __init__(self, stream: BinaryIO, contents: Contents, before: Counts) -> None:
        _import_lance()
        from lance.file import LanceFileWriter

        self._stream, self._before = stream, before
        self._groups, self._rows = RowGroups(contents), 0
        self._stack = ExitStack()
        self._path = self._stack.enter_context(temporary_folder()) / f"0{EXTENSION}"
        self._schema = _schema(contents)
        self._writer: Any = LanceFileWriter(str(self._path), self._schema, version=_VERSION)

    def write(self, chunk: Chunk) -> None:
        for table in self._groups.add(chunk):
            self._write(table)

    def _write(self, table: pa.Table) -> None:
        self._writer.write_batch(pa.table(table.columns, schema=self._schema))
        self._rows += len(table)

    def finish(self) -> Counts:
        """Write the end of the file; return the rows of each file of the split so far."""
        for table in self._groups.close():
            self._write(table)
        self._writer.close()
        with self._path.open("rb") as written:
            shutil.copyfileobj(written, self._stream)
        self.close()
        return {**self._before, f"{len(self._before):05d}": self._rows}

    def close(self) -> None:
        self._stack.close()


def manifests(
    contents: Contents, rows: Mapping[str, int], counts: Mapping[str, Counts]
) -> dict[str, bytes]:
    """Return the files that make the data files of each split a dataset."""
    return {
        f"{split}.lance/{name}": content
        for split, of_files in counts.items()
        for name, content in _manifest(split, contents, of_files).items()
    }


def _manifest(split: str, contents: Contents, rows_of_files: Counts) -> dict[str, bytes]:
    lance = _import_lance()
    schema = _schema(contents)
    with temporary_folder() as folder:
        root = folder / f"{split}.lance"
        # A fragment without rows cannot be written, so that one row of nulls shows its layout.
        nulls = pa.table([pa.nulls(1, each.type) for each in schema], schema=schema)
        (layout,) = lance.fragment.write_fragments(
            nulls, str(root), mode="create", data_storage_version=_VERSION
        )
        fragments = []
        for number, (name, rows) in enumerate(sorted(rows_of_files.items())):
            fragment = json.loads(json.dumps(layout.to_json()))
            (file,) = fragment["files"]
            file |= {"path": f"{split}-{name}{EXTENSION}", "file_size_bytes": None}
            fragment |= {"id": number, "files": [file], "physical_rows": rows}
            fragments.append(lance.FragmentMetadata.from_json(json.dumps(fragment)))
        lance.LanceDataset.commit(str(root), lance.LanceOperation.Overwrite(schema, fragments))
        return {
            str(file.relative_to(root)): file.read_bytes()
            for file in root.rglob("*")
            if file.is_file() and file.parent.name != "data"
        }


def _schema(contents: Contents) -> pa.Schema:
    return table_schema(contents).with_metadata({FOOTER_FINGERPRINT: contents.source})


def _import_lance() -> Any:
    try:
        import lance
        import lance.fragment
    except ImportError:
        raise JobError("--to: lance needs a package: pip install 'shardmill[lance]'") from None
    return lance
