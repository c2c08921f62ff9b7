"""Reads folders of images: an image, and the files beside it with the same stem, are a sample.

A folder is one shard, with the images at any depth below it. A sample's key is the path of its
image below the folder without the extension, and samples come in natural order of their keys:
`img2` before `img10`. The slice of a unit is its first sample and one past its last sample.

Only the listing of a folder says which samples it has. The version of a shard is therefore a digest
of the listing, and a unit fails if its folder has changed, so that every run of a job reads the
same samples.
"""

import errno
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from typing import NamedTuple, TypeVar

from pipelines.config.field_source import FILE, FieldSource
from pipelines.config.input import Input
from pipelines.reading.folder_files import (
    files_beside_images,
    list_visible_files,
    refuse_folder_links,
)
from pipelines.reading.folder_sample import FolderSample
from pipelines.reading.raw_sample import RawSample, SampleFields
from pipelines.reading.sample_members import Member, MemberSelection, SampleMembers
from pipelines.storage.concurrent_reads import read_ahead
from pipelines.storage.paths import scheme
from pipelines.storage.storage import Entry, Storage
from schemas.errors import JobError, ShardFault
from schemas.regular_file import NotRegularFile
from schemas.sample import Unit

T = TypeVar("T")

_DIGITS = re.compile(r"[0-9]+")
_AHEAD = 32 << 20  # bytes of objects that are fetched before they are needed


class SampleFiles(NamedTuple):
    """The files of one sample; at least one has the extension of an image."""

    key: str
    files: Sequence[tuple[str, Entry]]  # (extension in lower case, file), sorted by path

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(entry.size for _, entry in self.files)


def find_image_folder(path: str, files: Sequence[Entry]) -> Entry | None:
    """Return a folder with these files as a shard; None if no file is an image.

    Raises JobError if a link leads to another folder, whose images would be left out.
    """
    files_of_images = files_beside_images(path, files)
    if not files_of_images:
        return None
    refuse_folder_links(files)
    size = sum(entry.size for entry in files_of_images)
    return Entry(path, size, _version(path, files_of_images))


def split_image_folder(shard: Unit, storage: Storage, input_config: Input) -> list[Unit]:
    """Split a folder into units of `max_samples_per_file` samples; a small folder is one unit.

    Raises JobError if the job reads texts from files and no image has such a file beside it, or if
    there is no image with the extension that the job names.
    """
    selection = MemberSelection.of(input_config)
    samples = group_files(shard.path, list_visible_files(shard.path, storage), selection)
    if selection.named and not samples:
        key = "image" if input_config.images is None else "images"
        names = " or ".join(f".{name}" for name in selection.named)
        raise JobError(
            f"input.{key}: no file in {shard.path} ends in {names}: name the extension "
            "of the images, or leave it out"
        )
    if not samples:
        which = "videos" if input_config.video else "images: for videos, set input.video"
        raise JobError(f"input.shards: {shard.path} is a folder without {which}")
    if input_config.text is not None:
        extension = FieldSource.parse(input_config.text).name.lower()
        present = {each for sample in samples for each, _ in sample.files}
        if extension not in (FILE, *present):
            raise JobError(
                f"input.text: no image in {shard.path} has a .{extension} file of the same name "
                "beside it: write `text: null` for images without texts"
            )
    step = input_config.max_samples_per_file
    if len(samples) <= step:
        return [shard]
    units = []
    for start in range(0, len(samples), step):
        some = samples[start : start + step]
        size = sum(sample.size for sample in some)
        units.append(shard.with_slice((start, start + len(some)), start, size))
    return units


def open_image_folder(
    unit: Unit, storage: Storage, input_config: Input, texts: bool
) -> tuple["FileReader", Iterator[RawSample]]:
    """Open a unit of a folder; raises FileNotFoundError if the folder has no images any more.

    Raises ShardFault if the folder differs from the unit's version.
    """
    return _open(unit, storage, MemberSelection.of(input_config, texts), SampleMembers.sample)


def list_folder_fields(
    unit: Unit, storage: Storage, input_config: Input
) -> tuple["FileReader", Iterator[SampleFields]]:
    """Open a unit of a folder to list all files of its samples."""
    selection = MemberSelection.of_fields(input_config)
    return _open(unit, storage, selection, SampleMembers.all_fields)


def _open(
    unit: Unit,
    storage: Storage,
    selection: MemberSelection,
    finish: Callable[[SampleMembers, int], T],
) -> tuple["FileReader", Iterator[T]]:
    samples, sample = _listed_samples(unit.path, unit.version, storage, selection)
    start, end = unit.slice or (0, len(samples))
    reader = FileReader(unit.path, storage, sample)
    some = samples[start:end]
    return reader, _read_samples(some, start, reader, selection, finish)


# Every unit of a folder needs its listing, which takes 2 s and 56 MB for 100,000 images: the last
# one is kept. Files that are deleted or changed later are noticed when they are read.
@lru_cache(maxsize=1)
def _listed_samples(
    path: str, version: str, storage: Storage, selection: MemberSelection
) -> tuple[list[SampleFiles], FolderSample]:
    files = list_visible_files(path, storage)
    files_of_images = files_beside_images(path, files)
    if not files_of_images:
        raise FileNotFoundError(path)
    if version and _version(path, files_of_images) != version:
        raise ShardFault("shard_changed", 0)
    return group_files(path, files, selection), FolderSample(path, files_of_images)


