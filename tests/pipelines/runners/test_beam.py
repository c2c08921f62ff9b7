"""The Beam runner writes the same bytes and reports as the local runner."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal

import apache_beam as beam
import pytest
import support.hostile_shards as hostile
from apache_beam.options.pipeline_options import PipelineOptions
from support import yaml_job
from support.sample_data import TASKS, job, pairs, write_shard
from typer.testing import CliRunner

from filters import TextFilter
from filters.base import Judge
from pipelines.cli.main import app
from pipelines.config.job import Job
from pipelines.config.runners import BeamRunnerConfig
from pipelines.operations.finish import finish
from pipelines.operations.run import run
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import plan
from pipelines.runners import beam_step
from pipelines.runners.beam import annotate_units
from pipelines.runners.beam_step import COMMITTED, FAILED, AnnotateUnit
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError, WorkerFault
from schemas.report import UnitReport
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, keep

SECRET = "555-0123"
FILTERS = [{"kind": "image_size", "min_side": 1}, {"kind": "text_quality", "min_words": 2}]


class QuotingFilter(TextFilter):
    """Raises an error that quotes the text."""

    kind: str = "quoting"
    fields: ClassVar[Literal["prose", "all"]] = "prose"

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        raise ValueError(items[0].value)


class BlockingFilter(TextFilter):
    """Keeps one batch at once; blocks in the next batch until the run is interrupted."""

    kind: str = "blocking"
    fields: ClassVar[Literal["prose", "all"]] = "prose"
    judged: ClassVar[list[int]] = []

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        self.judged.append(len(items))
        while len(self.judged) > 1 and not beam_step._abandoned:
            time.sleep(0.01)
        return [keep() for _ in items]


@pytest.fixture(scope="module")
def job_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start Beam's own job server, which runs portable pipelines; yield its address."""
    module = "apache_beam.runners.portability.local_job_service_main"
    folder = tmp_path_factory.mktemp("server")
    port = folder / "port"
    with (folder / "log").open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", module, "--port=0", f"--port_file={port}"],
            stdout=output,
            stderr=output,
        )
    while not port.exists():
        assert server.poll() is None, (folder / "log").read_text()
        time.sleep(0.01)
    yield f"localhost:{port.read_text()}"
    server.terminate()
    server.wait()


PROCESSES = pytest.param("processes", marks=pytest.mark.faults)


@pytest.fixture(params=["memory", PROCESSES, "portable"])
def runner(request: pytest.FixtureRequest) -> dict[str, Any]:
    options = {
        "memory": [],
        "processes": ["--direct_running_mode=multi_processing", "--direct_num_workers=2"],
        "portable": ["--runner=PortableRunner", "--environment_type=LOOPBACK"],
    }[request.param]
    if request.param == "portable":
        options.append(f"--job_endpoint={request.getfixturevalue('job_server')}")
    return {"kind": "beam", "options": options}


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Write clean, hostile and cut shards, one of them in a subfolder."""
    folder = tmp_path / "shards"
    for seed, (name, samples) in enumerate({"a": 2, "deep/b": 5, "c": 0}.items()):
        write_shard(folder / f"{name}.tar", pairs(samples, seed))
    (folder / "evil.tar").write_bytes(hostile.tar()[0])
    (folder / "evil_too.parquet").write_bytes(hostile.parquet()[0])
    (folder / "cut.tar").write_bytes((folder / "deep/b.tar").read_bytes()[:3000])
    return tmp_path


def filter_job(folder: Path, name: str, **keys: Any) -> Job:
    """Make a job that filters all shards, with at most 40 samples in an output file."""
    patterns = [f"{folder}/shards/**/*.tar", f"{folder}/shards/*.parquet"]
    reads = {"shards": patterns, "carry": ["json:url"], "max_samples_per_file": 40}
    keys = {"input": reads, "filters": FILTERS, **keys}
    return job(folder, model=None, tasks={}, output=f"{folder}/{name}", **keys)


def snapshot(folder: Path) -> dict[str, bytes]:
    """Read all files except job.record (it names output and runner), and those of runs."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)): path for path in files}
    return {
        name: path.read_bytes()
        for name, path in names.items()
        if not name.startswith(
            tuple(f"_shardmill/{each}" for each in ("runs/", "counts/", "job.record", "failed/"))
        )
    }


def by_unit(reports: Sequence[UnitReport]) -> dict[str, tuple[str, str, int]]:
    return {report.unit: (report.status, report.error, report.counts.read) for report in reports}


