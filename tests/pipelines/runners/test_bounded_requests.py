"""All runners keep the bound of requests to a service, and write the same bytes in the end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.google_services import GoogleServices
from support.sample_data import job
from support.service_jobs import service_filter, write_shards

from pipelines.operations.run import run

pytestmark = pytest.mark.faults

KIND, SHARDS, BOUND = "text_safety_google", 6, 20
RUNNERS: Mapping[str, dict[str, Any]] = {
    "local": {"kind": "local"},
    "local, 2 workers": {"kind": "local", "workers": 2},
    "ray": {"kind": "ray", "workers": 2},
    "beam": {"kind": "beam"},
}


def files(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.glob("*.parquet")}


@pytest.mark.usefixtures("ray_session")
def test_runners_keep_the_bound_and_write_the_same_bytes(
    services: GoogleServices, tmp_path: Path
) -> None:
    write_shards(tmp_path, SHARDS)
    keys: dict[str, Any] = {
        "model": None,
        "tasks": {},
        "input": {"shards": f"{tmp_path}/shards/*.tar"},
        "max_error_rate": 1.0,
    }
    whole = job(tmp_path / "whole", filters=[service_filter(KIND, services)], **keys)
    assert run(whole).outcome == "complete"
    assert len(services.asked) > BOUND
    expected = files(tmp_path / "whole/output")
    assert len(expected) == SHARDS
    for name, runner in RUNNERS.items():
        services.reset()
        bounded = service_filter(KIND, services, max_requests=BOUND)
        first = run(job(tmp_path / name, filters=[bounded], runner=runner, **keys))
        assert first.outcome == "failed", name
        assert 0 < len(services.asked) <= BOUND, name
        assert files(tmp_path / name / "output").items() < expected.items(), name
        raised = service_filter(KIND, services, max_requests=100 * BOUND)
        again = run(job(tmp_path / name, filters=[raised], runner=runner, **keys))
        assert again.outcome == "complete", name
        assert files(tmp_path / name / "output") == expected, name
