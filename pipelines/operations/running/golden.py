"""Annotates the golden set of a job before its corpus, and stops the run if it falls short."""

import re
from collections.abc import Callable

from pipelines.config.canary import Requirement
from pipelines.config.job import Job
from pipelines.evaluation.results import Evaluation, Value
from pipelines.logs.log import log
from pipelines.output.layout import Layout
from pipelines.planning.golden_set import GoldenSet
from pipelines.planning.plan import Plan
from pipelines.storage.storage import Storage
from schemas.counted import counted
from schemas.errors import GoldenSetFailed, JobError, TooManyErrors
from schemas.report import Summary


def check_golden_set(planned: Plan, storage: Storage, annotate: Callable[[Job], Summary]) -> None:
    """Raise GoldenSetFailed if the job's answers about its golden set do not fulfill `require`.

    `annotate` runs a job. Evaluations are stored in the job's output, and not made again as long as
    job, model, golden set and references are the same. Several runs share the golden set like any
    other output.
    """
    golden = planned.golden
    if golden is None:
        return
    layout = planned.work.layout
    found = {task: _stored(golden, task, layout, storage) for task in golden.metrics()}
    if any(evaluation is None for evaluation in found.values()):
        log(
            "notice",
            f"golden set: {counted(len(golden.shards), 'shard')} annotated before the others",
        )
        _annotate(golden, annotate)
        found = {task: _evaluate(golden, task, layout, storage) for task in found}
    missed = [
        line
        for each in golden.requirements
        if (evaluation := found[each.task]) is not None and (line := _judge(each, evaluation))
    ]
    if missed:
        raise GoldenSetFailed(
            f"the golden set falls short, and nothing of the corpus was annotated: "
            f"{'; '.join(missed)}: look at {golden.job.output}, then change the job, or "
            "canary.require"
        )


def _stored(golden: GoldenSet, task: str, layout: Layout, storage: Storage) -> Evaluation | None:
    """Return the stored evaluation of a task; None if there is none with all required metrics."""
    try:
        content = storage.read_bytes(layout.evaluation(golden.evaluation(task)))
    except FileNotFoundError:
        return None
    try:
        evaluation = Evaluation.model_validate_json(content)
    except ValueError:  # damaged, or of another version: it is made again
        return None
    required = [each for each in golden.requirements if each.task == task]
    return evaluation if all(_result(each) in evaluation.values for each in required) else None


def _annotate(golden: GoldenSet, annotate: Callable[[Job], Summary]) -> None:
    try:
        summary = annotate(golden.job)
    except TooManyErrors as error:
        raise TooManyErrors(f"the golden set: {error}") from None
    if summary.outcome == "nothing_kept":
        raise GoldenSetFailed("the filters of the job keep no sample of the golden set")
    if summary.outcome != "complete":
        shards = counted(summary.units_total, "shard")
        raise GoldenSetFailed(
            f"{len(summary.failed)} of {shards} of the golden set could not be "
            f"annotated: `shardmill status {golden.job.output}` says why"
        )


def _evaluate(golden: GoldenSet, task: str, layout: Layout, storage: Storage) -> Evaluation:
    from pipelines.operations.evaluate import Asked, evaluate  # imports all metrics

    metrics = golden.metrics()[task]
    judge = golden.entailment if "non_entailed" in metrics else None
    asked = Asked(task=task, truth=golden.truths[task], metrics=metrics, entailment=judge)
    try:
        result = evaluate(golden.job.output, asked, storage).result
    except JobError as error:
        message = re.sub(r"^(--[a-z-]+|evaluate): ", "", str(error))
        raise JobError(f"canary.truth.{task}: {message}") from None
    content = result.model_dump_json(indent=1).encode()
    storage.write_bytes(layout.evaluation(golden.evaluation(task)), content)
    return result


def _judge(requirement: Requirement, evaluation: Evaluation) -> str:
    """Log how a value compares with a requirement; return what it misses, or an empty text."""
    value = evaluation.values[_result(requirement)]
    is_met = requirement.is_met(value.value)
    line = f"{requirement.name} is {_written(value)}, and must be {requirement}"
    log(
        "golden_judged",
        f"golden set: {line}",
        level="info" if is_met else "error",
        requirement=requirement.name,
        required=str(requirement),
        value=value.value,
        low=value.low,
        high=value.high,
        passed=is_met,
    )
    return "" if is_met else line


def _result(requirement: Requirement) -> str:
    """Return the name of the value that a requirement is about."""
    from pipelines.evaluation.metrics.all_metrics import ALL_METRICS  # imports pycocotools

    return requirement.result or ALL_METRICS[requirement.metric].results[0]


def _written(value: Value) -> str:
    if value.value is None or value.low is None or value.high is None:
        return "not a number"
    return f"{value.value:.4g} (95 % interval {value.low:.4g} to {value.high:.4g})"
