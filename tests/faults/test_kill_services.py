"""Jobs that ask services are killed and resumed: nothing unjudged, nothing committed sent twice."""

import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.google_services import KEY, Asked, GoogleServices
from support.service_jobs import (
    KINDS,
    PRIVATE,
    SAMPLES,
    STATUS,
    filter_job,
    service_filter,
    stored_rows,
    write_shards,
)
from support.shardmill_process import Command

pytestmark = pytest.mark.faults
SHARDS = 4


def start(folder: Path) -> Command:
    words = ["shardmill", "run", str(folder / "job.yaml")]
    return Command(words, folder, {"PERSPECTIVE_API_KEY": KEY}, both=True)


def write_job(folder: Path, kind: str, services: GoogleServices, **settings: Any) -> None:
    content = filter_job(folder, service_filter(kind, services, **settings))
    with (folder / "job.yaml").open("w") as file:
        YAML(typ="safe", pure=True).dump(json.loads(json.dumps(content)), file)


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_is_killed_resumed_and_loses_its_quota(
    services: GoogleServices, tmp_path: Path, kind: str
) -> None:
    write_shards(tmp_path, SHARDS)
    write_job(tmp_path, kind, services)
    process = start(tmp_path)
    printed = process.wait()
    assert process.returncode == 0, printed
    whole = services.texts()
    per_shard = len(whole) // SHARDS
    (tmp_path / "output").rename(tmp_path / "whole")

    # Killed while the service holds a request of the third shard.
    services.reset()
    reached, answer = threading.Event(), threading.Event()

    def hold(asked: Asked) -> str:
        if len(services.texts()) > 2 * per_shard:
            reached.set()
            answer.wait(250)
        return ""

    services.answer_after = hold
    process = start(tmp_path)
    reached.wait()
    process.send_signal(signal.SIGKILL)
    process.wait()
    answer.set()
    assert process.returncode == -signal.SIGKILL
    assert len(stored_rows(tmp_path)) == 2 * SAMPLES
    sent = set(services.texts()[: 2 * per_shard])  # of the committed shards

    # Resumed, until the quota ends after the third shard.
    services.reset()
    left = set(whole) - sent

    def exhausted(asked: Asked) -> str:
        return "RESOURCE_EXHAUSTED" if len(set(services.texts())) > per_shard else ""

    services.answer_after = exhausted
    write_job(tmp_path, kind, services, deadline_seconds=20.0)
    process = start(tmp_path)
    printed = process.wait()
    assert process.returncode == 3, printed
    assert "service_quota_exhausted" in printed
    assert PRIVATE not in printed
    rows = stored_rows(tmp_path)
    assert len(rows) == 3 * SAMPLES
    assert not sent & set(services.texts())  # nothing committed is sent again
    third = services.texts()[:per_shard]

    # Resumed with a quota.
    services.reset()
    process = start(tmp_path)
    printed = process.wait()
    assert process.returncode == 0, printed
    assert sorted(map(str, services.texts())) == sorted(map(str, left - set(third)))
    rows = stored_rows(tmp_path)
    assert len(rows) == SHARDS * SAMPLES
    assert {row["status"] for row in rows if row["index"] == 2} == {STATUS[kind]}
    assert {row["status"] for row in rows if row["index"] != 2} == {"kept"}
    for path in (tmp_path / "output").rglob("*"):
        assert path.is_dir() or PRIVATE.encode() not in path.read_bytes()
