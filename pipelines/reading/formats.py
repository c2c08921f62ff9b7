"""The shard formats: one table, and the function that opens a unit of any of them.

A new format is a module beside this one and a line in FORMATS.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

import pyarrow as pa

from pipelines.config.input import Input
from pipelines.reading.image_folder import (
    find_image_folder,
    list_folder_fields,
    open_image_folder,
    split_image_folder,
)
from pipelines.reading.parquet import (
    list_parquet_fields,
    open_parquet,
    parquet_column_types,
    split_parquet,
)
from pipelines.reading.raw_sample import RawSample, SampleFields
from pipelines.reading.shard_stream import CHANGED
from pipelines.reading.unreachable import unreachable
from pipelines.reading.webdataset_tar import list_tar_fields, open_tar
from pipelines.storage.storage import Entry, Storage
from schemas.errors import ShardFault, ShardUnreachable
from schemas.regular_file import NotRegularFile
from schemas.sample import Unit

T = TypeVar("T")


class ShardSource(Protocol):
    """The open file or files from which the samples of a unit are read."""

    @property
    def bytes_read(self) -> int:
        """Bytes read from storage so far."""

    @property
    def position(self) -> int:
        """Offset in the unit, in bytes, for faults."""

    def check_unchanged(self) -> None:
        """Raise ShardFault if bytes that were read may not be of the unit's version."""

    def digest(self) -> str:
        """Return the digest of the whole shard's content, by which a moved shard is recognized."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ShardFormat:
    """How the shards of one format are recognized, split into units, opened and read.

    `open` takes a unit, its storage, the job's `input`, and whether texts are read too. The samples
    that it returns are numbered from `unit.first_index` on; memory must not grow with the shard. It
    raises FileNotFoundError if the shard is gone, NotRegularFile if a pipe or a device has its name
    now, and the samples raise ShardFault if the shard is cut or damaged.

    `list_fields` opens a unit like `open`, and returns all fields of each sample, whether the job
    reads them or not, under the same numbers.

    `split` returns the units of a shard, each with a `slice` that only `open` interprets. It raises
    JobError if the shard lacks something that the job names. If `split` is None, every shard is one
    unit.

    `find_folder` recognizes a folder that is one shard. It takes the folder's path, which ends in
    `/`, and the visible files below the folder, and returns the shard's size and version, or None
    if the folder is no shard.

    `column_types` returns the types of the carried columns whose type the shard states, by the
    column's name. It raises ShardFault or OSError if the shard cannot be read. If it is None,
    shards of the format have no types.
    """

    name: str
    extensions: tuple[str, ...]  # lower-case endings of shard names; a folder's name ends in "/"
    open: Callable[[Unit, Storage, Input, bool], tuple[ShardSource, Iterator[RawSample]]]
    list_fields: Callable[[Unit, Storage, Input], tuple[ShardSource, Iterator[SampleFields]]]
    split: Callable[[Unit, Storage, Input], Sequence[Unit]] | None = None
    find_folder: Callable[[str, Sequence[Entry]], Entry | None] | None = None
    column_types: Callable[[Unit, Storage, Input], Mapping[str, pa.DataType]] | None = None

    def unit_name(self, shard: str) -> str | None:
        """Return the shard's name without its extension; None for a shard of another format."""
        lower = shard.lower()
        for extension in self.extensions:
            if lower.endswith(extension):
                return shard[: -len(extension)]
        return None


_TAR_EXTENSIONS = (".tar.gz", ".tgz", ".tar.zst", ".tar.zstd", ".tzst", ".tar")
FORMATS = (
    ShardFormat("tar", _TAR_EXTENSIONS, open_tar, list_tar_fields),
    ShardFormat(
        "Parquet",
        (".parquet",),
        open_parquet,
        list_parquet_fields,
        split_parquet,
        column_types=parquet_column_types,
    ),
    ShardFormat(
        "folder",
        ("/",),
        open_image_folder,
        list_folder_fields,
        split_image_folder,
        find_image_folder,
    ),
)


def find_format(shard: str) -> ShardFormat | None:
    """Return the format that matches the extension of a shard's name; None if no format matches."""
    return next((each for each in FORMATS if each.unit_name(shard) is not None), None)


