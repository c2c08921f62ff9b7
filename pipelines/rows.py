"""A sample on its way to becoming a row, and rows as Arrow."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, isfinite, log2
from typing import Literal

import pyarrow as pa

from pipelines.images import OpenedImage
from pipelines.reading import RawSample
from pipelines.reading.fields import FieldFault, check_unicode, read_field
from schemas.generation import FinishReason, Generation
from schemas.report import Counts, Histograms, Status
from schemas.sample import RGB, Sample, Text
from schemas.tables import INFO, task_name

_BINS_BELOW_1 = 20

AnswerStatus = Literal["ok", "partial", "redacted", "dropped", "quarantined", "skipped"]


@dataclass(slots=True)
class Answer:
    """What a task came to for one sample."""

    status: AnswerStatus
    value: object = field(default=None, repr=False)
    raw: str | None = field(default=None, repr=False)
    finish_reason: FinishReason | None = None
    num_tokens: int | None = None
    mean_logprob: float | None = None  # natural logarithm; None for an empty answer
    withheld_by: str = ""  # filter/reason

    def withhold(self, status: Literal["dropped", "quarantined"], by: str) -> None:
        self.status, self.value, self.raw, self.withheld_by = status, None, None, by

    def info(self) -> dict[str, object]:
        return {
            "status": self.status,
            "finish_reason": self.finish_reason,
            "num_tokens": self.num_tokens,
            "mean_logprob": self.mean_logprob,
            "raw": self.raw,
        }


SKIPPED = Answer("skipped")  # the sample lacks what the task asks about


def answer(generation: Generation, value: object, understood: bool, keeps_raw: bool) -> Answer:
    """A generation as it is stored, before the filters on answers."""
    logprobs = [token.logprob for token in generation.tokens]
    return Answer(
        status="ok" if understood else "partial",
        value=value,
        raw=generation.text if keeps_raw else None,
        finish_reason=generation.finish_reason,
        num_tokens=len(logprobs),
        mean_logprob=sum(logprobs) / len(logprobs) if logprobs else None,
    )


@dataclass(slots=True)
class Row:
    """Everything known of one sample; what was not kept loses its content when stored."""

    shard: str
    index: int
    position: int = 0  # bytes of the shard read up to this sample
    texts: dict[str, Text] = field(default_factory=dict, repr=False)  # key, source_text, carried
    image: bytes = field(default=b"", repr=False)  # the encoded member, until it is decoded
    encoded: OpenedImage | None = field(default=None, repr=False)  # its header, likewise
    width: int = 0  # of the upright image
    height: int = 0
    num_frames: int = 1
    sha256: str = field(default="", repr=False)
    frames: tuple[RGB, ...] = field(default=(), repr=False)
    picture: RGB | None = field(default=None, repr=False)  # [S, S, 3] for the engine
    status: Status = "kept"
    closed: bool = False  # no filter is to see it any more
    language: str = ""  # of the source text, where it is known
    filter: str = ""
    reason: str = ""
    error: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    redactions: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Answer] = field(default_factory=dict, repr=False)

    @property
    def kept(self) -> bool:
        return self.status == "kept"

    def reject(self, status: Status, reason: str, by: str = "", error: str = "") -> None:
        """Decide against the sample; the first decision stands."""
        self.closed |= status == "invalid"
        if self.kept:
            self.status, self.filter, self.reason, self.error = status, by, reason, error

    def conceal(self) -> None:
        """Keep nothing of the sample but why it was rejected."""
        self.closed = True
        self.texts, self.language = {}, ""
        self.scores.clear()
        self.redactions.clear()
        self.release()

    def release(self) -> None:
        """Let go of what only decoding and the image filters need, and of a picture not wanted."""
        self.image, self.encoded, self.frames = b"", None, ()
        if not self.kept:
            self.picture = None

    def sample(self) -> Sample:
        """The sample as filters and tasks see it."""
        return Sample(
            self.shard,
            self.index,
            self.texts,
            self.image,
            self.width,
            self.height,
            self.frames,
            self.num_frames,
        )


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a sample become which texts, and how long they may be."""

    text: str | None
    carried: Mapping[str, str]  # column -> source
    max_characters: int
    max_key_characters: int

    def sources(self) -> dict[str, str]:
        """Column -> source, the source text first."""
        return {**({"source_text": self.text} if self.text else {}), **self.carried}

    def names(self) -> frozenset[str]:
        """Extensions or columns that hold the texts."""
        return frozenset(source.partition(":")[0] for source in self.sources().values())

    def read(self, raw: RawSample) -> dict[str, Text]:
        """All texts of a sample; FieldFault where a text that the job needs is missing or bad."""
        parsed: dict[str, object] = {}
        found = {} if raw.key is None else {"key": self._key(raw.key)}
        for column, source in self.sources().items():
            value = read_field(raw.fields, source, parsed)
            if value is not None:
                found[column] = value
            elif column == "source_text":
                raise FieldFault("text_missing")
        if any(len(value) > self.max_characters for value in found.values()):
            raise FieldFault("text_too_large")
        return {column: Text(value) for column, value in found.items()}

    def _key(self, key: str) -> str:
        if len(key) > self.max_key_characters:
            raise FieldFault("key_too_long")
        if key.startswith("/") or ".." in key.split("/"):  # someone may take keys for paths
            raise FieldFault("key_unsafe")
        return check_unicode(key, "key_not_utf8")