def test_the_output_and_the_reports_are_the_local_runners(
    shards: Path, runner: dict[str, Any]
) -> None:
    here: list[UnitReport] = []
    there: list[UnitReport] = []
    expected = run(filter_job(shards, "local"), on_report=here.append)
    summary = run(filter_job(shards, "beam", runner=runner), on_report=there.append)
    assert expected.failed == ("cut",)
    assert len(snapshot(shards / "local")) >= 10  # includes parts of the hostile shards
    assert snapshot(shards / "beam") == snapshot(shards / "local")
    assert by_unit(there) == by_unit(here)
    for field in ("outcome", "failed", "units_here", "counts_here", "counts", "scores_here"):
        assert getattr(summary, field) == getattr(expected, field), field


def test_answers_are_the_local_runners(tmp_path: Path, checkpoint: Path) -> None:
    for unit in range(2):
        write_shard(tmp_path / f"shards/{unit}.tar", pairs(5, unit))
    asked = {"filters": FILTERS, "tasks": TASKS}
    run(job(tmp_path, checkpoint, **asked, output=f"{tmp_path}/local"))
    beam_job = job(tmp_path, checkpoint, **asked, runner={"kind": "beam"})
    assert run(beam_job).outcome == "complete"
    assert snapshot(tmp_path / "output") == snapshot(tmp_path / "local")


def test_beam_continues_an_output_that_the_local_runner_began(shards: Path) -> None:
    run(filter_job(shards, "local"))
    run(filter_job(shards, "beam"), limit_units=2)
    (shards / "beam/deep").mkdir(exist_ok=True)
    for begun in ("evil.00000", "evil.00001"):
        name = f"{begun}.parquet"
        (shards / "beam" / name).write_bytes((shards / "local" / name).read_bytes())
    summary = run(filter_job(shards, "beam", runner={"kind": "beam"}))
    assert snapshot(shards / "beam") == snapshot(shards / "local")
    assert summary.counts == run(filter_job(shards, "local")).counts


def test_no_unit_and_one_unit(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(2))
    made = job(tmp_path, model=None, tasks={}, filters=FILTERS, runner={"kind": "beam"})
    assert run(made, choose=lambda _: ()).units_committed == 0
    assert run(made).outcome == "complete"
    (tmp_path / "output/_SUCCESS").unlink()
    assert run(made).units_here == 0
    assert (tmp_path / "output/_SUCCESS").exists()


