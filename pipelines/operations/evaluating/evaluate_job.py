"""Scores the answers of a complete output as its job says under `evaluations`."""

import re
from collections.abc import Callable, Mapping

from pydantic import TypeAdapter

from pipelines.config.evaluation import TaskEvaluation
from pipelines.config.recorded import read_recorded
from pipelines.evaluation.results import Evaluation
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.output import Output
from pipelines.planning.find_entailment import find_entailment
from pipelines.planning.truth_files import find_truth_files, truth_version
from pipelines.storage.paths import absolute
from schemas.errors import JobError

OnEvaluated = Callable[[Evaluation], None]
OnWarning = Callable[[str], None]


def recorded_evaluations(output: Output) -> Mapping[str, TaskEvaluation]:
    """Return the evaluations of the job that began the output; none of another version's."""
    recorded = output.record.get("evaluations") or {}
    try:
        return read_recorded(TypeAdapter(Mapping[str, TaskEvaluation]), recorded, "")
    except JobError:
        return {}


def evaluate_job(
    output: Output,
    evaluations: Mapping[str, TaskEvaluation],
    on_evaluated: OnEvaluated,
    on_warning: OnWarning,
    *,
    folder: str = "",
    only_missing: bool = False,
) -> None:
    """Store the evaluation of each task in `evaluations` as `job-<task>`, and pass it on.

    Relative paths of references begin from `folder`, or the current one. With `only_missing`, an
    evaluation that is stored already is passed on as it is. What cannot be evaluated is a warning:
    the rows are complete without it, and the next run of the job tries again.
    """
    if not evaluations:
        return
    from pipelines.operations.evaluate import Asked, evaluate  # imports all metrics

    for task, each in evaluations.items():
        truth = each.truth if each.truth_is_column else absolute(each.truth, folder)
        asked = Asked(
            task=task,
            truth=truth,
            metrics=each.metrics,
            by=each.by,
            name=f"job-{task}",
            entailment=each.entailment,
        )
        try:
            if only_missing and (stored := _stored(output, task, truth, each)):
                on_evaluated(stored)
                continue
            on_evaluated(evaluate(output.layout.root, asked, output.storage).result)
        except JobError as error:
            message = re.sub(r"^(--[a-z-]+|evaluate): ", "", str(error))
            on_warning(f"evaluations.{task}: {message}")


def _stored(output: Output, task: str, truth: str, asked: TaskEvaluation) -> Evaluation | None:
    """Return the stored evaluation of a task; None if the job, the wish or the files changed.

    Raises JobError if there are no files of references.
    """
    from pipelines.evaluation.metrics.all_metrics import ALL_METRICS

    try:
        content = output.storage.read_bytes(output.layout.evaluation(f"job-{task}"))
        found = Evaluation.model_validate_json(content)
    except (FileNotFoundError, ValueError):  # damaged, or of another version: it is made again
        return None
    results = [result for name in asked.metrics for result in ALL_METRICS[name].results]
    judge = None
    if asked.entailment is not None:
        _, judge = find_entailment(
            asked.entailment, output.storage, f"evaluations.{task}.entailment."
        )
    files = None if asked.truth_is_column else find_truth_files(truth, output.storage)
    version = None if files is None else truth_version(files)
    wanted = (fingerprint_of(output.record), truth, version, asked.by, judge, sorted(results))
    made = (
        *(found.output, found.truth, found.truth_version, found.by, found.entailment),
        sorted(found.values),
    )
    return found if made == wanted else None
