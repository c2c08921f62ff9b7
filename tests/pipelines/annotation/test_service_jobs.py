"""Jobs with filters that ask services: nothing passes unjudged or is sent twice."""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support import starters
from support.google_services import KEY, GoogleServices
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

from pipelines.config.job import Job
from pipelines.display.plan_table import plan_table
from pipelines.logs.configuration import configured
from pipelines.operations.run import run
from pipelines.planning.first_shard import look_at_first_shard
from pipelines.planning.plan import plan
from pipelines.planning.service_uses import service_uses
from schemas.errors import JobError


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSPECTIVE_API_KEY", KEY)
    monkeypatch.setattr("filters.services.requests._FIRST_PAUSE", 0.01)


def job(folder: Path, *filters: dict[str, Any], **keys: Any) -> Job:
    content = filter_job(folder, *filters, **keys)
    return Job.model_validate_json(json.dumps(content), strict=True)


def redactions(row: dict[str, Any]) -> dict[str, int]:
    return {each["infotype"]: each["count"] for each in row["redactions"]}


def assert_judged(folder: Path, kind: str, shards: int) -> None:
    """Every sample is judged; the bad ones are what the service says."""
    found = stored_rows(folder)
    assert len(found) == shards * SAMPLES
    for row in found:
        is_bad = row["index"] == 2
        assert row["status"] == (STATUS[kind] if is_bad else "kept")
        scores = {each["name"]: each["value"] for each in row["scores"]}
        assert scores or kind == "personal_data_dlp"
        if kind == "personal_data_dlp" and is_bad:
            assert row["source_text"].endswith("mail [EMAIL_ADDRESS]")
            assert redactions(row) == {"EMAIL_ADDRESS": 1}
            assert scores == {"personal_data_dlp.matches": 1}
    content = b"".join(
        path.read_bytes() for path in (folder / "output").rglob("*") if path.is_file()
    )
    assert PRIVATE.encode() not in content


