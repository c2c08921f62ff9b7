"""Exports the numbers of a run to wherever the job's `metrics` says."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pipelines.config.metrics import MetricsSettings
from pipelines.metrics.opentelemetry import sent_by_opentelemetry
from pipelines.metrics.prometheus import (
    check_file,
    registry_of,
    served_at_port,
    written_to_file,
)
from pipelines.metrics.run_metrics import RunMetrics


@contextmanager
def exported(settings: MetricsSettings, metrics: RunMetrics) -> Iterator[None]:
    """Export the numbers of a run inside the context, and their last values at its end.

    Raises JobError if a package is missing, or if the file or the port cannot be used.
    """
    with ExitStack() as exporters:
        if settings.file is not None or settings.port is not None:
            registry = registry_of(metrics, settings.labels)
            if settings.file is not None:
                path = check_file(settings.file)
                exporters.enter_context(written_to_file(path, registry, settings))
            if settings.port is not None:
                exporters.enter_context(served_at_port(registry, settings))
        if settings.opentelemetry:
            exporters.enter_context(sent_by_opentelemetry(metrics, settings.labels))
        yield
