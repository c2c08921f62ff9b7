"""Exports the metrics of a run to an OpenTelemetry collector, by OTLP over HTTP."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.metrics.families import FAMILIES, Family, common_labels, read_family
from pipelines.metrics.run_metrics import RunMetrics
from schemas.errors import JobError

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.sdk.metrics.export import MetricReader

_END_MILLISECONDS = 3000  # for the last numbers; SIGTERM leaves a run few seconds


@contextmanager
def sent_by_opentelemetry(
    metrics: RunMetrics, labels: Mapping[str, str], reader: "MetricReader | None" = None
) -> Iterator[None]:
    """Send the metrics at intervals inside the context, and once more at its end.

    The variables OTEL_* of OpenTelemetry say where to and how often, such as
    OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_METRIC_EXPORT_INTERVAL. Raises JobError if a package is
    missing.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
    except ModuleNotFoundError:
        raise JobError(
            "metrics.opentelemetry: OpenTelemetry is not installed: pip install 'shardmill[otel]'"
        ) from None
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    resource = Resource.create({} if named else {"service.name": "shardmill"})
    reader = reader or PeriodicExportingMetricReader(OTLPMetricExporter())
    provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    meter = provider.get_meter("shardmill")
    for family in FAMILIES:
        create = (
            meter.create_observable_counter
            if family.kind == "counter"
            else meter.create_observable_gauge
        )
        callback = _callback(family, metrics, labels)
        create(f"shardmill.{family.name}", callbacks=[callback], description=family.meaning)
    try:
        yield
    finally:
        provider.shutdown(timeout_millis=_END_MILLISECONDS)


def _callback(
    family: Family, metrics: RunMetrics, labels: Mapping[str, str]
) -> "Callable[[CallbackOptions], Iterable[Observation]]":
    """Return a function that reads the present values of a metric."""
    from opentelemetry.metrics import Observation

    def observe(_: "CallbackOptions") -> "Iterator[Observation]":
        common = common_labels(metrics, labels)
        for values, number in read_family(family, metrics):
            yield Observation(number, {**common, **dict(zip(family.labels, values, strict=True))})

    return observe
