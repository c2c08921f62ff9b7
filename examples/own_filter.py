"""Define a custom filter that drops texts with too many capital letters.

    python examples/own_filter.py job.yaml OUTPUT

A job file can name the class too: `PYTHONPATH=examples shardmill run job.yaml` with
`filters: [{kind: "own_filter:NoShouting", max_capitals: 0.3}]`.

A filter is a frozen pydantic model; its fields are part of the job's fingerprint. It judges whole
batches. Kept items have scores too. A reason is a code and never quotes the sample.
"""

import sys
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from filters import TextFilter
from filters.base import Judge
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep
from shardmill import Job, JobError, run


class NoShouting(TextFilter):
    """Keep texts in which the share of capital letters among all letters is <= max_capitals."""

    fields: ClassVar = "prose"  # without keys and carried columns
    kind: Literal["no_shouting"] = "no_shouting"
    max_capitals: float = Field(0.5, ge=0, le=1)  # share, inclusive

    def load(self, resources: Resources) -> Judge[Text]:
        return self  # nothing to load

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item.value) for item in items]

    def _judge(self, text: str) -> Verdict:
        letters = sum(character.isalpha() for character in text)
        capitals = sum(character.isupper() for character in text) / max(letters, 1)
        scores = {"capitals": capitals}
        return drop("text_shouting", scores) if capitals > self.max_capitals else keep(scores)


if __name__ == "__main__":
    job_file, output = sys.argv[1:]
    try:
        job = Job.load(job_file)
        filters = (*job.filters, NoShouting(max_capitals=0.3))
        summary = run(job.model_copy(update={"filters": filters, "output": output}))
    except JobError as error:
        sys.exit(str(error))
    print(summary.outcome, summary.counts)
