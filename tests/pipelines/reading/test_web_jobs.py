"""Whole jobs over shards of a web server, by http and https, give the rows of local shards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.certificates import tls_of_this_machine
from support.sample_data import images_column, job, pairs, parquet_bytes, tar_bytes
from support.web_server import WebServer, web_server

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.status import status
from pipelines.operations.verify import verify
from pipelines.planning.plan import plan
from schemas.errors import JobError, WorkerFault

FILTERS = [{"kind": "text_quality", "min_words": 2}]
NAMES = ("0.tar", "1.tar", "2.tar", "3.parquet")


def shards() -> dict[str, bytes]:
    members = list(pairs(3, 9))
    columns = {
        "image": images_column([content for name, content in members if name.endswith("jpg")]),
        "txt": [content.decode() for name, content in members if name.endswith("txt")],
    }
    tars = {f"/{n}.tar": tar_bytes(pairs(3, n)) for n in range(3)}
    return tars | {"/3.parquet": parquet_bytes(columns)}


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server(shards()) as served:
        yield served


def over(server: WebServer, folder: Path, **storage: Any) -> Job:
    patience = {"retry_seconds": 0, "read_seconds": 120, **storage}
    kind = server.url.partition("://")[0]
    given = {"shards": [f"{server.url}/{{0..2}}.tar", f"{server.url}/3.parquet"], "text": "txt"}
    keys: dict[str, Any] = {"filters": FILTERS, "storage": {f"{kind}://": patience}}
    return job(folder, model=None, tasks={}, input=given, **keys)


def rows(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "output").glob("*.parquet"))}


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, bytes]:
    """The files of the job over local copies of the shards."""
    folder = tmp_path / "local"
    (folder / "shards").mkdir(parents=True)
    for name, content in shards().items():
        (folder / f"shards{name}").write_bytes(content)
    given = {"shards": [f"{folder}/shards/{name}" for name in NAMES], "text": "txt"}
    made = job(folder, model=None, tasks={}, input=given, filters=FILTERS)
    assert run(made).outcome == "complete"
    return rows(folder)


def test_a_job_runs_and_goes_on_where_it_ended(
    server: WebServer, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    made = over(server, tmp_path)
    assert run(made, limit_units=2).outcome == "partial"
    first = rows(tmp_path)
    assert len(first) == 2
    assert first.items() <= expected.items()
    server.requests.clear()
    assert run(made).outcome == "complete"
    assert rows(tmp_path) == expected
    assert {each.path for each in server.gets()} == {"/2.tar", "/3.parquet"}
    assert verify(made.output).problems == ()
    assert status(made.output).complete


def test_a_job_over_https_trusts_the_authorities_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, bytes]
) -> None:
    tls, trusted = tls_of_this_machine(tmp_path)
    with web_server(shards(), tls) as server, pytest.raises((JobError, OSError)):
        run(over(server, tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with web_server(shards(), tls) as server:
        assert server.url.startswith("https://")
        assert run(over(server, tmp_path)).outcome == "complete"
    assert rows(tmp_path) == expected


@pytest.mark.parametrize(
    "habits",
    [
        {"heads": False},
        {"e_tag": None},
        {"redirects": {f"/{name}": f"/moved/{name}" for name in NAMES}},
        {"piece": 500, "pause": 0.005},
    ],
    ids=str,
)
def test_a_job_over_servers_of_other_habits(
    server: WebServer, tmp_path: Path, expected: dict[str, bytes], habits: dict[str, Any]
) -> None:
    for name, value in habits.items():
        setattr(server, name, value)
    if "redirects" in habits:
        server.files = {f"/moved{name}": content for name, content in server.files.items()}
    assert run(over(server, tmp_path)).outcome == "complete"
    assert rows(tmp_path) == expected


def test_without_ranges_tars_are_read_and_a_parquet_file_fails_alone(
    server: WebServer, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    server.ranges = False
    made = over(server, tmp_path)
    assert (run(made).outcome, run(made).failed) == ("failed", ("3",))
    assert status(made.output).failures[0].error == "shard_read_failed"
    assert rows(tmp_path) == {k: v for k, v in expected.items() if k != "3.parquet"}


def test_a_committed_shard_that_changed_is_found_and_another_is_read_anew(
    server: WebServer, tmp_path: Path
) -> None:
    made = over(server, tmp_path)
    run(made, limit_units=1)
    before = rows(tmp_path)
    for number in (0, 1):
        server.files[f"/{number}.tar"] = tar_bytes(pairs(4, 7))
        server.e_tags[f"/{number}.tar"] = '"2"'
    assert plan(made).changed == ("0.tar",)
    summary = run(made)
    assert (summary.changed, summary.units_committed) == (("0.tar",), 4)
    assert rows(tmp_path).items() >= before.items()
    assert summary.counts is not None
    assert summary.counts.read == 3 + 4 + 3 + 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda server: server.files.pop("/1.tar"), "shard_missing"),
        (lambda server: server.e_tags.update({"/1.tar": '"2"'}), "shard_changed"),
        (lambda server: server.statuses.update({"/1.tar": 403}), "shard_permission_denied"),
    ],
)
def test_a_shard_that_is_lost_during_the_run_fails_alone(
    server: WebServer, tmp_path: Path, expected: dict[str, bytes], change: Any, reason: str
) -> None:
    made = over(server, tmp_path)
    summary = run(made, on_plan=lambda _: change(server))
    assert (summary.outcome, summary.failed) == ("failed", ("1",))
    (failure,) = status(made.output).failures
    assert failure.error == reason
    assert rows(tmp_path) == {k: v for k, v in expected.items() if k != "1.parquet"}
    server.files = shards()
    server.e_tags, server.statuses = {}, {}
    assert run(made).outcome == "complete"
    assert rows(tmp_path) == expected


def test_a_shard_that_is_missing_at_the_plan_is_named(server: WebServer, tmp_path: Path) -> None:
    del server.files["/1.tar"]
    with pytest.raises(JobError, match=r"input\.shards: .*/1\.tar not found"):
        run(over(server, tmp_path))


def test_a_server_that_goes_silent_is_the_machines_fault(server: WebServer, tmp_path: Path) -> None:
    made = over(server, tmp_path, read_seconds=1)

    def silence(_: object) -> None:
        server.piece, server.pause = 100, 30

    with pytest.raises(WorkerFault):
        run(made, on_plan=silence)
    assert rows(tmp_path) == {}
    server.pause = 0
    assert run(over(server, tmp_path)).outcome == "complete"  # however busy the machine is
