"""The job file as a model: its fields, their defaults, and the checks across fields."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

import pyarrow as pa
from pydantic import Field, ValidationError, model_validator

from filters import AnyFilter, ImageFilter, TextInImage
from inference import AnyTask
from inference.config import Model
from pipelines.config.canary import CanarySettings
from pipelines.config.condition import Condition
from pipelines.config.drift import DriftSettings
from pipelines.config.evaluation import TaskEvaluation, check_evaluations
from pipelines.config.idle_filters import refuse_idle_filters
from pipelines.config.input import Input
from pipelines.config.job_file import read_job_file
from pipelines.config.metrics import MetricsSettings
from pipelines.config.runners import AnyRunnerConfig, LocalRunnerConfig
from pipelines.config.secrets import refuse_secrets
from pipelines.config.task_fields import check_fields, check_places
from pipelines.config.validation_errors import first_fault
from pipelines.config.yaml_text import apply_setting, check_values, parse_yaml
from pipelines.storage.resolve import AnyStorage
from pipelines.storage.settings import StorageSettings, StoreName, check_settings
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.known_names import known_names
from schemas.path_text import PathText
from schemas.tables import check_column_names, output_schema


class Job(Frozen):
    """All settings of a job."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    """The name of the job: letters, digits, `.`, `_` and `-`, a letter or digit first."""
    input: Input
    """The shards, and the fields that are read from their samples."""
    filters: tuple[AnyFilter, ...] = ()
    """The filters, each chosen by its `kind`.

    Filters on the bytes of the image file run first, then filters on carried columns, on texts,
    on the image size, and on pixels. Filters of one group run in the given order.
    """
    evaluate: Literal["first", "all"] = "first"
    """Whether filters judge samples that an earlier filter rejected.

    `first`: no, which saves work. `all`: yes, for their scores; the first decision stays.
    """
    filters_from: PathText | None = None
    """The folder of an earlier output whose verdicts are reused; null: none."""
    decisions: PathText | None = Field(None, exclude_if=lambda path: path is None)
    """The CSV file with a person's decisions about samples of `filters_from`; null: none.

    Accepted quarantined samples are kept, unless a filter drops them; rejected samples are dropped.
    """
    where: str | None = Field(None, exclude_if=lambda condition: condition is None)
    """The condition, as in SQL, that a row of `filters_from` must fulfill to be taken; null: none.

    Such as `caption_info.mean_logprob < -0.7`. Other kept samples become rows with the status
    `dropped` and the reason `not_selected`: they are not decoded, and the model is not asked.
    """
    model: Model | None = None
    """The checkpoint and how the engine runs it; null for a job without tasks."""
    tasks: Mapping[str, AnyTask] = {}
    """What the model is asked about each sample: column name -> task.

    Column names are letters, digits and underscores. Empty: the job only filters.
    """
    provenance: bool = Field(False, exclude_if=lambda wanted: not wanted)
    """Whether each row says how it came about, in the column `provenance`.

    The column has the job's fingerprint, the commit of the model, the prompts, and the versions of
    the filters. It stays with rows that are copied elsewhere.
    """
    require_image_safety: bool = False
    """Whether a job without a model that judges the content of images is refused."""
    output: PathText = Field(min_length=1)
    """The folder for the Parquet files."""
    extend: bool = False
    """Whether a run adds new shards to an output that was begun without them.

    False: new shards wait until a run has `--extend`.
    """
    max_error_rate: float = Field(0.5, gt=0, le=1)
    """The largest share of faults at which a run goes on, inclusive.

    A run stops with exit code 3 if a larger share of its samples is `invalid` (after 1,000
    samples), or of its shards failed (after 10). 1: never.
    """
    canary: CanarySettings | None = Field(None, exclude_if=lambda canary: canary is None)
    """The golden set that the job must annotate well before a run begins; null: none."""
    drift: DriftSettings | None = Field(None, exclude_if=lambda drift: drift is None)
    """How the answers of later units are compared with those of the first; null: not at all."""
    evaluations: Mapping[str, TaskEvaluation] = Field({}, exclude_if=lambda each: not each)
    """How answers are scored when the output is complete: task -> metrics and references."""
    runner: AnyRunnerConfig = LocalRunnerConfig()
    """How the work is distributed."""
    metrics: MetricsSettings = MetricsSettings()
    """Where the numbers of a run go while it is at work: Prometheus, or OpenTelemetry."""
    storage: Mapping[StoreName, StorageSettings] = {}
    """How buckets are reached: `s3://`, `gs://` or `az://`, or one bucket's URL -> its settings.

    The settings of a bucket replace all those of its kind of store.
    """

    @model_validator(mode="after")
    def _refuse_secrets(self) -> Self:
        refuse_secrets(self.model_dump(mode="json"))
        return self

    @model_validator(mode="after")
    def _check_storage(self) -> Self:
        check_settings(self.storage)
        return self

    @model_validator(mode="after")
    def _share_text_filters(self) -> Self:
        """Give the job's text filters to a filter of the words in images that names none."""
        filters = tuple(
            stage.with_filters_of(self.filters) if isinstance(stage, TextInImage) else stage
            for stage in self.filters
        )
        object.__setattr__(self, "filters", filters)
        return self

    @model_validator(mode="after")
    def _check_purpose(self) -> Self:
        if self.decisions is not None and self.filters_from is None:
            raise JobError(
                "decisions: are about samples of an earlier output: name it in filters_from"
            )
        if self.where is not None:
            if self.filters_from is None:
                raise JobError("where: is about rows of an earlier output: name it in filters_from")
            Condition(self.where)
        if not self.tasks and not self.filters and self.decisions is None:
            raise JobError("tasks: name at least one, or filters, for a job that filters alone")
        if self.tasks and self.model is None:
            raise JobError("model: is missing: tasks need one, such as {checkpoint: ...}")
        if self.model is not None and not self.tasks:
            raise JobError("tasks: name at least one, or leave out model: the job filters alone")
        return self

    @property
    def judges_images(self) -> bool:
        """Whether a filter judges the content of images with a model."""
        return any(isinstance(f, ImageFilter) and f.judges_safety for f in self.filters)

    def check_image_safety(self, judged: bool) -> None:
        """Raise JobError if `require_image_safety` is set and `judged` is false.

        `judged` says whether a model judges the images.
        """
        if self.require_image_safety and not judged:
            raise JobError(
                "require_image_safety: no filter of this job judges by a model what images show: "
                "add one of kind open_nsfw, porn_image_model or image_safety_google to filters"
            )

    @model_validator(mode="after")
    def _check_safety(self) -> Self:
        if not self.filters_from:  # its filters may have judged the images
            self.check_image_safety(self.judges_images)
        return self

    @model_validator(mode="after")
    def _check_filters(self) -> Self:
        if not self.filters_from:  # which is opened later, and may have run some of the filters
            refuse_idle_filters(self.filters, reads_text=bool(self.input.text), tasks=self.tasks)
        return self

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        carried = self.input.carried()
        if len(carried) < len(self.input.carry):
            raise JobError(
                "input.carry: two fields would become the same column: "
                "name one of them otherwise, such as carry: {page_url: json:url}"
            )
        check_column_names(
            carried,
            self.tasks,
            video=self.input.video is not None,
            images=self.input.images is not None,
            provenance=self.provenance,
        )
        for number, stage in enumerate(self.filters):
            for column in stage.columns():
                if column not in carried:
                    raise JobError(
                        f"filters[{number}].column: {column!r} is not read from the shards: add it "
                        f"to input.carry (known here: {known_names(column, sorted(carried))})"
                    )
        check_fields(self.tasks, self.input)
        return self

    @model_validator(mode="after")
    def _check_evaluations(self) -> Self:
        check_evaluations(self.evaluations, self.tasks, self.input)
        return self

    @model_validator(mode="after")
    def _check_canary(self) -> Self:
        if self.canary is not None:
            self.canary.check(self.tasks, self.input)
        if self.drift is not None and not self.tasks:
            raise JobError("drift: is about answers: name a task, or remove it")
        return self

    @model_validator(mode="after")
    def _check_places(self) -> Self:
        check_places(self.tasks, self.input)
        return self

    def open_storage(self) -> Storage:
        """Return the storage of all paths of the job, with the job's settings."""
        return AnyStorage(self.storage)

    def output_schema(self) -> pa.Schema:
        """Return the schema of the Parquet files that the job writes."""
        columns = {name: task.column for name, task in self.tasks.items()}
        logprobs = {name for name, task in self.tasks.items() if task.logprobs}
        types = self.input.column_types()
        boxes = any(isinstance(stage, TextInImage) for stage in self.filters)
        return output_schema(
            types,
            columns,
            video=self.input.video is not None,
            images=self.input.images is not None,
            pdq=self.input.pdq,
            text_boxes=boxes,
            provenance=self.provenance,
            logprobs=logprobs,
        )

    @classmethod
    def load(
        cls, path: str | Path, settings: Sequence[str] = (), output: str | None = None
    ) -> Self:
        """Read a job file, also by its URL; `settings` are changes such as `model.block_size=64`.

        `output` replaces the file's. Raises JobError, in one line that names the field.
        """
        text = read_job_file(str(path))
        return cls.parse(text, str(path), settings, output)

    @classmethod
    def parse(
        cls, text: str, name: str = "job", settings: Sequence[str] = (), output: str | None = None
    ) -> Self:
        """Read a job from YAML text; `name` names the text in errors."""
        data = parse_yaml(text, name)
        if not isinstance(data, dict):
            empty = "is empty" if data is None else "is not a job file, but something else"
            raise JobError(f"{name}: {empty}: `shardmill init` writes one to start from")
        for setting in settings:
            apply_setting(data, setting)
        if output is not None:
            data["output"] = output
        check_values(data, name)
        try:
            content = json.dumps(data)
        except TypeError:
            raise JobError(
                f"{name}: dates and the like are not job values: put them in quotes"
            ) from None
        refuse_secrets(data)  # before pydantic, whose errors quote values
        try:
            # Strict JSON: text is no number and `yes` no flag, but lists become tuples.
            return cls.model_validate_json(content, strict=True)
        except ValidationError as error:
            place = f"{name} with --set" if settings else name
            raise JobError(f"{place}: {first_fault(error, data, cls)}") from None


def check_is_job(job: object) -> None:
    """Raise JobError if the argument of a Python call is no job, such as the path of a job file."""
    if isinstance(job, Job):
        return
    if isinstance(job, str | Path):
        raise JobError(f"job: is a path: read the file with shardmill.Job.load({str(job)!r})")
    raise JobError(f"job: is of type {type(job).__name__}: give a shardmill.Job")