class FileReader:
    """A reader of whole files of a folder that counts their bytes; no file stays open."""

    def __init__(self, folder: str, storage: Storage, sample: FolderSample) -> None:
        self._of_bucket = bool(scheme(folder))
        self._storage = storage
        self._sample = sample
        self.bytes_read = 0

    @property
    def position(self) -> int:
        return self.bytes_read

    def read_all(self, entries: Iterable[Entry]) -> Generator[bytes, None, None]:
        """Yield the contents of listed files, in their order; fetch those of a bucket ahead.

        Raises ShardFault if a file is gone or has changed.
        """
        contents = (
            read_ahead(self._read_object, entries, lambda entry: entry.size, _AHEAD)
            if self._of_bucket
            else map(self._read_file, entries)
        )
        for entry, content in contents:
            self.bytes_read += len(content)
            if len(content) != entry.size:
                raise ShardFault("shard_changed", self.bytes_read)
            self._sample.take(entry.path, content)
            yield content

    def _read_object(self, entry: Entry) -> tuple[Entry, bytes]:
        """Read an object in its listed version, which is one request."""
        return entry, self._content(entry, entry.version)

    def _read_file(self, entry: Entry) -> tuple[Entry, bytes]:
        content = self._content(entry)
        now = self._storage.entry(entry.path)  # after the last byte
        if now is None or now.version != entry.version:
            raise ShardFault("shard_changed", self.bytes_read + len(content))
        return entry, content

    def _content(self, entry: Entry, version: str = "") -> bytes:
        try:
            with self._storage.open(entry.path, version) as stream:
                return stream.read(entry.size + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, NotRegularFile):
            raise ShardFault("shard_changed", self.bytes_read) from None
        except OSError as error:
            if error.errno == errno.ESTALE:
                raise ShardFault("shard_changed", self.bytes_read) from None
            raise

    def check_unchanged(self) -> None:
        """Do nothing: each file is checked when it was read."""

    def digest(self) -> str:
        """Return the digest of the folder; read what no unit of this process has read of it."""
        try:
            return self._sample.digest(self._storage)
        except EOFError:
            raise ShardFault("shard_changed", self.bytes_read) from None

    def close(self) -> None:
        """Do nothing: no file stays open."""


def group_files(
    folder: str, files: Sequence[Entry], selection: MemberSelection
) -> list[SampleFiles]:
    """Return the samples of a folder in natural order; skip files without an image of their stem.

    A stem is a file's path below the folder up to the extension. An extension with dots counts if
    the job names it; any other begins at the last dot, because names such as `Screenshot at
    10.33.22.png` have several dots.
    """
    named = [each for each in (*selection.named, *selection.texts) if "." in each]
    groups: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
    for entry in files:
        parent, slash, name = entry.path[len(folder) :].rpartition("/")
        stem, dot, extension = _split_name(name, named)
        if dot:
            groups[f"{parent}{slash}{stem}"].append((extension.lower(), entry))
    samples = [
        SampleFiles(key, members)
        for key, members in groups.items()
        if any(selection.may_be_image(extension) for extension, _ in members)
    ]
    return sorted(samples, key=_natural_order)


def _split_name(name: str, named: Sequence[str]) -> tuple[str, str, str]:
    """Split a file's name before its extension: the longest that is named, or at the last dot."""
    for extension in sorted(named, key=len, reverse=True):
        if name.lower().endswith(f".{extension}") and len(name) > len(extension) + 1:
            return name[: -len(extension) - 1], ".", extension
    return name.rpartition(".")


def _natural_order(sample: SampleFiles) -> tuple[str, str]:
    """Return a sort key: folder by folder, numbers (up to 20 digits) by value, case ignored."""
    padded = _DIGITS.sub(lambda digits: digits[0].zfill(20), sample.key.casefold())
    return padded.replace("/", "\0"), sample.key


def _version(folder: str, files: Sequence[Entry]) -> str:
    """Return a digest of names, sizes and versions of the files."""
    digest = hashlib.sha256()
    for entry in files:
        name = entry.path[len(folder) :]
        line = f"{name}\0{entry.size}\0{entry.version}\0{entry.is_file}\0"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _read_samples(
    samples: Sequence[SampleFiles],
    first: int,
    reader: FileReader,
    selection: MemberSelection,
    finish: Callable[[SampleMembers, int], T],
) -> Iterator[T]:
    """Read the files of samples; `finish` turns them and their position into a sample."""

    def is_read(extension: str, entry: Entry) -> bool:
        return entry.is_file and entry.size <= selection.max_bytes(extension)

    read = (entry for sample in samples for name, entry in sample.files if is_read(name, entry))
    with closing(reader.read_all(read)) as contents:
        for index, (key, files) in enumerate(samples, start=first):
            members = SampleMembers(key, selection)
            for extension, entry in files:
                content = next(contents) if is_read(extension, entry) else None
                name = entry.path[entry.path.rfind(f"{key}.") :]  # below the folder
                members.add(Member(key, extension, content, entry.is_file, entry.size, name))
            yield finish(members, index)
