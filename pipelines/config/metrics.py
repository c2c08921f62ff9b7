"""The job file's `metrics`: where the numbers of a run go while it is at work."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.errors import JobError
from schemas.frozen import Frozen, Seconds
from schemas.models import is_url
from schemas.path_text import PathText

LabelName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
LabelValue = Annotated[str, StringConstraints(min_length=1, max_length=200)]
# Labels of the metrics themselves, and those that Prometheus adds.
OWN_LABELS = (
    "direction",
    "filter",
    "instance",
    "job",
    "job_name",
    "kind",
    "outcome",
    "reason",
    "result",
    "run",
    "stage",
    "status",
    "version",
)


class MetricsSettings(Frozen):
    """Where the numbers of a run go while it is at work; they change no byte of the output."""

    file: PathText | None = Field(None, min_length=6)
    """A file `*.prom` on this machine for the text file collector of Prometheus's node exporter.

    It is replaced as a whole. The option `--metrics-file` names another one.
    """
    port: int | None = Field(None, ge=0, le=65535)
    """The port at which Prometheus reads the metrics while the run is at work; 0: any free one.

    The option `--metrics-port` names another one.
    """
    host: str = Field("127.0.0.1", min_length=1, max_length=255)
    """The address at which the port is opened: `0.0.0.0` opens it for other machines."""
    opentelemetry: bool = False
    """Whether metrics go to an OpenTelemetry collector, which the variables OTEL_* name."""
    labels: Mapping[LabelName, LabelValue] = Field({}, max_length=10)
    """Labels of all metrics, such as `{task: "3"}`, for several runs on one machine."""
    interval_seconds: Seconds = Field(15, ge=1, le=3600)
    """The seconds between two versions of the file."""

    @model_validator(mode="after")
    def _check_file(self) -> Self:
        if self.file is not None and (is_url(self.file) or not self.file.endswith(".prom")):
            raise JobError(
                "metrics.file: must be a file on this machine whose name ends in .prom: the text "
                "file collector reads no other ones"
            )
        return self

    @model_validator(mode="after")
    def _check_labels(self) -> Self:
        for name in self.labels:
            if name in OWN_LABELS:
                raise JobError(
                    f"metrics.labels: {name} is a label of the metrics themselves: choose another"
                )
        return self
