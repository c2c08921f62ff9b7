"""Refuses filters that could never judge anything in a job, or would drop every sample."""

from collections.abc import Mapping, Sequence

from filters import DatacompBasic, ImageTextSimilarityModel, TextFilter
from filters.base import Filter
from inference import Task
from schemas.errors import JobError


def refuse_idle_filters(
    filters: Sequence[Filter],
    skip: Sequence[Filter] = (),
    *,
    reads_text: bool,
    tasks: Mapping[str, Task],
) -> None:
    """Raise JobError for a filter of the list that has nothing to judge, unless it is in `skip`.

    `reads_text` says whether the job reads a source text. A job without tasks may state filters for
    the answers of later jobs, which name it as `filters_from`.
    """
    for number, stage in enumerate(filters):
        if stage in skip:
            continue
        name = f"filters.{number} ({stage.kind})"
        if isinstance(stage, DatacompBasic) and not reads_text:
            raise JobError(
                f"{name}: drops samples without a source text, which is every sample of this job: "
                "name the texts in input.text, or remove the filter"
            )
        if isinstance(stage, ImageTextSimilarityModel) and not reads_text:
            raise JobError(
                f"{name}: has nothing to judge: name source texts in input.text, or remove the "
                "filter"
            )
        if not isinstance(stage, TextFilter) or stage.fields != "prose":
            continue  # judges images, or all texts: keys are among them
        judges_source = stage.applies_to != "generated" and reads_text
        may_judge_answers = stage.applies_to != "source" and (
            not tasks or any(not task.keeps_raw for task in tasks.values())
        )
        if not judges_source and not may_judge_answers:
            raise JobError(f"{name}: has nothing to judge: {_way_out(stage, tasks)}")


def _way_out(stage: TextFilter, tasks: Mapping[str, Task]) -> str:
    if stage.applies_to == "generated":
        return "no task gives a text: remove the filter"
    prose = any(not task.keeps_raw for task in tasks.values())
    answers = ", write applies_to: generated" * prose
    return f"name source texts in input.text{answers}, or remove the filter"