class RecordingStorage(LocalStorage):
    """Records the names of opened and written files."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.written: list[str] = []

    def open(self, path: str, version: str = "") -> BinaryIO:
        stream = super().open(path, version)
        self.opened.append(Path(path).name)
        return stream

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        self.written.append(path)
        return super().write(path, content, durable)


@pytest.mark.parametrize("size", [10, 2])
@pytest.mark.parametrize("earlier", [False, True])
def test_a_retried_bundle_opens_no_shard(tmp_path: Path, size: int, earlier: bool) -> None:
    """A unit with one file and one with several, finished by this run or known from earlier."""
    write_shard(tmp_path / "shards/a.tar", pairs(3))
    reads = {"shards": f"{tmp_path}/shards/*.tar", "max_samples_per_file": size}
    made = job(tmp_path, model=None, tasks={}, filters=FILTERS, input=reads)
    planned = plan(made)
    (unit,) = planned.units
    if earlier:
        run(made)
    else:
        begin_output(planned, LocalStorage())
        first = AnnotateUnit(planned.work, LocalStorage(), "run")
        first.setup()
        (report,) = first.process((unit, None))
        assert len(report.files) == (1 if size == 10 else 2)
    storage = RecordingStorage()
    step = AnnotateUnit(planned.work, storage, "run")
    step.setup()
    assert list(step.process((unit, 0 if earlier else None))) == []
    assert storage.written == []
    assert not [name for name in storage.opened if name.endswith(".tar")]


def test_no_marker_of_a_unit_with_several_files_stays(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(3))
    reads = {"shards": f"{tmp_path}/shards/*.tar", "max_samples_per_file": 2}
    more: dict[str, Any] = {"input": reads, "runner": {"kind": "beam"}}
    made = job(tmp_path, model=None, tasks={}, filters=FILTERS, **more)
    assert run(made).units_committed == 1
    assert not [path for path in tmp_path.glob("output/_shardmill/attempts/*") if path.is_file()]


def test_reports_come_out_by_status_and_are_counted(shards: Path) -> None:
    made = filter_job(
        shards, "output", runner={"kind": "beam", "resource_hints": {"min_ram": "1GB"}}
    )
    planned = plan(made)
    storage = LocalStorage()
    begin_output(planned, storage)
    assert isinstance(made.runner, BeamRunnerConfig)
    pipeline = beam.Pipeline(options=PipelineOptions())
    step = AnnotateUnit(planned.work, storage, "run")
    elements = [(unit, None) for unit in planned.units]
    outputs = annotate_units(pipeline, elements, step, made.runner)
    names = {tag: shards / tag for tag in (COMMITTED, FAILED)}
    for tag, path in names.items():
        units = outputs[tag] | f"Name {tag}" >> beam.Map(lambda report: report.unit)
        _ = units | f"Write {tag}" >> beam.io.WriteToText(str(path), shard_name_template="")
    result = pipeline.run()
    result.wait_until_finish()
    assert names[FAILED].read_text().split() == ["cut"]
    whole = {unit.name for unit in planned.units} - {"cut"}
    assert set(names[COMMITTED].read_text().split()) == whole
    metrics = result.metrics().query()
    counters = {entry.key.metric.name: entry.committed for entry in metrics["counters"]}
    assert (counters["units_committed"], counters["units_failed"]) == (7, 1)
    kinds = ("kept", "dropped", "quarantined", "invalid")
    assert sum(counters[f"samples_{kind}"] for kind in kinds) == counters["samples_read"] > 50
    assert counters["reason_invalid/image_missing"] > 0
    distributions = {entry.key.metric.name: entry.committed for entry in metrics["distributions"]}
    assert distributions["unit_samples"].count == 8


def test_the_output_of_a_lost_driver_can_be_finished(shards: Path) -> None:
    made = filter_job(shards, "output", runner={"kind": "beam"})
    planned = plan(made)
    storage = LocalStorage()
    begin_output(planned, storage)
    step = AnnotateUnit(planned.work, storage, "run")
    step.setup()
    reports = {unit.name: list(step.process((unit, None))) for unit in planned.units}
    assert len(reports) == 8
    left = shards / "output/_shardmill/reports"
    assert len(list(left.rglob("*.record"))) == 8
    summary = finish(f"{shards}/output")
    assert (summary.outcome, summary.failed, summary.units_committed) == ("failed", ("cut",), 7)
    again: list[UnitReport] = []
    run(made, on_report=again.append)
    assert [report.unit for report in again] == ["cut"]  # reports of the lost run are deleted
    assert not list(left.rglob("*.record"))


@pytest.mark.parametrize(
    "runner", ["memory", "portable"], indirect=True
)  # their workers can import this file
def test_a_worker_fault_ends_the_run_and_charges_no_unit(
    tmp_path: Path, runner: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    text = f"call {SECRET}".encode()
    write_shard(tmp_path / "shards/a.tar", [*list(pairs(1))[:1], ("000000.txt", text)])
    made = job(tmp_path, model=None, tasks={}, filters=[QuotingFilter()], runner=runner)
    with pytest.raises(WorkerFault, match=r"^ValueError in judge \(test_beam.py:\d+\)$"):
        run(made)
    assert not (tmp_path / "output/_shardmill/failed").exists()
    assert not list((tmp_path / "output").glob("*.parquet"))
    assert SECRET not in "".join(capfd.readouterr())


def test_an_interrupted_run_releases_its_unit_and_can_be_continued(tmp_path: Path) -> None:
    for unit in range(3):
        write_shard(tmp_path / f"shards/{unit}.tar", pairs(2, unit))
    runner = {"kind": "beam"}
    made = job(tmp_path, model=None, tasks={}, filters=[BlockingFilter()], runner=runner)

    def interrupt(_: UnitReport) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(made, on_report=interrupt)
    assert len(list((tmp_path / "output").glob("*.parquet"))) == 1
    assert not list((tmp_path / "output/_shardmill/attempts").iterdir())
    assert run(made).units_here == 2
    assert (tmp_path / "output/_SUCCESS").exists()


def test_options_that_beam_refuses(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(1))
    wrong = {"kind": "beam", "options": ["--direct_num_workers=several"]}
    made = job(tmp_path, model=None, tasks={}, filters=FILTERS, runner=wrong)
    with pytest.raises(JobError, match=r"^runner\.options: Beam does not take them"):
        run(made)


def test_without_beam_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(1))
    made = job(tmp_path, model=None, tasks={}, filters=FILTERS, runner={"kind": "beam"})
    monkeypatch.delitem(sys.modules, "pipelines.runners.beam")
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(JobError, match="pip install 'apache-beam"):
        run(made)


def test_options_after_two_dashes_go_to_beam(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(1))
    job_file = yaml_job.write(tmp_path / "job.yaml", tmp_path / "shards", checkpoint)

    def call(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["run", str(job_file), *arguments])
        assert result.exit_code == 2
        return result.stderr

    wrong = "--direct_num_workers=several"
    assert "only runner: {kind: beam} takes options after --" in call("--", wrong)
    assert "Beam does not take them" in call("--set", "runner={kind: beam}", "--", wrong)