class OpenSamples(Generic[T]):
    """An open unit; its samples can be iterated over once, in order."""

    def __init__(self, source: ShardSource, samples: Iterator[T], salvage: bool) -> None:
        self._source = source
        samples = self._unchanged(self._reachable(samples))
        self._samples = self._salvaged(samples) if salvage else samples
        self.fault: ShardFault | None = None  # the fault that ended a salvaged unit early

    @property
    def bytes_read(self) -> int:
        """Bytes read from storage so far, for progress."""
        return self._source.bytes_read

    def __iter__(self) -> Iterator[T]:
        """Return the samples; they raise ShardFault if the shard is damaged and not salvaged.

        They also raise ShardFault if the shard has changed at their end, salvaged or not.
        """
        return self._samples

    def check_unchanged(self) -> None:
        """Raise ShardFault if the shard is not in the unit's version any more.

        Otherwise all bytes that were read before are of that version: call this after the last
        byte of what is to be stored was read, and before that is stored.
        """
        with self._reaching():
            self._source.check_unchanged()

    def digest(self) -> str:
        """Return the digest of the shard's content, by which a moved shard is recognized.

        It is collected from what is read; the rest is read now. Raises ShardFault if the shard
        cannot be read any more.
        """
        with self._reaching():
            try:
                return self._source.digest()
            except (FileNotFoundError, NotADirectoryError):
                raise ShardFault("shard_missing", self._source.position) from None

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Raise a ShardFault if storage fails on this shard."""
        try:
            yield
        except OSError as error:
            if (fault := unreachable(error, self._source.position)) is None:
                raise
            raise fault from None

    def _unchanged(self, samples: Iterator[T]) -> Iterator[T]:
        """Yield the samples; if a change has caused a fault, raise `shard_changed` instead."""
        try:
            yield from samples
        except ShardFault:
            self.check_unchanged()
            raise
        self.check_unchanged()

    def _reachable(self, samples: Iterator[T]) -> Iterator[T]:
        """Yield the samples; raise a ShardFault if storage fails on this shard."""
        with self._reaching():
            yield from samples

    def _salvaged(self, samples: Iterator[T]) -> Iterator[T]:
        """Yield the samples before the first fault and store the fault.

        The sample in which the fault is met is left out, because it may not be whole. The fault is
        raised if no sample comes before it.
        """
        any_read = False
        try:
            for sample in samples:
                any_read = True
                yield sample
        except ShardFault as fault:
            if not any_read or fault.reason in CHANGED or isinstance(fault, ShardUnreachable):
                raise
            self.fault = fault

    def fault_here(self, reason: str) -> ShardFault:
        """Return a ShardFault with this reason at the current position."""
        return ShardFault(reason, self._source.position)

    def close(self) -> None:
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


OpenUnit = OpenSamples[RawSample]


def open_unit(unit: Unit, storage: Storage, input_config: Input, *, texts: bool = True) -> OpenUnit:
    """Open a unit as the job's `input` says; without `texts`, only images and keys are read.

    Raises ShardFault if the shard does not exist, is no file, or is not in the unit's version, and
    ShardUnreachable if storage does not give it.
    """
    shard_format = _format_of(unit)
    return _open(
        lambda: shard_format.open(unit, storage, input_config, texts),
        salvage=input_config.on_bad_shard == "salvage",
    )


def open_fields(unit: Unit, storage: Storage, input_config: Input) -> OpenSamples[SampleFields]:
    """Open a unit to list all fields of its samples; raise the same errors as `open_unit`."""
    shard_format = _format_of(unit)
    return _open(lambda: shard_format.list_fields(unit, storage, input_config), salvage=False)


def _format_of(unit: Unit) -> ShardFormat:
    shard_format = find_format(unit.shard)
    assert shard_format is not None, "planning refuses shards without a format"
    return shard_format


def _open(
    open_source: Callable[[], tuple[ShardSource, Iterator[T]]], salvage: bool
) -> OpenSamples[T]:
    try:
        source, samples = open_source()
    except (FileNotFoundError, NotADirectoryError):
        raise ShardFault("shard_missing", 0) from None
    except (IsADirectoryError, NotRegularFile):
        raise ShardFault("shard_not_a_file", 0) from None
    except OSError as error:
        if (fault := unreachable(error, 0)) is None:
            raise
        raise fault from None
    opened = OpenSamples(source, samples, salvage)
    try:
        opened.check_unchanged()
    except BaseException:
        opened.close()
        raise
    return opened
