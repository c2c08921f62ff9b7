"""Rows as an earlier output left them: verdicts, and the texts that its filters have passed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.output.layout import Layout
from pipelines.output.unit_progress import find_unit_progress
from pipelines.planning.filters_from import EarlierOutput
from pipelines.rows.row import Row
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault
from schemas.sample import Text, Unit
from schemas.tables import FOOTER_FINGERPRINT, IDENTITY

_BATCH = 256  # rows held at a time


class EarlierRows:
    """Reads the rows of the output that a job takes its verdicts from."""

    def __init__(
        self, layout: Layout, storage: Storage, earlier: EarlierOutput, texts: tuple[str, ...]
    ) -> None:
        self._layout = layout
        self._storage = storage
        self._fingerprint = earlier.fingerprint.encode()
        self._asked = frozenset(earlier.asked)
        self._texts = ("key", *texts)
        self._columns = [*IDENTITY, "sha256", *texts]

    def rows(self, unit: Unit, first: int) -> Iterator[Row]:
        """The unit's rows from that index on; of those that were kept, with texts and digest.

        Raises ShardFault where the earlier output does not have them.
        """
        for stream in self._files(unit):
            try:
                with stream:
                    file = pq.ParquetFile(stream, page_checksum_verification=True)
                    if (file.metadata.metadata or {})[
                        FOOTER_FINGERPRINT.encode()
                    ] != self._fingerprint:
                        raise ShardFault("verdicts_damaged", 0)
                    for batch in file.iter_batches(_BATCH, columns=self._columns):
                        for values in batch.to_pylist():
                            if values["index"] >= first:
                                yield self._row(values)
            except (pa.ArrowException, KeyError, ValueError):
                raise ShardFault("verdicts_damaged", 0) from None

    def _files(self, unit: Unit) -> Iterator[BinaryIO]:
        unit_progress = find_unit_progress(unit.name, self._layout, self._storage)
        if not unit_progress.complete:
            raise ShardFault("verdicts_missing", 0)
        for name in unit_progress.files:
            yield self._storage.open(self._layout.file(name))

    def _row(self, values: Mapping[str, Any]) -> Row:
        row = Row(
            values["shard"],
            values["index"],
            status=values["status"],
            closed=values["status"] != "kept",
            filter=values["filter"] or "",
            reason=values["reason"] or "",
            error=values["error"] or "",
            sha256=values["sha256"] or "",
            scores={
                score["name"]: score["value"]
                for score in values["scores"]
                if not self._of_answer(score["name"])
            },
            redactions=Counter(
                {found["infotype"]: found["count"] for found in values["redactions"]}
            ),
        )
        row.texts = {name: Text(values[name]) for name in self._texts if values[name] is not None}
        return row

    def _of_answer(self, score: str) -> bool:
        """Whether it is `filter.task.score`, said of an answer that is not taken along."""
        path = score.split(".")
        return len(path) > 2 and path[1] in self._asked
