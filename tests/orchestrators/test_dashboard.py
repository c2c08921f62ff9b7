"""The expressions of the dashboard and of the alerts have data in a real Prometheus."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest
from support import shardmill_process
from support.http_server import QuietHandler, serving
from support.object_servers import free_ports
from support.other_run import at_work, staying_at_work
from support.sample_data import job, pairs, write_shard

from pipelines.config.job import Job
from pipelines.operations.run import run

PROGRAM = shutil.which("prometheus")
MONITORING = Path(__file__).parents[2] / "examples/monitoring"
CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - {{job_name: node, static_configs: [{{targets: ["{exporter}"]}}]}}
"""
TRIES = 3000  # five times in a second
LATER = ("Outcomes",)  # panels whose numbers come with the end of a run


class Prometheus:
    """A running Prometheus."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = build_opener(ProxyHandler({}))

    def read(self, path: str) -> Any:
        with self._opener.open(f"{self._url}/api/v1/{path}", timeout=300) as answer:
            return json.load(answer)["data"]

    def ask(self, expression: str) -> list[Any]:
        """Evaluate an expression now; return its series."""
        found: list[Any] = self.read("query?" + urlencode({"query": expression}))["result"]
        return found

    def wait_for(self, expression: str) -> list[Any]:
        """Evaluate an expression until it has series."""
        for _ in range(TRIES):
            try:
                if found := self.ask(expression):
                    return found
            except OSError:  # it starts
                pass
            time.sleep(0.2)
        raise AssertionError(f"no data: {expression}")

    def health_of_rules(self) -> list[tuple[str, str]]:
        """Return health and last error of each rule, when all were evaluated."""
        for _ in range(TRIES):
            rules = self.read("rules")["groups"][0]["rules"]
            health = [(rule["health"], rule.get("lastError", "")) for rule in rules]
            if ("unknown", "") not in health:
                return health
            time.sleep(0.2)
        raise AssertionError("the rules were not evaluated")


@contextmanager
def prometheus(folder: Path, exporter: str) -> Iterator[Prometheus]:
    """Let Prometheus read an exporter each second, with the rules of the alerts."""
    folder.mkdir()
    rules = MONITORING / "alerts.yml"
    file, address = folder / "prometheus.yml", f"127.0.0.1:{free_ports()}"
    file.write_text(CONFIGURATION.format(rules=rules, exporter=exporter))
    words = [f"--config.file={file}", f"--storage.tsdb.path={folder}/data"]
    assert PROGRAM is not None
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, *words, f"--web.listen-address={address}"], stdout=log, stderr=log
        )
    try:
        yield Prometheus(f"http://{address}")
    finally:
        process.terminate()
        process.wait()


def expressions() -> list[tuple[str, str, str]]:
    """Return title, expression and legend of each series of the dashboard, for all jobs."""
    text = (MONITORING / "dashboard.json").read_text()
    panels = json.loads(text.replace("$job_name", ".*").replace("$__range", "6h"))["panels"]
    return [
        (panel["title"], target["expr"], target.get("legendFormat", ""))
        for panel in panels
        for target in panel["targets"]
    ]


def check_panels(asked: Prometheus, *, later: bool) -> None:
    """Check that the panels have data, with the labels of their legends."""
    for title, expression, legend in expressions():
        if (title in LATER) == later:
            for series in asked.wait_for(expression):
                assert set(re.findall(r"{{(\w+)}}", legend)) <= series["metric"].keys(), title


@pytest.fixture
def held(tmp_path: Path) -> Job:
    """A job of which another run holds a shard; one shard is damaged."""
    for number in range(4):
        write_shard(tmp_path / f"shards/{number}.tar", pairs(5, number))
    damaged = tmp_path / "shards/1.tar"
    damaged.write_bytes(damaged.read_bytes()[:3000])
    made = job(
        tmp_path,
        model=None,
        tasks={},
        filters=[{"kind": "image_size", "min_side": 500}],
        metrics={"file": f"{tmp_path}/run.prom", "interval_seconds": 1},
    )
    run(made, limit_units=1)
    at_work(made, "3")
    return made


@pytest.mark.skipif(PROGRAM is None, reason="NOT TESTED: apt-get install prometheus")
def test_every_panel_has_data_and_every_alert_is_evaluated(held: Job, tmp_path: Path) -> None:
    class Exporter(QuietHandler):
        """Shows the text file, as the node exporter does."""

        def do_GET(self) -> None:
            content = (tmp_path / "run.prom").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    (tmp_path / "job.yaml").write_text(held.model_dump_json(exclude_unset=True))
    with serving(Exporter) as url, prometheus(tmp_path / "server", url[7:]) as asked:
        with staying_at_work(held, "3"):
            process = shardmill_process.start(tmp_path / "job.yaml", Path(held.output))
            asked.wait_for("shardmill_claims_elsewhere == 1 and shardmill_other_runs == 1")
            asked.wait_for('shardmill_units_total{result="failed"} == 1')
            check_panels(asked, later=False)
        process.wait()
        check_panels(asked, later=True)
        assert asked.wait_for('sum(shardmill_claims_total{result="new"}) >= 2')
        assert asked.health_of_rules() == [("ok", "")] * 3
