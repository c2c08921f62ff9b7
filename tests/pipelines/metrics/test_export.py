"""Metrics of whole runs, as Prometheus and OpenTelemetry get them."""

import errno
import json
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.command_line import call
from support.http_server import QuietHandler, serving
from support.sample_data import job, pairs, write_shard

from pipelines.config.job import Job
from pipelines.config.metrics import MetricsSettings
from pipelines.logs.configuration import configured
from pipelines.metrics import opentelemetry
from pipelines.metrics.export import exported
from pipelines.metrics.families import FAMILIES, series_names
from pipelines.metrics.prometheus import registry_of, written_to_file
from pipelines.metrics.run_metrics import RunMetrics
from pipelines.operations.run import run
from schemas.errors import JobError
from schemas.report import Counts, Summary, UnitReport

STATUSES = ("kept", "dropped", "quarantined", "invalid")
Samples = dict[tuple[str, tuple[str, ...]], float]


def filtering(folder: Path, **metrics: Any) -> Job:
    """Make a job without a model over three shards, of which one is cut, with these metrics."""
    for number in range(3):
        write_shard(folder / f"shards/{number}.tar", pairs(5, number))
    cut = folder / "shards/1.tar"
    cut.write_bytes(cut.read_bytes()[:3000])
    filters = [{"kind": "text_quality", "min_words": 5}, {"kind": "image_size", "min_side": 500}]
    return job(folder, model=None, tasks={}, filters=filters, metrics=metrics)


def parsed(text: str) -> Samples:
    """Return the values of an exposition by name and the values of the labels but job_name."""
    values: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            labels = {k: v for k, v in sample.labels.items() if k != "job_name"}
            assert sample.labels["job_name"] == "test"
            values[sample.name, tuple(labels.values())] = sample.value
    return values


def check_against(values: Samples, summary: Summary) -> None:
    """Check the last values of a run against its summary."""
    counts = summary.counts_here
    assert {s: values["shardmill_samples_total", (s,)] for s in STATUSES} == counts.by_status()
    rejected = {
        "/".join(labels): number
        for (name, labels), number in values.items()
        if name == "shardmill_rejected_samples_total"
    }
    assert rejected == counts.reasons
    assert counts.reasons
    assert values["shardmill_units_total", ("committed",)] == summary.units_here
    assert values["shardmill_units_total", ("failed",)] == len(summary.failed)
    assert values["shardmill_job_units", ()] == summary.units_total
    assert values["shardmill_job_units_done", ()] == summary.units_committed
    assert values["shardmill_worker_seconds_total", ()] == pytest.approx(
        summary.worker_seconds_here, abs=0.001
    )
    assert values["shardmill_run_active", ()] == 0
    assert values["shardmill_run_outcome", (summary.outcome,)] == 1
    assert ("shardmill_run_info", (summary.run, summary.shardmill)) in values
    assert {name for name, _ in values} <= series_names()


def test_metrics_are_read_from_the_port_during_a_run_and_from_the_file_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "metrics/shardmill.prom"
    file.parent.mkdir()
    scraped: list[Samples] = []
    address: list[str] = []

    def scrape(_: UnitReport) -> None:
        if not address:
            lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
            (served,) = (line for line in lines if line["event"] == "metrics_served")
            assert served["host"] == "127.0.0.1"
            address.append(f"http://127.0.0.1:{served['port']}/metrics")
        with urlopen(address[0], timeout=60) as answer:
            scraped.append(parsed(answer.read().decode()))

    measured = filtering(tmp_path, port=0, file=str(file))
    with configured("json"):
        summary = run(measured, on_report=scrape)
    assert len(scraped) == 3
    for values in scraped:
        assert values["shardmill_run_active", ()] == 1
    totals = [sum(v["shardmill_samples_total", (s,)] for s in STATUSES) for v in scraped]
    assert totals == sorted(totals)
    assert totals[-1] == summary.counts_here.read
    check_against(parsed(file.read_text()), summary)
    assert [path.name for path in file.parent.iterdir()] == ["shardmill.prom"]
    with pytest.raises(OSError, match="refused"):
        urlopen(address[0], timeout=60)


def test_metrics_are_no_part_of_the_job(tmp_path: Path) -> None:
    first = run(filtering(tmp_path, file=str(tmp_path / "a.prom"), labels={"task": "1"}))
    second = run(filtering(tmp_path))
    assert (first.fingerprint, second.outcome) == (second.fingerprint, first.outcome)


def test_options_name_the_file_and_the_port(tmp_path: Path) -> None:
    made = filtering(tmp_path)
    job_file = tmp_path / "job.yaml"
    job_file.write_text(made.model_dump_json())
    file = tmp_path / "by-option.prom"
    options = ["--metrics-file", str(file), "--metrics-port", "0", "--log-format", "json"]
    result = call("run", job_file, *options, code=3)
    assert '"metrics_served"' in result.stderr
    assert parsed(file.read_text())["shardmill_units_total", ("failed",)] == 1
    file.unlink()
    result = call("retry", made.output, "--metrics-file", file, code=3)
    assert parsed(file.read_text())["shardmill_units_total", ("committed",)] == 0
    wrong = call("run", job_file, "--metrics-file", "a.txt", code=2)
    assert wrong.stderr.split(":")[1] == " metrics.file"


