"""Joins answers with references in a table on disk, so that memory does not grow with samples.

SQLite holds the table: a million samples are read several times, by groups, in an order that
follows from their contents alone.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pipelines.evaluation.metrics.metric import Kind, Scored
from pipelines.evaluation.metrics.values import read_prediction, read_references

WHOLE = ("ok", "redacted")  # of the info's status; other answers count as empty ones
_SCHEMA = """
CREATE TABLE answer (side INT, shard TEXT, place INT, key TEXT, part TEXT, pair TEXT,
    redacted INT, whole INT, answer TEXT, truth TEXT, problem TEXT);
CREATE TABLE truth (key TEXT PRIMARY KEY, truth TEXT, problem TEXT, times INT) WITHOUT ROWID;
CREATE TABLE sample (shard TEXT, place INT, key TEXT, part TEXT, pair TEXT, redacted INT,
    whole INT, answer TEXT, truth TEXT, other_whole INT, other TEXT);
"""
_UNIQUE = "SELECT key FROM answer WHERE side = {} AND key NOTNULL GROUP BY key HAVING count(*) = 1"
_REPEATED = _UNIQUE.replace("= 1", "> 1")
_OF_PART = "WHERE part = ?"
_EMPTY = ("null", '""', "[]")


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer of a kept sample, as its row has it."""

    shard: str
    index: int
    key: str | None
    status: str  # of the answer; `skipped` if the model was not asked
    value: object
    truth: object = None  # of a carried column
    part: str | None = None  # the value of the column that divides samples
    pair: str | None = None  # the group of samples that a metric scores as one
    redacted: bool = False  # a filter redacted a text of the sample, or withheld the answer


@dataclass(frozen=True, slots=True)
class JudgedSample:
    """A sample with its references."""

    shard: str
    index: int
    key: str | None
    part: str | None
    pair: str | None
    answer: object
    truth: object
    other: object  # the answer of the output that is compared
    redacted: bool = False  # as of StoredAnswer
    failed: bool = False  # the answer is not whole
    other_failed: bool = False


