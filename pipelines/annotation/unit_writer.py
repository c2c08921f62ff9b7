"""Writes the files of a unit: spools rows, and commits each part with its last row."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from pipelines.concurrency.stage_timer import StageTimer
from pipelines.drift.measure_answers import measure_answers
from pipelines.output.layout import part_file, whole_file
from pipelines.output.ownership import Ownership
from pipelines.output.parquet_writer import PartWriter
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.reading import OpenUnit
from pipelines.rows.row import Row
from pipelines.storage.storage import Storage
from schemas.answer_statistics import AnswerStatistics, add_answers
from schemas.errors import ShardFault
from schemas.report import Counts, Histograms, add_histograms
from schemas.sample import Unit
from schemas.tables import FOOTER_OOM_RETRIES, FOOTER_SALVAGED, FOOTER_SHARD_DIGEST


class UnitWriter:
    """A writer that takes the rows of one unit in order, after the rows of its committed parts."""

    def __init__(
        self,
        work: ResolvedJob,
        storage: Storage,
        unit: Unit,
        parts_done: int,
        timer: StageTimer,
        *,
        schema: pa.Schema,
        filters: Sequence[str],
        ownership: Ownership,
    ) -> None:
        """Begin a unit; `filters` names the filters on samples, in the order of their runs.

        `ownership` is checked before each commit.
        """
        self.skip = parts_done * work.job.input.max_samples_per_file  # samples in committed parts
        self.files: list[str] = []  # committed by this writer
        self.versions: list[str] = []  # of these files
        self.counts = Counts()  # of the rows in `files`
        self.scores: Histograms = {}  # of the rows in `files`
        self.answers: Mapping[str, AnswerStatistics] = {}  # of the rows in `files`
        self._tasks = work.job.tasks if work.job.drift else {}  # whose answers are measured
        self._answers: Mapping[str, AnswerStatistics] = {}  # of the current part
        self._work = work
        self._storage = storage
        self._schema = schema
        self._filters = filters
        self._ownership = ownership
        self._size = work.job.input.max_samples_per_file
        self._unit = unit
        self._timer = timer
        self._part = parts_done
        self._writer: PartWriter | None = None  # of the current part
        self._oom_retries = 0  # in the current part

    def add(
        self,
        rows: Sequence[Row],
        oom_retries: int,
        last: bool,
        shard: OpenUnit,
        fault: ShardFault | None = None,
    ) -> None:
        """Add the next rows, which belong to one part, and commit the part if it is full.

        `oom_retries` counts how often memory ran out over these rows. `last` marks the unit's last
        rows; `fault` is the fault that ended a salvaged unit. Raises ShardFault if the part is full
        and `shard` has changed since it was planned.
        """
        if self._writer is None:
            start = self._unit.first_index + self._part * self._size
            fingerprint = self._work.fingerprint
            self._writer = PartWriter(
                self._schema,
                self._unit.name,
                fingerprint,
                start,
                self._filters,
                provenance=self._work.provenance,
            )
        with self._timer.stage("write", len(rows)):
            self._writer.write(rows)
        if self._tasks:
            with self._timer.stage("measure", len(rows)):
                measured = measure_answers(rows, self._tasks)
            self._answers = add_answers(self._answers, measured)
        self._oom_retries += oom_retries
        if last or self._writer.counts.read == self._size:
            self._commit(self._writer, last, shard, fault)

    def _commit(
        self, writer: PartWriter, last: bool, shard: OpenUnit, fault: ShardFault | None
    ) -> None:
        unit, part = self._unit.name, self._part
        name = whole_file(unit) if last and part == 0 else part_file(unit, part, last=last)
        notes = {FOOTER_SALVAGED: str(fault)} if fault else {}
        if self._oom_retries:
            notes[FOOTER_OOM_RETRIES] = str(self._oom_retries)
        with self._timer.stage("commit", 1):
            self._ownership.check()
            notes[FOOTER_SHARD_DIGEST] = shard.digest()
            shard.check_unchanged()  # after the last byte that was read for this part
            version = writer.commit(self._storage, self._work.layout.file(name), notes)
        self.files.append(name)
        self.versions.append(version)
        self.counts += writer.counts
        self.scores = add_histograms(self.scores, writer.scores)
        self.answers = add_answers(self.answers, self._answers)
        self.close()
        self._part, self._oom_retries, self._answers = part + 1, 0, {}

    def close(self) -> None:
        """Discard the rows that were not committed."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
