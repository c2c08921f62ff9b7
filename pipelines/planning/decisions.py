"""Reads the file with a person's decisions about samples, which a review page writes.

The file is CSV with a header. Rows are read by the names of their columns; columns that nobody asks
for are ignored. A cell that a spreadsheet would take for a formula has an apostrophe before it.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isnan

from pipelines.storage.named_file import decode_text, read_named_file
from pipelines.storage.storage import Storage
from schemas.errors import JobError

REVIEW = "review"  # stands in rows in place of a filter's name, where a decision decided
REJECTED = "rejected"  # reason: a person rejected the sample
CHANGED = "sample_changed"  # reason: the sample is not the one that the decision was about
# A score of accepted samples: the number of the filters whose quarantine the decision overrules,
# which are the first filters of the output.
ACCEPTED_SCORE = f"{REVIEW}.accepted"

CSV_COLUMNS = (
    "shard",
    "index",
    "key",
    "filter",
    "reason",
    "score",
    "value",
    "stratum_from",
    "stratum_to",
    "stratum_size",
    "stratum_drawn",
    "digest",
    "decision",
)
NEEDED = ("shard", "index", "digest", "decision")
_COUNT = re.compile(r"[0-9]{1,18}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SampleDecision:
    """A person's decision about one sample."""

    accepted: bool  # or rejected
    digest: str  # of the sample that the person saw
    line: int  # of the file
    filter: str = ""  # of the verdict that was reviewed
    score: str = ""  # by which the sample was drawn; "" if all samples were shown
    stratum: tuple[float, float] | None = None  # of the score, from which the sample was drawn
    stratum_size: int | None = None  # samples of the stratum
    stratum_drawn: int | None = None  # samples drawn from the stratum


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of a file, by shard and index of the sample."""

    path: str
    sha256: str
    samples: Mapping[tuple[str, int], SampleDecision]

    def of(self, shard: str, index: int) -> SampleDecision | None:
        return self.samples.get((shard, index))

    def by_shard(self) -> dict[str, dict[int, SampleDecision]]:
        """Return the decisions by shard, then by index."""
        shards: dict[str, dict[int, SampleDecision]] = {}
        for (shard, index), decision in self.samples.items():
            shards.setdefault(shard, {})[index] = decision
        return shards


def read_decisions(
    path: str, storage: Storage, folder: str = "", field: str = "decisions"
) -> Decisions:
    """Read a file of decisions; rows without a decision are skipped.

    A relative path is relative to `folder`. Raises JobError, which begins with `field` and names
    the line, if the file cannot be read or a row is wrong.
    """
    where = f"{field}: {path}"
    content = read_named_file(path, storage, where, folder)
    samples: dict[tuple[str, int], SampleDecision] = {}
    for line, cells in _rows(decode_text(content, where), where):
        if not cells["decision"]:
            continue
        sample, decision = _decision(cells, line, f"{where}, line {line}")
        known = samples.setdefault(sample, decision)
        if (known.accepted, known.digest) != (decision.accepted, decision.digest):
            raise JobError(
                f"{where}, line {line}: decides otherwise about the sample of line {known.line}: "
                "delete one of them"
            )
    return Decisions(path, hashlib.sha256(content).hexdigest(), samples)


def escape_cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; `unescape_cell` undoes it."""
    return f"'{value}" if value[:1] in tuple("=+-@\t\r\n'") and value else value


def unescape_cell(cell: str) -> str:
    return cell.removeprefix("'")


def _rows(text: str, where: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells of each row; the header may be repeated."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if missing := [name for name in NEEDED if name not in header]:
            raise JobError(
                f"{where}: its first line names no column {missing[0]!r}: give the file that a "
                "review page downloads, with commas between its columns"
            )
        for cells in reader:
            if not cells or [cell.strip() for cell in cells] == header:
                continue
            if len(cells) != len(header):
                raise JobError(
                    f"{where}, line {reader.line_num}: has {len(cells)} cells, not {len(header)}: "
                    "correct it"
                )
            named = dict(zip(header, map(unescape_cell, cells), strict=True))
            yield reader.line_num, named
    except csv.Error:
        raise JobError(f"{where}, line {reader.line_num}: is no CSV: correct it") from None


def _decision(
    cells: Mapping[str, str], line: int, where: str
) -> tuple[tuple[str, int], SampleDecision]:
    decision = cells["decision"].strip().lower()
    if decision not in ("accept", "reject"):
        raise JobError(f"{where}: decision: write accept or reject, or leave it empty")
    index = cells["index"].strip()
    if not _COUNT.fullmatch(index):
        raise JobError(f"{where}: index: write the number of the sample in its shard, from 0")
    digest = cells["digest"].strip().lower()
    if not _DIGEST.fullmatch(digest):
        raise JobError(f"{where}: digest: has not the 64 digits that the review page wrote")
    sample = (cells["shard"], int(index))
    return sample, SampleDecision(
        decision == "accept",
        digest,
        line,
        cells.get("filter", ""),
        cells.get("score", ""),
        _stratum(cells, where),
        _number(cells, "stratum_size", where),
        _number(cells, "stratum_drawn", where),
    )


def _stratum(cells: Mapping[str, str], where: str) -> tuple[float, float] | None:
    ends = [cells.get(name, "").strip() for name in ("stratum_from", "stratum_to")]
    if not all(ends):
        return None
    try:
        low, high = map(float, ends)
    except ValueError:
        raise JobError(f"{where}: stratum_from, stratum_to: write numbers, or nothing") from None
    if isnan(low) or isnan(high) or low >= high:
        raise JobError(f"{where}: stratum_from: is not below stratum_to")
    return low, high


def _number(cells: Mapping[str, str], name: str, where: str) -> int | None:
    cell = cells.get(name, "").strip()
    if not cell:
        return None
    if not _COUNT.fullmatch(cell):
        raise JobError(f"{where}: {name}: write a whole number, or nothing")
    return int(cell)
