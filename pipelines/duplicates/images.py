"""Reads the hashes of an output's kept rows, and keeps what a list says of them in files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.output.footers import damaged_file
from pipelines.output.output import Output
from pipelines.reading.parquet_ranges import read_batches
from schemas.errors import JobError
from schemas.regular_file import NotRegularFile

_BATCH = 1 << 14  # rows read at a time
COLUMNS = ("shard", "index", "width", "height", "sha256", "pdq")
_NO_DIGIT = 16
_FILES: dict[str, tuple[str, tuple[int, ...]]] = {  # per image: name -> type and shape
    "shard": ("int32", ()),  # its place in `Images.shards`
    "index": ("int64", ()),
    "width": ("int32", ()),
    "height": ("int32", ()),
    "sha256": ("uint8", (32,)),
    "pdq": ("uint64", (4,)),
}


class Images:
    """The images that have a hash, in files of a folder, so that memory does not hold all of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {name: (folder / name).open("wb") for name in _FILES}
        self.shards: list[tuple[str, str]] = []  # output, as the user named it, and shard
        self._places: dict[tuple[str, str], int] = {}
        self.number = 0

    def add_output(
        self, name: str, output: Output, on_file: Callable[[], None] = lambda: None
    ) -> None:
        """Add the images of the committed files of an output.

        Raises JobError if the output has no hashes, or a file is damaged.
        """
        for _, progress in output.listing.committed():
            for file in progress.files:
                path = output.layout.file(file)
                try:
                    with output.storage.open(path) as stream:
                        parquet = pq.ParquetFile(stream)
                        if "pdq" not in parquet.schema_arrow.names:
                            raise JobError(
                                f"{name}: has no column pdq: run a job with input.pdq: true"
                            )
                        for batch in read_batches(parquet, stream, _BATCH, COLUMNS):
                            self._add(name, batch.filter(pc.is_valid(batch["pdq"])))
                except JobError:
                    raise
                except (pa.ArrowException, NotRegularFile, ValueError, KeyError):
                    raise damaged_file(path) from None
                on_file()

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def load(self, column: str) -> npt.NDArray[Any]:
        """Return a column of all images in memory, in the order in which they were added."""
        kind, shape = _FILES[column]
        return np.fromfile(self._folder / column, kind).reshape(-1, *shape)

    def mapped(self, column: str) -> npt.NDArray[Any]:
        """Return a column of all images, read from its file as it is used."""
        kind, shape = _FILES[column]
        return np.memmap(self._folder / column, kind, "r").reshape(-1, *shape)

    def _add(self, output: str, batch: pa.RecordBatch) -> None:
        if not len(batch):
            return
        shards = pc.dictionary_encode(batch["shard"])
        places = [self._place(output, shard) for shard in shards.dictionary.to_pylist()]
        values = {
            "shard": np.array(places, np.int32)[shards.indices.to_numpy()],
            **{name: batch[name].to_numpy() for name in ("index", "width", "height")},
            **{name: from_hexadecimal(batch[name]) for name in ("sha256", "pdq")},
        }
        for name, (kind, _) in _FILES.items():
            column = values[name] if name == "pdq" else values[name].astype(kind)
            self._files[name].write(np.ascontiguousarray(column).tobytes())
        self.number += len(batch)

    def _place(self, output: str, shard: str) -> int:
        place = self._places.setdefault((output, shard), len(self.shards))
        if place == len(self.shards):
            self.shards.append((output, shard))
        return place


def from_hexadecimal(texts: pa.StringArray) -> npt.NDArray[np.uint8]:
    """Return texts of 64 hexadecimal digits each as bytes, [n, 32]; raise ValueError for others."""
    content = b"".join(each.as_buffer() for each in texts)
    digits = _DIGITS[np.frombuffer(content, np.uint8)]
    if len(digits) != 64 * len(texts) or (digits == _NO_DIGIT).any():
        raise ValueError
    return ((digits[::2] << 4) | digits[1::2]).astype(np.uint8).reshape(-1, 32)


def to_hexadecimal(digests: npt.NDArray[np.uint8]) -> list[str]:
    return [digest.tobytes().hex() for digest in digests]


_DIGITS = np.full(256, _NO_DIGIT, np.uint8)
for _value, _digit in enumerate("0123456789abcdef"):
    _DIGITS[ord(_digit)] = _DIGITS[ord(_digit.upper())] = _value
