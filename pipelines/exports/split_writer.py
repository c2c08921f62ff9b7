"""Writes the rows of one split into its files, one after the other."""

import tempfile
from collections.abc import Mapping
from typing import BinaryIO

from pipelines.exports.chunk import Chunk, Cursor, rows_that_fit
from pipelines.exports.export_file import Contents, ExportFile, ExportFormat
from pipelines.exports.target import FileRecord, Target

_ENDLESS = 1 << 62


class SplitWriter:
    """The files of a split: each is spooled to a file without a name, and then added whole."""

    def __init__(
        self,
        target: Target,
        split: str,
        export_format: ExportFormat,
        contents: Contents,
        *,
        most_rows: int | None,
        most_bytes: int | None,
    ) -> None:
        """Go on behind the finished files of a split."""
        self._target, self._split = target, split
        self._format, self._contents = export_format, contents
        self._most_rows = most_rows or _ENDLESS
        self._most_bytes = most_bytes or _ENDLESS
        self._number, last = target.finished(split)
        self._counts: Mapping[str, int] = last.counts if last else {}
        self._file: ExportFile | None = None
        self._spool: BinaryIO | None = None
        self._rows_here = self._bytes_here = 0
        self._skip = last.next.skip if last else 0
        self.rows = last.rows if last else 0
        """The rows of the split in files."""
        self.start = last.next._replace(skip=0) if last else Cursor(0, 0, 0)
        """The place of the first row to read."""

    @property
    def files(self) -> int:
        """The number of files."""
        return self._number

    @property
    def counts(self) -> Mapping[str, int]:
        """What the last file of the split returned."""
        return self._counts

    def add(self, chunk: Chunk) -> None:
        """Take the next rows, the first of which are the one at `start`."""
        skipped = min(self._skip, len(chunk))
        self._skip -= skipped
        chunk = chunk.slice(skipped, len(chunk))
        while len(chunk):
            sizes = chunk.sizes(self._contents.columns)
            fitting = rows_that_fit(sizes, self._most_bytes - self._bytes_here)
            number = min(fitting, self._most_rows - self._rows_here)
            part = chunk.slice(0, number)
            self._open().write(part)
            self._rows_here += number
            self._bytes_here += int(sizes[:number].sum())
            self._last = part.cursor(number - 1)
            chunk = chunk.slice(number, len(chunk))
            if self._rows_here == self._most_rows or self._bytes_here >= self._most_bytes:
                self._finish_file()

    def close(self) -> None:
        """Add the last file, if rows are left for it."""
        if self._file is not None:
            self._finish_file()

    def discard(self) -> None:
        """Delete the file that was begun and not finished."""
        if self._file is not None and self._spool is not None:
            self._file.close()
            self._spool.close()

    def _open(self) -> ExportFile:
        if self._file is None:
            self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is added
            self._file = self._format.open(self._spool, self._contents, self._counts)
        return self._file

    def _finish_file(self) -> None:
        assert self._file is not None
        assert self._spool is not None
        self._counts = self._file.finish()
        self.rows += self._rows_here
        following = self._last._replace(skip=self._last.skip + 1)
        record = FileRecord(rows=self.rows, next=following, counts=self._counts)
        self._target.add(self._split, self._number, self._spool, record)
        self._spool.close()
        self._file = self._spool = None
        self._rows_here = self._bytes_here = 0
        self._number += 1
