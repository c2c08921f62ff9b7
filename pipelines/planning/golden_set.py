"""Plans the golden set of a job's `canary`: its shards, its requirements, and where its rows go."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.config.canary import CanarySettings, Requirement
from pipelines.config.evaluation import Entailment
from pipelines.config.job import Job
from pipelines.config.metrics import MetricsSettings
from pipelines.evaluation.results import EntailmentJudge
from pipelines.planning.check_metrics import Given, check_entailment_is_used, check_metric
from pipelines.planning.filters_from import filters_to_run
from pipelines.planning.find_entailment import find_entailment
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.planning.shards import find_shards, split
from pipelines.planning.truth_files import find_truth_files
from pipelines.storage.paths import absolute
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.known_names import known_names
from schemas.units import Units

_DIGITS = 12  # of the digest, in names of files and folders

_EVALUATION = re.compile(rf"golden-(.+)-[0-9a-f]{{{_DIGITS}}}")


@dataclass(frozen=True)
class GoldenSet:
    """A golden set, and what the job's answers about it must reach."""

    job: Job  # annotates the golden set, with the engine and the filters of the job
    units: int
    shards: Sequence[str]
    truths: Mapping[str, str]  # task -> column or pattern of files
    requirements: tuple[Requirement, ...]
    entailment: Entailment | None
    digest: str  # of all that decides the values

    def metrics(self) -> dict[str, list[str]]:
        """Return the metrics of each task that are required, in their order."""
        found: dict[str, list[str]] = {}
        for each in self.requirements:
            names = found.setdefault(each.task, [])
            names += [each.metric] * (each.metric not in names)
        return found

    def evaluation(self, task: str) -> str:
        """Return the name of the stored evaluation of a task."""
        return f"golden-{task}-{self.digest}"


def golden_task(name: str) -> str | None:
    """Return the task of a stored evaluation of a golden set; None if the name is of another."""
    found = _EVALUATION.fullmatch(name)
    return found[1] if found else None


def plan_golden_set(work: ResolvedJob, storage: Storage) -> GoldenSet | None:
    """Plan the golden set of a job; None if the job has none.

    Raises JobError if a metric or a shard does not exist, or a metric does not fit its task.
    """
    canary = work.job.canary
    if canary is None:
        return None
    requirements = canary.requirements()
    for each in requirements:
        _check_metric(each, work.job, canary)
    entailment = None
    if canary.entailment is not None:
        check_entailment_is_used(
            {each.metric for each in requirements}, "canary.entailment", "canary.require"
        )
        _, entailment = find_entailment(canary.entailment, storage, "canary.entailment.")
    job = _golden_job(work, canary)
    try:
        units = split(find_shards(job.input.patterns(), storage), job.input, storage)
    except JobError as error:
        message = re.sub(r"^input\.shards: ", "", str(error))
        raise JobError(f"canary.golden: {message}") from None
    digest = _digest(work, canary, units, storage, entailment)
    output = f"{absolute(canary.output or f'{work.layout.root}-golden', work.folder)}/{digest}"
    return GoldenSet(
        job.model_copy(update={"output": output}),
        len(units),
        sorted(set(units.column("shard"))),
        canary.truth,
        requirements,
        canary.entailment,
        digest,
    )


def _golden_job(work: ResolvedJob, canary: CanarySettings) -> Job:
    """Return the job over the golden set; it has no output of its own yet.

    Verdicts of an earlier output are about other samples: only its filters are taken along.
    """
    job = work.job
    changes = {
        "name": f"{job.name[:90]}-golden",
        "input": canary.input(job.input),
        "filters": tuple(filters_to_run(job, work.resolved.filters_from).values()),
        "filters_from": None,
        "decisions": None,
        "where": None,
        "extend": False,
        "metrics": MetricsSettings(),
        "canary": None,
        "drift": None,
        "evaluations": {},
    }
    return Job.model_validate({name: getattr(job, name) for name in Job.model_fields} | changes)


def _check_metric(requirement: Requirement, job: Job, canary: CanarySettings) -> None:
    place, kind = f"canary.require.{requirement.name}", job.tasks[requirement.task].kind
    columns = canary.input(job.input).carried()
    given = Given(columns, "canary.columns", canary.entailment, "canary.entailment")
    results = check_metric(requirement.metric, kind, given, place)
    if requirement.result not in (None, *results):
        raise JobError(
            f"{place}: {requirement.metric} has no result {requirement.result!r}: name one of "
            f"{known_names(requirement.result or '', results)}"
        )


def _digest(
    work: ResolvedJob,
    canary: CanarySettings,
    units: Units,
    storage: Storage,
    entailment: EntailmentJudge | None,
) -> str:
    """Return the digest of the job, its models, the golden set and the references."""
    given = canary.input(work.job.input).model_dump(mode="json")
    files = [
        (task, found.path, found.version)
        for task, truth in canary.truth.items()
        if canary.truth_column(task) is None
        for found in find_truth_files(absolute(truth, work.folder), storage, f"canary.truth.{task}")
    ]
    content: list[object] = [
        work.fingerprint,
        {name: value for name, value in given.items() if name != "shards"},
        [(unit.name, unit.version) for unit in units],
        dict(canary.truth),
        files,
    ]
    if entailment is not None:
        content += [entailment.version, entailment.label]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_DIGITS]
