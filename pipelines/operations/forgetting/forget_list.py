"""The list that `shardmill forget` reads: its values, and which of its lines match a row.

Lines are named by their numbers alone, because their values may be personal data.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from pipelines.output.forgotten import Forgotten, digests_of
from pipelines.storage.named_file import decode_text, read_named_file
from pipelines.storage.storage import Storage
from schemas.errors import JobError

_LONGEST = 10_000  # characters of a line
_MOST_NUMBERS = 100  # of lines that are named


class Lines(NamedTuple):
    """What became of the lines of a list; empty lines are not counted."""

    read: int = 0
    matched: int = 0  # a row that was erased now has a value of the line
    listed_before: int = 0  # match no row, and are in an earlier list
    unmatched: int = 0  # match no row, and are new
    unmatched_numbers: tuple[int, ...] = ()  # of these, the first hundred, counted from 1


def read_lines(path: str, storage: Storage) -> list[str]:
    """Read the lines of a list; raise JobError if the file is wrong."""
    where = f"--list: {path}"
    lines = decode_text(read_named_file(path, storage, where), where).split("\n")
    if not any(map(str.strip, lines)):
        raise JobError(f"{where} is empty: write a key, a URL or a SHA-256 on each line")
    for number, line in enumerate(lines, 1):
        if len(line) > _LONGEST:
            raise JobError(f"{where}: line {number} is too long: write one value on each line")
    return lines


def values_of(line: str) -> Iterator[str]:
    """Yield the values that a line may stand for: none if it is empty."""
    if value := line.strip():
        yield value
        if (key := line.removesuffix("\r")) != value:  # a key may begin or end with spaces
            yield key


def sort_lines(
    lines: Sequence[str], salt: bytes, found: Collection[str], earlier: Forgotten
) -> Lines:
    """Count the lines that match rows.

    `found` has the digests, made with `salt`, by which rows are listed.
    """
    read = matched = before = 0
    unmatched = []
    for number, line in enumerate(lines, 1):
        if not (values := list(values_of(line))):
            continue
        read += 1
        if any(each in found for value in values for _, each in digests_of(salt, value)):
            matched += 1
        elif any(earlier.has("keys", value) for value in values):
            before += 1
        else:
            unmatched.append(number)
    return Lines(read, matched, before, len(unmatched), tuple(unmatched[:_MOST_NUMBERS]))