def count(rows: Iterable[Row]) -> Counts:
    """How the rows and their answers fared, with the reasons of those that were not kept."""
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    redactions: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for row in rows:
        statuses[row.status] += 1
        redactions.update(row.redactions)
        if row.language:
            languages[f"{row.language}/{row.status}"] += 1
        if not row.kept:
            reasons[f"{row.filter or row.status}/{row.reason}"] += 1
            continue
        for task, given in row.answers.items():
            if given.withheld_by:
                answers[f"{task}/{given.withheld_by}"] += 1
    return Counts(
        read=statuses.total(),
        reasons=dict(sorted(reasons.items())),
        languages=dict(sorted(languages.items())),
        redactions=dict(sorted(redactions.items())),
        answers=dict(sorted(answers.items())),
        **statuses,
    )


def histograms(rows: Iterable[Row]) -> Histograms:
    """How the scores of filters are spread, dropped samples and all.

    Bins are 0.05 wide below 1 and double in width above; they are named by their lower edges.
    """
    bins: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for name, value in row.scores.items():
            bins[name][_lower_edge(value)] += 1
    return bins


def _lower_edge(value: float) -> str:
    if not isfinite(value):
        return str(value)
    edge = floor(value * _BINS_BELOW_1) / _BINS_BELOW_1 if value < 1 else 2 ** floor(log2(value))
    return f"{edge:g}"


def to_arrow(rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    """Rows in the output's schema, column by column."""
    identity: dict[str, Sequence[object]] = {
        "shard": [row.shard for row in rows],
        "index": [row.index for row in rows],
        "key": [_text(row, "key") for row in rows],
        "status": [row.status for row in rows],
        "filter": [row.filter or None for row in rows],
        "reason": [row.reason or None for row in rows],
        "error": [row.error or None for row in rows],
        "width": [row.width if row.kept else None for row in rows],
        "height": [row.height if row.kept else None for row in rows],
        "num_frames": [row.num_frames if row.kept else None for row in rows],
        "sha256": [row.sha256 if row.kept else None for row in rows],
    }
    infos = {column.name: task_name(column.name) for column in schema if column.type == INFO}
    tasks = set(infos.values())
    pairs: dict[str, Sequence[Mapping[str, float]]] = {
        "scores": [row.scores for row in rows],
        "redactions": [row.redactions for row in rows],
    }
    arrays = []
    for column in schema:
        name = column.name
        if name in pairs:
            arrays.append(_pairs(pairs[name], column.type))
            continue
        if name in identity:
            values = identity[name]
        elif name in tasks:
            values = [_answer(row, name).value if row.kept else None for row in rows]
        elif name in infos:
            values = [_answer(row, infos[name]).info() if row.kept else None for row in rows]
        else:
            values = [_text(row, name) for row in rows]
        arrays.append(pa.array(values, column.type))
    return pa.record_batch(arrays, schema=schema)


def _pairs(entries: Sequence[Mapping[str, float]], kind: pa.DataType) -> pa.ListArray:
    """Names and numbers of each row as a list of pairs, by name; built column by column."""
    ordered = [sorted(each.items()) for each in entries]
    offsets = list(itertools.accumulate(map(len, ordered), initial=0))
    flat = list(itertools.chain.from_iterable(ordered))
    fields = list(kind.value_type)
    columns = [pa.array([pair[n] for pair in flat], fields[n].type) for n in range(len(fields))]
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(columns, fields=fields))


def _text(row: Row, name: str) -> str | None:
    text = row.texts.get(name) if row.kept else None
    return text.value if text else None


def _answer(row: Row, task: str) -> Answer:
    return row.answers.get(task, SKIPPED)
