"""The folder of an export: its record, its finished files, and how a file is added.

FOLDER/train-00000.jsonl                        a file of an export
FOLDER/_SUCCESS                                 the export is complete
FOLDER/_shardmill/export.record                 what was asked for, and of which output
FOLDER/_shardmill/files/train-00000.record      where the rows after this file begin
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydantic import TypeAdapter, ValidationError

from pipelines.exports.chunk import Cursor
from pipelines.exports.request import differing_options
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.frozen import Frozen

_LAYOUT = 1  # of the files of an export: a later version writes a higher number
_CONTROL = "_shardmill"
_LEFTOVER = re.compile(r"\.[0-9a-f]{16}\.tmp")  # of a process that was killed


class FileRecord(Frozen):
    """What is known of a finished file, and where the rows after it begin."""

    rows: int
    """The rows of the split up to the end of this file."""
    next: Cursor
    """The place from which the rows of the split go on."""
    counts: Mapping[str, int] = {}
    """What the format counts on from in the next file."""


@dataclass(frozen=True, slots=True)
class Source:
    """The output that is exported, at one moment."""

    fingerprint: str  # of its job
    files: str  # a digest of its committed files


class Target:
    """The folder of an export. Files appear in it whole or not at all."""

    def __init__(self, root: str, storage: Storage, extension: str, folder: str) -> None:
        """Open a folder, which may not exist; files of rows lie in its `folder`."""
        self.root, self._storage = root, storage
        self._extension, self._folder = extension, folder
        paths = [entry.path for entry in storage.list(root)]
        self._names = {path.removeprefix(f"{root}/") for path in paths}
        self._begun: dict[str, Any] | None = None

    def begin(self, request: Mapping[str, Any], source: Source) -> None:
        """Take the folder for an export; nothing is written before its first file.

        Raises JobError if the folder has another export, or files of another kind.
        """
        wanted = {
            "layout": _LAYOUT,
            "request": dict(request),
            "output": source.fingerprint,
            "files": source.files,
        }
        self._begun = wanted
        if f"{_CONTROL}/export.record" not in self._names:
            others = [each for each in self._names if not _LEFTOVER.fullmatch(each)]
            if others:
                raise JobError(
                    f"{self.root}: has other files, such as {min(others)}: name a new folder"
                )
            return
        found = self._read(f"{_CONTROL}/export.record")
        if found == wanted:
            return
        raise JobError(f"{self.root}: {_difference(wanted, found)}: name another folder")

    @property
    def is_complete(self) -> bool:
        return "_SUCCESS" in self._names

    def file(self, split: str, number: int) -> str:
        """Return the name of a file."""
        folder = self._folder.format(split=split)
        return f"{folder}{split}-{number:05d}{self._extension}"

    def finished(self, split: str) -> tuple[int, FileRecord | None]:
        """Return how many files of a split are finished, and the record of the last one."""
        number = 0
        while {self.file(split, number), _record(split, number)} <= self._names:
            number += 1
        if not number:
            return 0, None
        return number, self._file_record(_record(split, number - 1))

    def add(self, split: str, number: int, content: BinaryIO, record: FileRecord) -> None:
        """Add a finished file."""
        if self._begun is not None:
            self._create(f"{_CONTROL}/export.record", self._begun)
            self._begun = None
        note = record.model_dump_json().encode()
        self._storage.write_bytes(f"{self.root}/{_record(split, number)}", note)
        content.seek(0)
        self._storage.write(f"{self.root}/{self.file(split, number)}", content)
        self._names |= {self.file(split, number), _record(split, number)}

    def finish(self, more: Mapping[str, bytes]) -> None:
        """Add further files, delete leftovers, and mark the export as complete."""
        for name, content in more.items():
            self._storage.write_bytes(f"{self.root}/{name}", content)
        leftovers = [each for each in self._names if _LEFTOVER.fullmatch(each.rpartition("/")[2])]
        self._storage.delete_many(f"{self.root}/{each}" for each in leftovers)
        self._storage.write_bytes(f"{self.root}/_SUCCESS", b"")

    def _create(self, name: str, value: Mapping[str, Any]) -> None:
        try:
            content = json.dumps(value, indent=1, ensure_ascii=False).encode()
            self._storage.create(f"{self.root}/{name}", content)
        except FileExistsError:  # by an earlier process, or by another one at the same moment
            if self._read(name) != value:
                raise JobError(
                    f"{self.root}: another export began here at the same time: name another folder"
                ) from None

    def _read(self, name: str) -> Any:
        try:
            return json.loads(self._storage.read_bytes(f"{self.root}/{name}"))
        except (ValueError, RecursionError):
            raise self._damaged(name) from None

    def _file_record(self, name: str) -> FileRecord:
        try:
            return TypeAdapter(FileRecord).validate_json(
                self._storage.read_bytes(f"{self.root}/{name}")
            )
        except ValidationError:
            raise self._damaged(name) from None

    def _damaged(self, name: str) -> JobError:
        return JobError(f"{self.root}/{name}: is damaged: delete the folder, and export again")


def _record(split: str, number: int) -> str:
    return f"{_CONTROL}/files/{split}-{number:05d}.record"


def _difference(wanted: Mapping[str, Any], found: object) -> str:
    """Say in which way a folder holds another export."""
    if not isinstance(found, dict) or found.get("layout") != _LAYOUT:
        return "has an export by another version of shardmill"
    if found.get("output") != wanted["output"]:
        return "has an export of another output"
    other = found.get("request")
    options = differing_options(wanted["request"], other if isinstance(other, dict) else {})
    if options:
        return f"has an export with another {', '.join(options)}"
    return "has an export of this output, which has changed since"
