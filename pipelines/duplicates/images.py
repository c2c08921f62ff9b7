"""Reads the hashes of an output's kept images or videos, and keeps what a list needs in files."""

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
COLUMNS = ("shard", "index", "width", "height", "sha256")
_FRAMES = "pdq_frames"  # the column of the hashes of videos
_NO_DIGIT = 16
Numbers = npt.NDArray[np.int64]
_FILES: dict[str, tuple[str, tuple[int, ...]]] = {  # per image: name -> type and shape
    "shard": ("int32", ()),  # its place in `Images.shards`
    "index": ("int64", ()),
    "width": ("int32", ()),
    "height": ("int32", ()),
    "sha256": ("uint8", (32,)),
    "hashes": ("int32", ()),  # number of its hashes; an image has one
    "pdq": ("uint64", (4,)),  # per hash, in the order of the images
}


class Images:
    """Images or videos that have hashes, in files of a folder, so that memory does not hold all.

    A video has the hashes of its sampled frames without flat ones. A video of which more than half
    of these frames are flat has none, as a flat image has none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {name: (folder / name).open("wb") for name in _FILES}
        self.shards: list[tuple[str, str]] = []  # output, as the user named it, and shard
        self._places: dict[tuple[str, str], int] = {}
        self.number = 0
        self.are_videos: bool | None = None  # None: no file was read

    def add_output(
        self, name: str, output: Output, on_file: Callable[[], None] = lambda: None
    ) -> None:
        """Add the images of the committed files of an output.

        Raises JobError if the output has no hashes, if it has videos and others have images, or if
        a file is damaged.
        """
        for _, progress in output.listing.committed():
            for file in progress.files:
                path = output.layout.file(file)
                try:
                    with output.storage.open(path) as stream:
                        parquet = pq.ParquetFile(stream)
                        column = self._hash_column(name, parquet.schema_arrow)
                        for batch in read_batches(parquet, stream, _BATCH, (*COLUMNS, column)):
                            self._add(name, *_with_hashes(batch, column))
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

    def _hash_column(self, output: str, schema: pa.Schema) -> str:
        are_videos = _FRAMES in schema.names
        if not are_videos and "pdq" not in schema.names:
            raise JobError(f"{output}: has no column pdq: run a job with input.pdq: true")
        if self.are_videos not in (None, are_videos):
            raise JobError(
                f"{output}: has {'videos' if are_videos else 'images'}, unlike the outputs before "
                "it: compare outputs of images and of videos by a command each"
            )
        self.are_videos = are_videos
        return _FRAMES if are_videos else "pdq"

    def _add(self, output: str, batch: pa.RecordBatch, hashes: Numbers, pdq: pa.Array) -> None:
        """Add rows, which have so many hashes each, and these hashes."""
        if not len(batch):
            return
        shards = pc.dictionary_encode(batch["shard"])
        places = [self._place(output, shard) for shard in shards.dictionary.to_pylist()]
        values = {
            "shard": np.array(places, np.int32)[shards.indices.to_numpy()],
            **{name: batch[name].to_numpy() for name in ("index", "width", "height")},
            "sha256": from_hexadecimal(batch["sha256"]),
            "hashes": hashes,
            "pdq": from_hexadecimal(pdq),
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


def _with_hashes(batch: pa.RecordBatch, column: str) -> tuple[pa.RecordBatch, Numbers, pa.Array]:
    """Return the rows that have hashes, how many each has, and the hashes row by row."""
    batch = batch.filter(pc.is_valid(batch[column]))
    if column != _FRAMES:
        return batch, np.ones(len(batch), np.int64), batch[column]
    hashes = _count_hashes(batch[column])
    frames = pc.list_value_length(batch[column]).to_numpy()
    are_enough = (hashes > 0) & (2 * hashes >= frames)
    batch = batch.filter(pa.array(are_enough))
    return batch, hashes[are_enough], pc.drop_null(pc.list_flatten(batch[column]))


def _count_hashes(lists: pa.ListArray) -> Numbers:
    """Return the number of elements of each list that are not null."""
    is_hash = pc.is_valid(pc.list_flatten(lists)).to_numpy(zero_copy_only=False)
    rows = pc.list_parent_indices(lists).to_numpy()[is_hash]
    return np.bincount(rows, minlength=len(lists))


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