def test_an_interrupted_run_leaves_its_outcome(tmp_path: Path) -> None:
    def interrupt(_: UnitReport) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "a.prom"
    with pytest.raises(KeyboardInterrupt):
        run(filtering(tmp_path, file=str(file)), on_report=interrupt)
    values = parsed(file.read_text())
    assert values["shardmill_run_outcome", ("interrupted",)] == 1
    assert values["shardmill_units_total", ("committed",)] == 1


def test_the_file_is_never_half_written(tmp_path: Path) -> None:
    metrics, file = RunMetrics(job="test"), tmp_path / "a.prom"
    registry = registry_of(metrics, {})
    done = threading.Event()
    seen: list[Samples] = []

    def read() -> None:
        while not done.is_set():
            seen.append(parsed(file.read_text()))

    with written_to_file(str(file), registry, MetricsSettings()):
        reader = threading.Thread(target=read)
        reader.start()
        for number in range(50):
            counts = Counts(read=1, dropped=1, reasons={f"terms/{number}": 1})
            metrics.on_report(UnitReport(unit="a", status="committed", counts=counts))
            with written_to_file(str(file), registry, MetricsSettings()):
                pass
        done.set()
        reader.join()
    last = FAMILIES[-1]
    assert seen
    assert all((f"shardmill_{last.name}_total", ()) in values for values in seen)


@pytest.mark.parametrize(
    ("missing", "settings", "extra"),
    [
        ("prometheus_client", {"port": 0}, "metrics"),
        ("prometheus_client", {"file": "/tmp/a.prom"}, "metrics"),
        ("opentelemetry.exporter.otlp.proto.http.metric_exporter", {"opentelemetry": True}, "otel"),
    ],
)
def test_a_missing_package_is_named_before_work_starts(
    missing: str, settings: Any, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    made = filtering(tmp_path, **settings)
    with pytest.raises(JobError, match=rf"pip install 'shardmill\[{extra}\]'"):
        run(made)
    assert not Path(made.output).exists()


def test_a_file_that_cannot_be_written_is_named_before_work_starts(tmp_path: Path) -> None:
    for file, reason in (("no/a.prom", "there is no folder"), ("b.prom", "Is a directory")):
        made = filtering(tmp_path, file=str(tmp_path / file))
        (tmp_path / "b.prom").mkdir(exist_ok=True)
        with pytest.raises(JobError, match=rf"metrics\.file: .*{reason}"):
            run(made)
        assert not Path(made.output).exists()


def test_a_port_that_is_taken_costs_only_the_metrics(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, configured("json", quiet=True):
        port = taken.getsockname()[1]
        assert run(filtering(tmp_path, port=port)).units_here == 2
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"]) == ("metrics_failed", "warning")
    assert f"metrics.port: 127.0.0.1:{port} is taken" in line["message"]


def test_an_address_of_another_machine_is_a_mistake(tmp_path: Path) -> None:
    made = filtering(tmp_path, port=0, host="203.0.113.1")  # reserved for documentation
    with pytest.raises(JobError, match=r"metrics\.port: 203\.0\.113\.1:0 cannot be opened"):
        run(made)


def test_a_disk_that_fills_up_later_costs_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics, file = RunMetrics(job="test"), tmp_path / "a.prom"
    called = threading.Event()
    with configured("json"):
        monkeypatch.setattr("prometheus_client.write_to_textfile", lambda *_: None)
        settings = MetricsSettings(file=str(file)).model_copy(update={"interval_seconds": 0.001})
        calls: list[int] = []

        def fail(*_: object) -> None:
            calls.append(1)
            if len(calls) == 1:
                return
            if len(calls) > 3:
                called.set()
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("prometheus_client.write_to_textfile", fail)
        with exported(settings, metrics):
            assert called.wait(60)
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["event"], "No space left" in line["message"]) == ("metrics_failed", True)


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes what OpenTelemetry sends."""
    bodies: list[bytes] = []

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/metrics"
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving(Handler) as url:
        yield url, bodies


def test_opentelemetry_gets_the_numbers_of_the_summary(
    collector: tuple[str, list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )

    url, bodies = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    summary = run(filtering(tmp_path, opentelemetry=True, labels={"task": "7"}))
    request = ExportMetricsServiceRequest.FromString(bodies[-1])
    (resource,) = request.resource_metrics
    attributes = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert attributes["service.name"] == "shardmill"
    values: Samples = {}
    for metric in resource.scope_metrics[0].metrics:
        data = metric.sum if metric.HasField("sum") else metric.gauge
        for point in data.data_points:
            labels = {each.key: each.value.string_value for each in point.attributes}
            assert (labels.pop("job_name"), labels.pop("task")) == ("test", "7")
            suffix = "_total" if metric.HasField("sum") else ""
            name = metric.name.replace(".", "_") + suffix
            number = point.as_double if point.HasField("as_double") else point.as_int
            values[name, tuple(labels.values())] = number
    check_against(values, summary)


def test_a_service_name_of_the_environment_is_kept(
    collector: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, bodies = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly-captions")
    with opentelemetry.sent_by_opentelemetry(RunMetrics(job="test"), {}):
        pass
    assert b"nightly-captions" in bodies[-1]


def test_a_collector_that_is_gone_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    assert run(filtering(tmp_path, opentelemetry=True)).units_here == 2
