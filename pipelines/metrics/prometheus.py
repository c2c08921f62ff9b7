"""Exports the metrics of a run to Prometheus: as a text file, and at a port."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.concurrency.periodic import every
from pipelines.config.metrics import MetricsSettings
from pipelines.logs.log import log
from pipelines.metrics.families import FAMILIES, common_labels, read_family
from pipelines.metrics.run_metrics import RunMetrics
from schemas.errors import JobError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric


class _RunCollector:
    """A collector of prometheus_client over the numbers of a run."""

    def __init__(self, metrics: RunMetrics, labels: Mapping[str, str]) -> None:
        self._metrics = metrics
        self._labels = labels

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        common = common_labels(self._metrics, self._labels)
        for family in FAMILIES:
            kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            labels = [*common, *family.labels]
            exported = kind(f"shardmill_{family.name}", family.meaning, labels=labels)
            for values, number in read_family(family, self._metrics):
                exported.add_metric([*common.values(), *values], number)
            yield exported


def registry_of(metrics: RunMetrics, labels: Mapping[str, str]) -> "CollectorRegistry":
    """Return a registry with the metrics of one run; JobError without prometheus_client."""
    try:
        from prometheus_client import CollectorRegistry
    except ModuleNotFoundError:
        raise JobError(
            "metrics: prometheus-client is not installed: pip install 'shardmill[metrics]'"
        ) from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_RunCollector(metrics, labels))
    return registry


@contextmanager
def written_to_file(
    path: str, registry: "CollectorRegistry", settings: MetricsSettings
) -> Iterator[None]:
    """Write the metrics to a file at once, at each interval, and at the end of the context.

    Raises JobError if the file cannot be written at the beginning. Later, the first failure is a
    warning: the run is worth more than its metrics.
    """
    from prometheus_client import write_to_textfile

    try:
        write_to_textfile(path, registry)  # into a file beside it, which then takes its name
    except OSError as error:
        raise JobError(
            f"metrics.file: {path} cannot be written: {error.strerror}: name a file in a folder "
            "that exists and may be written to"
        ) from None
    failed = False

    def write() -> None:
        nonlocal failed
        try:
            write_to_textfile(path, registry)
        except OSError as error:
            if not failed:
                log("metrics_failed", f"metrics.file: {path}: {error.strerror}")
            failed = True

    try:
        with every(settings.interval_seconds, write, "metrics"):
            yield
    finally:
        write()


@contextmanager
def served_at_port(registry: "CollectorRegistry", settings: MetricsSettings) -> Iterator[None]:
    """Serve the metrics at a port inside the context.

    A port that is taken is a warning, because a run of the same job on this machine may have it.
    Raises JobError if the port cannot be opened for another reason.
    """
    from prometheus_client import start_http_server

    place = f"{settings.host}:{settings.port}"
    try:
        server, thread = start_http_server(settings.port or 0, settings.host, registry)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise JobError(
                f"metrics.port: {place} cannot be opened: {error.strerror or error}: name another "
                "host or port"
            ) from None
        log(
            "metrics_failed",
            f"metrics.port: {place} is taken by another process: this run serves no metrics; port "
            "0 takes any free one",
        )
        yield
        return
    port = server.server_port
    log(
        "metrics_served",
        f"metrics are at http://{settings.host}:{port}/metrics",
        host=settings.host,
        port=port,
    )
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def check_file(path: str) -> str:
    """Return the absolute path of a file for metrics; JobError if its folder does not exist."""
    absolute = os.path.abspath(path)
    if not os.path.isdir(os.path.dirname(absolute)):
        raise JobError(f"metrics.file: there is no folder {os.path.dirname(absolute)}: make it")
    return absolute
