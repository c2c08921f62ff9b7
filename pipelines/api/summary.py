"""The summary of a run, as Python programs and notebooks show it."""

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Self

from pydantic import Field
from rich.console import Console

from pipelines.display.evaluate import print_job_evaluations
from pipelines.display.tables import summary_table
from pipelines.evaluation.results import Evaluation
from schemas.errors import JobError
from schemas.report import Counts
from schemas.report import Summary as RecordedSummary

if TYPE_CHECKING:
    import pandas as pd

_WIDTH = 100  # characters of a printed line
_GROUPS = ("reasons", "languages", "redactions", "answers")  # mappings of Counts


class Summary(RecordedSummary):
    """The summary of one run: the run's own work, and the state of the output after the run.

    Fields that end in `_here` cover this run alone. `print(summary)` shows tables.
    """

    evaluations: Mapping[str, Evaluation] = Field({}, exclude_if=lambda found: not found)
    """The values of each task by the job's `evaluations`; none before the output is complete."""

    @classmethod
    def of(cls, summary: RecordedSummary, evaluations: Iterable[Evaluation] = ()) -> Self:
        return cls(**dict(summary), evaluations={each.task: each for each in evaluations})

    def __str__(self) -> str:
        lines = self._printed().export_text().splitlines()
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        """Return the table for notebooks."""
        return self._printed().export_html(inline_styles=True, code_format="<pre>{code}</pre>")

    def _printed(self) -> Console:
        console = Console(
            file=io.StringIO(), record=True, width=_WIDTH, highlight=False, force_jupyter=False
        )
        console.print(summary_table(self))
        print_job_evaluations(self.evaluations.values(), console)
        return console

    def to_pandas(self) -> "pd.DataFrame":
        """Return the numbers of samples as a table with the columns group, name, here and output.

        `group` is status, reasons, languages, redactions or answers; `here` counts the rows that
        this run committed, and `output` those of the whole output. Raises JobError without pandas.
        """
        try:
            import pandas as pd
        except ImportError:
            raise JobError("to_pandas: pandas is missing: pip install pandas") from None
        here, output = dict(_numbers(self.counts_here)), dict(_numbers(self.counts or Counts()))
        names = dict.fromkeys([*output, *here])
        rows = [(*name, here.get(name, 0), output.get(name, 0)) for name in names]
        return pd.DataFrame(rows, columns=["group", "name", "here", "output"])


def _numbers(counts: Counts) -> Iterator[tuple[tuple[str, str], int]]:
    for status, number in counts.by_status().items():
        yield ("status", status), number
    for group in _GROUPS:
        for name, number in getattr(counts, group).items():
            yield (group, name), number