class SampleTable:
    """Answers of one or two outputs, and references; closed by `close`."""

    def __init__(self, file: Path, kinds: Sequence[Kind]) -> None:
        """Make a table in a new file; a reference is wrong if a kind in `kinds` cannot be it."""
        self._kinds = tuple(dict.fromkeys(kinds))
        self._database = sqlite3.connect(file, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -32768"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_SCHEMA)
        self._database.create_function("content", 1, _without_scores, deterministic=True)

    def close(self) -> None:
        self._database.close()

    def add_answers(self, side: int, answers: Iterable[StoredAnswer]) -> None:
        """Add answers of the judged output, side 0, or of the one it is compared with, side 1."""
        rows = (
            (
                side,
                *(each.shard, each.index, each.key, each.part, each.pair, each.redacted),
                None if each.status == "skipped" else each.status in WHOLE,
                _text(each.value),
                *self._truth(each.truth),
            )
            for each in answers
        )
        self._insert("INSERT INTO answer VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)

    def add_truths(self, truths: Iterable[tuple[object, object]]) -> int:
        """Add keys with references, and return how many keys are no text and no whole number."""
        wrong = 0

        def rows() -> Iterator[tuple[str, str | None, str | None]]:
            nonlocal wrong
            for given, value in truths:
                key = _key(given)
                wrong += key is None
                if key is not None:
                    yield key, *self._truth(value)

        repeated = "ON CONFLICT (key) DO UPDATE SET times = times + 1"
        self._insert(f"INSERT INTO truth VALUES (?, ?, ?, 1) {repeated}", rows())
        return wrong

    def join(self, *, by_key: bool, compared: bool) -> dict[str, int]:
        """Choose the samples that are judged, and return the numbers of all others by reason."""
        run = self._database.execute
        run("CREATE INDEX answer_key ON answer (side, key)")
        truth = "truth.truth" if by_key else "answer.truth"
        tables, conditions = ["answer"], ["answer.side = 0", "answer.whole NOTNULL"]
        if self._kinds:
            conditions.append(f"{truth} NOTNULL")
        if by_key:
            tables.append("truth ON truth.key = answer.key AND truth.times = 1")
        if compared:
            tables.append("answer AS b ON b.side = 1 AND b.key = answer.key AND b.whole NOTNULL")
            conditions.append(f"b.key IN ({_UNIQUE.format(1)})")
        if by_key or compared:
            conditions.append(f"answer.key IN ({_UNIQUE.format(0)})")
        run(
            "INSERT INTO sample SELECT answer.shard, answer.place, answer.key, answer.part, "
            "answer.pair, answer.redacted, answer.whole, answer.answer, "
            f"{truth if self._kinds else 'NULL'}, "
            f"{'b.whole, b.answer' if compared else 'NULL, NULL'} "
            f"FROM {' JOIN '.join(tables)} WHERE {' AND '.join(conditions)} "
            f"ORDER BY answer.key, answer.answer, {truth}, answer.shard, answer.place"
        )
        run("CREATE INDEX sample_part ON sample (part)")
        return self._numbers(by_key, compared)

    def _numbers(self, by_key: bool, compared: bool) -> dict[str, int]:
        asked = "FROM answer WHERE side = 0 AND whole NOTNULL"
        empty = ", ".join(f"'{each}'" for each in _EMPTY)
        numbers = {
            "kept": self._count("FROM answer WHERE side = 0"),
            "not_asked": self._count("FROM answer WHERE side = 0 AND whole IS NULL"),
            "judged": self._count("FROM sample"),
            "not_whole": self._count("FROM sample WHERE NOT whole"),
            "empty": self._count(f"FROM sample WHERE whole AND answer IN ({empty})"),
        }
        if by_key:
            known = "SELECT key FROM truth"
            numbers |= {
                "without_truth": self._count(f"{asked} AND (key IS NULL OR key NOT IN ({known}))"),
                "null_truth": self._count(
                    f"{asked} AND key IN ({known} WHERE times = 1 AND problem = 'null')"
                ),
                "wrong_truth": self._count(
                    f"{asked} AND key IN ({known} WHERE times = 1 AND problem = 'wrong')"
                ),
                "truth_repeated": self._count("FROM truth WHERE times > 1"),
                "truth_without_sample": self._count(
                    "FROM truth WHERE key NOT IN "
                    "(SELECT key FROM answer WHERE side = 0 AND key NOTNULL)"
                ),
            }
        elif self._kinds:
            numbers |= {
                "without_truth": self._count(f"{asked} AND problem = 'null'"),
                "wrong_truth": self._count(f"{asked} AND problem = 'wrong'"),
            }
        if by_key or compared:
            repeated = f"key IN ({_REPEATED.format(0)})"
            numbers["key_repeated"] = self._count(f"{asked} AND {repeated}")
        if compared:
            there = "SELECT key FROM answer WHERE side = {} AND whole NOTNULL AND key NOTNULL"
            numbers["only_here"] = self._count(
                f"{asked} AND (key IS NULL OR key NOT IN ({there.format(1)}))"
            )
            numbers["only_there"] = self._count(
                "FROM answer WHERE side = 1 AND whole NOTNULL "
                f"AND (key IS NULL OR key NOT IN ({there.format(0)}))"
            )
            numbers["changed"] = self._count("FROM sample WHERE content(answer) <> content(other)")
        return numbers

    def parts(self) -> dict[str, int]:
        """Return the number of judged samples of each value of the column that divides them."""
        found = self._database.execute(
            "SELECT part, count(*) FROM sample WHERE part NOTNULL GROUP BY part"
        )
        return dict(sorted(found))

    def count(self, part: str | None = None) -> int:
        """Return the number of judged samples, or of those of a part."""
        if part is None:
            return self._count("FROM sample")
        return self._count(f"FROM sample {_OF_PART}", part)

    def part_places(self) -> dict[str, list[int]]:
        """Return the places of the samples of each part in the order of `samples`."""
        places: dict[str, list[int]] = {}
        found = self._database.execute("SELECT part FROM sample ORDER BY rowid")
        for place, (part,) in enumerate(found):
            if part is not None:
                places.setdefault(part, []).append(place)
        return dict(sorted(places.items()))

    def samples(self, part: str | None = None) -> Iterator[JudgedSample]:
        """Yield the judged samples, or those of a part, in an order that their contents give."""
        where = "" if part is None else _OF_PART
        found = self._database.execute(
            f"SELECT shard, place, key, part, pair, redacted, NOT whole, NOT other_whole, "
            "CASE WHEN whole THEN answer END, truth, CASE WHEN other_whole THEN other END "
            f"FROM sample {where} ORDER BY rowid",
            () if part is None else (part,),
        )
        for *place, redacted, failed, other_failed, answer, truth, other in found:
            values = map(_value, (answer, truth, other))
            yield JudgedSample(*place, *values, *map(bool, (redacted, failed, other_failed)))

    def references(self, kind: Kind, part: str | None = None) -> Iterator[tuple[object, ...]]:
        """Yield the references of each sample that `samples` yields, as metrics take them."""
        return (read_references(kind, each.truth) for each in self.samples(part))

    def _truth(self, value: object) -> tuple[str | None, str | None]:
        """Return a reference as JSON, or null and what is wrong with it."""
        if value is None:
            return None, "null"
        try:
            read = _parsed(value) if self._kinds and "text" not in self._kinds else value
            for kind in self._kinds:
                read_references(kind, read)
            return _text(read), None
        except (ValueError, TypeError, OverflowError, RecursionError):
            return None, "wrong"

    def _insert(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(statement, rows)
        self._database.execute("COMMIT")

    def _count(self, of: str, *values: str) -> int:
        (number,) = self._database.execute(f"SELECT count(*) {of}", values).fetchone()
        return cast(int, number)


def scored(kind: Kind, sample: JudgedSample, *, other: bool = False) -> Scored:
    """Return an answer of a sample, or the compared output's, with the references."""
    answer = sample.other if other else sample.answer
    failed = sample.other_failed if other else sample.failed
    return Scored(read_prediction(kind, answer), read_references(kind, sample.truth), failed)


def _key(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 64:
        return str(value)
    if not isinstance(value, str):
        return None
    return None if any("\ud800" <= each <= "\udfff" for each in value) else value


def _parsed(value: object) -> object:
    """Return the objects of a carried field, which output stores as JSON."""
    return json.loads(value) if isinstance(value, str) else value


def _without_scores(answer: str) -> str:
    """Return a stored answer without the scores of its objects, which differ by rounding."""
    if not answer.startswith("[{"):
        return answer
    objects = [
        {name: value for name, value in each.items() if name != "score"}
        for each in json.loads(answer)
    ]
    return json.dumps(objects)


def _text(value: object) -> str:
    """Return a value as JSON, with `?` for half a surrogate pair, which no page can show."""
    text = json.dumps(value, default=_ascii, sort_keys=True)
    if "\\ud" not in text:
        return text
    whole = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace")
    return json.dumps(json.loads(whole))


def _ascii(value: object) -> str:
    if isinstance(value, bytes):  # counts of a mask
        return value.decode("ascii", "replace")
    raise TypeError


def _value(text: str | None) -> object:
    return None if text is None else json.loads(text)