@pytest.mark.parametrize("kind", KINDS)
def test_a_quota_fails_units_and_the_next_run_sends_only_those(
    services: GoogleServices,
    tmp_path: Path,
    kind: str,
    *,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_shards(tmp_path, 3)
    whole = run(job(tmp_path, service_filter(kind, services), output=f"{tmp_path}/whole"))
    assert whole.outcome == "complete"
    once = sorted(map(str, services.texts()))
    services.reset()

    stopping = job(tmp_path, service_filter(kind, services, deadline_seconds=60.0))

    def exhausted(asked: Any) -> str:
        items = {*map(str, asked.items)}
        return "RESOURCE_EXHAUSTED" if items & set(once) - set(seen) else ""

    per_shard = len(once) // 3
    seen = [
        str(item)
        for item in run_first_shard(job(tmp_path, service_filter(kind, services)), services)
    ]
    assert len(seen) == per_shard
    services.answer_after = exhausted
    with configured("text"), monkeypatch.context() as patch:
        patch.setattr("filters.services.requests._FIRST_PAUSE", 300.0)  # longer than the deadline
        summary = run(stopping)
    assert summary.failed == ("001", "002")
    assert summary.outcome == "failed"
    errors = capsys.readouterr().err
    assert f"filter {kind}: the service did not judge: service_quota_exhausted" in errors
    assert PRIVATE not in errors
    assert len(stored_rows(tmp_path)) == SAMPLES
    failed = json.loads(Path(plan(stopping).work.layout.failed("001")).read_text())
    assert (failed["error"], failed["offset"]) == ("service_quota_exhausted", None)

    services.reset()
    assert run(job(tmp_path, service_filter(kind, services))).outcome == "complete"
    assert sorted([*seen, *map(str, services.texts())]) == once  # nothing committed was sent again
    assert_judged(tmp_path, kind, 3)


def run_first_shard(whole: Job, services: GoogleServices) -> list[Any]:
    run(whole, limit_units=1)
    return services.texts()


def test_the_bound_of_requests_stops_a_run_and_may_change(
    services: GoogleServices, tmp_path: Path
) -> None:
    write_shards(tmp_path, 3)
    kind = "text_safety_google"
    bounded = run(job(tmp_path, service_filter(kind, services, max_requests=8)))
    assert bounded.failed == ("001", "002")
    assert len(services.asked) == 8
    before = plan(job(tmp_path, service_filter(kind, services))).work.fingerprint
    more = {"max_requests": 100, "requests_per_minute": 6000.0, "concurrency": 2}
    changed = job(tmp_path, service_filter(kind, services, **more))
    assert plan(changed).work.fingerprint == before
    assert run(changed).outcome == "complete"
    assert_judged(tmp_path, kind, 3)
    other = job(tmp_path, service_filter(kind, services, model_version=1))
    with pytest.raises(
        JobError, match=r"was begun with filters\.0\.model_version = 2, now it is 1"
    ):
        plan(other)


def test_missing_rights_end_the_run_as_the_users_mistake(
    services: GoogleServices, tmp_path: Path
) -> None:
    write_shards(tmp_path, 2)
    services.fail("PERMISSION_DENIED", 100)
    with pytest.raises(JobError, match=r"image_safety_google: .*PERMISSION_DENIED"):
        run(job(tmp_path, service_filter("image_safety_google", services)))
    assert stored_rows(tmp_path) == []


def test_findings_of_rules_and_service_are_united(services: GoogleServices, tmp_path: Path) -> None:
    write_shards(tmp_path, 1)
    rules = {"kind": "personal_data", "infotypes": ["EMAIL_ADDRESS"]}
    run(job(tmp_path, rules, service_filter("personal_data_dlp", services)))
    assert not any(PRIVATE in text for text in services.texts())
    bad = stored_rows(tmp_path)[2]
    assert bad["source_text"].endswith("mail [EMAIL_ADDRESS]")
    assert redactions(bad) == {"EMAIL_ADDRESS": 1}


def test_filters_from_sends_what_is_decided_otherwise_alone(
    services: GoogleServices, tmp_path: Path
) -> None:
    write_shards(tmp_path, 2)
    kind = "text_safety_google"
    run(job(tmp_path, service_filter(kind, services)))
    services.reset()
    later = {"filters_from": f"{tmp_path}/output", "output": f"{tmp_path}/later"}
    strict = {"drop_at": {"insult": 0.9}, "quarantine_at": {"insult": 0.5}, "concurrency": 2}
    run(job(tmp_path, service_filter(kind, services, **strict), **later))
    assert len(services.texts()) == 2  # dropped by the stored scores before, now quarantined
    services.reset()
    statuses = [row["status"] for row in stored_rows(tmp_path, "later")]
    assert statuses.count("quarantined") == 2
    again = service_filter(kind, services, max_requests=1, concurrency=3)
    sizes = {"kind": "image_size", "min_side": 8}
    run(job(tmp_path, again, sizes, **{**later, "output": f"{tmp_path}/third"}))
    assert services.asked == []


@pytest.mark.parametrize(
    ("kind", "requests"),
    [
        ("personal_data_dlp", 1),
        ("text_safety_google", 36),
        ("toxicity_perspective", 36),
        ("image_safety_google", 2),
    ],
)
def test_plan_says_what_leaves_this_machine_and_asks_nothing(
    services: GoogleServices, tmp_path: Path, kind: str, requests: int
) -> None:
    write_shards(tmp_path, 3)
    planned = plan(job(tmp_path, service_filter(kind, services, max_requests=50)))
    given = planned.work.input
    first = look_at_first_shard(planned.units, given, planned.work.job.open_storage())
    (use,) = service_uses(planned, first)
    assert use.requests is not None
    assert requests <= use.requests <= 2 * requests  # headers of a tar count as bytes of samples
    console = Console(width=300)
    with console.capture() as captured:
        console.print(plan_table(planned, first))
    sent = "images" if kind == "image_safety_google" else "texts"
    assert f"{kind}: {sent} leave this machine: they are sent to Google (" in captured.get()
    assert "at most 50 for the output, by all its runs and workers" in captured.get()
    assert services.asked == []
    assert service_uses(planned, None)[0].requests is None


def test_workers_runs_and_starters_share_one_bound(
    services: GoogleServices, tmp_path: Path
) -> None:
    write_shards(tmp_path, 8)
    kind = "text_safety_google"
    bounded = job(tmp_path, service_filter(kind, services, max_requests=20), runner={"workers": 2})
    started = [starters.start(bounded) for _ in range(2)]
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [starters.INCOMPLETE] * 2
    assert 0 < len(services.asked) <= 20
    run(bounded)
    run(bounded)  # later runs go on counting
    assert len(services.asked) == 20
    raised = service_filter(kind, services, max_requests=1000)
    assert run(job(tmp_path, raised, runner={"workers": 2})).outcome == "complete"
    assert_judged(tmp_path, kind, 8)
