"""Checks, before a run, the metrics and the references that a job file names."""

from collections.abc import Collection
from typing import NamedTuple

from pipelines.config.evaluation import Entailment
from pipelines.planning.find_entailment import find_entailment
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.planning.truth_files import find_truth_files
from pipelines.storage.paths import absolute
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.known_names import known_names


class Given(NamedTuple):
    """What a job file has beside a metric, and where further columns are named."""

    columns: Collection[str]  # of the rows
    place_of_columns: str
    entailment: Entailment | None
    place_of_entailment: str


def check_metric(name: str, kind: str, given: Given, place: str) -> tuple[str, ...]:
    """Return the results of a metric for answers of a task of this kind.

    Raises JobError, which begins with `place`, if there is no such metric, if it does not fit, or
    if a column or a model that it needs is missing.
    """
    from pipelines.evaluation.metrics.all_metrics import ALL_METRICS  # imports pycocotools
    from pipelines.evaluation.metrics.metric import Metric

    check_metric_fits(name, kind, place)
    metric = ALL_METRICS[name]
    if isinstance(metric, Metric) and metric.group not in (None, *given.columns):
        raise JobError(
            f"{place}: {name} needs a column {metric.group!r}: add it to {given.place_of_columns}"
        )
    check_model_is_named(name, given.entailment, place, given.place_of_entailment)
    return metric.results


def fitting_metrics(kind: str) -> list[str]:
    """Return the names of the metrics that score answers of a task of this kind."""
    from pipelines.evaluation.metrics.all_metrics import ALL_METRICS  # imports pycocotools

    return [name for name, metric in ALL_METRICS.items() if kind in metric.tasks]


def check_metric_fits(name: str, kind: str, place: str) -> None:
    """Raise JobError, which begins with `place`, if no metric of this name fits the task."""
    if name not in (fitting := fitting_metrics(kind)):
        raise JobError(
            f"{place}: there is no metric {name!r} of a task {kind!r}: name some of "
            f"{known_names(name, fitting)}: docs/evaluation.md explains them"
        )


def check_model_is_named(
    name: str, entailment: Entailment | None, place: str, place_of_entailment: str
) -> None:
    """Raise JobError, which begins with `place`, if a metric needs a model and none is named."""
    if entailment is None and _needs_entailment(name):
        raise JobError(f"{place}: {name} needs a model: name one in {place_of_entailment}")


def check_entailment_is_used(metrics: Collection[str], place: str, place_of_metrics: str) -> None:
    """Raise JobError, which begins with `place`, if no metric needs a model for entailment."""
    if not any(map(_needs_entailment, metrics)):
        raise JobError(
            f"{place}: is for the metric non_entailed: add it to {place_of_metrics}, or leave the "
            "model out"
        )


def _needs_entailment(name: str) -> bool:
    from pipelines.evaluation.metrics.all_metrics import METRICS  # imports pycocotools

    return name in METRICS and METRICS[name].needs_entailment


def check_evaluations(work: ResolvedJob, storage: Storage) -> None:
    """Raise JobError if a metric of `evaluations` does not fit, or if references cannot be read."""
    from pipelines.evaluation.truth_rows import TruthColumns, read_truths

    job = work.job
    for task, each in job.evaluations.items():
        place = f"evaluations.{task}"
        model = f"{place}.entailment"
        given = Given(job.input.carried(), "input.carry", each.entailment, model)
        for name in each.metrics:
            check_metric(name, job.tasks[task].kind, given, f"{place}.metrics")
        if each.entailment is not None:
            check_entailment_is_used(each.metrics, model, f"{place}.metrics")
            find_entailment(each.entailment, storage, f"{model}.")
        if each.truth_is_column:
            continue
        pattern = absolute(each.truth, work.folder)
        first = find_truth_files(pattern, storage, f"{place}.truth")[0].path
        try:
            next(read_truths(first, TruthColumns("key", (task, "truth")), storage), None)
        except JobError as error:
            message = str(error).removeprefix("--truth: ").partition(": name it with")[0]
            raise JobError(f"{place}.truth: {message}") from None
