"""Planning and a run with nothing to do open every output once."""

from pathlib import Path

import pytest
from support.counting_storage import CountingStorage
from support.sample_data import job, pairs, write_shard

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.output import output as outputs
from pipelines.output.layout import Layout
from pipelines.planning.plan import plan, plan_without_output
from pipelines.storage.local import LocalStorage

FILTERS = [{"kind": "text_quality", "min_words": 2}]


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> CountingStorage:
    """The storage of all outputs that are opened by their path alone."""
    counting = CountingStorage(LocalStorage())
    monkeypatch.setattr(outputs, "STORAGE", counting)
    monkeypatch.setattr(Job, "open_storage", lambda _: counting)
    return counting


@pytest.fixture
def filtered(tmp_path: Path) -> Path:
    """A finished output of a job that filters two shards."""
    for name in ("a", "b"):
        write_shard(tmp_path / f"shards/{name}.tar", pairs(2))
    output = tmp_path / "filtered"
    filtering = job(tmp_path, model=None, tasks={}, filters=FILTERS, output=str(output))
    assert run(filtering).outcome == "complete"
    return output


@pytest.fixture
def taking(filtered: Path, tmp_path: Path, checkpoint: Path) -> Job:
    return job(tmp_path, checkpoint, filters=FILTERS, filters_from=str(filtered))


def calls_of_one_look(output: Path) -> dict[tuple[str, str], int]:
    layout = Layout(str(output))
    (manifest,) = (output / "_shardmill").glob("manifest.*.shards")
    opened = (layout.record(0), layout.manifest(manifest.name))
    listed = (layout.control, layout.root)
    return {**{("list", path): 1 for path in listed}, **{("open", path): 1 for path in opened}}


def calls_below(folder: Path, counting: CountingStorage) -> dict[tuple[str, str], int]:
    """The calls for an output, without those for shards."""
    calls = counting.calls.items()
    return {call: number for call, number in calls if call[1].startswith(str(folder))}


def test_a_new_plan_opens_the_earlier_output_once(
    taking: Job, filtered: Path, counting: CountingStorage
) -> None:
    assert plan(taking).is_new
    assert calls_below(filtered, counting) == calls_of_one_look(filtered)


def test_a_preview_opens_the_earlier_output_once(
    taking: Job, filtered: Path, counting: CountingStorage
) -> None:
    plan_without_output(taking)
    assert calls_below(filtered, counting) == calls_of_one_look(filtered)


def test_a_plan_of_a_begun_output_opens_both_outputs_once(
    taking: Job, filtered: Path, tmp_path: Path, counting: CountingStorage
) -> None:
    run(taking, limit_units=1)
    counting.calls.clear()
    own = CountingStorage(LocalStorage())
    assert len(plan(taking, own).pending) == 1
    assert calls_below(filtered, counting) == calls_of_one_look(filtered)
    output = tmp_path / "output"
    assert calls_below(output, own) == calls_of_one_look(output)


def test_a_run_of_a_finished_job_opens_its_output_once(
    taking: Job, filtered: Path, tmp_path: Path, counting: CountingStorage
) -> None:
    first = run(taking)
    counting.calls.clear()
    own = CountingStorage(LocalStorage())
    summary = run(taking, storage=own)
    assert (summary.outcome, summary.counts) == ("complete", first.counts)
    output = tmp_path / "output"
    (counts,) = (output / "_shardmill/counts").iterdir()
    # Nothing is written.
    assert calls_below(output, own) == {
        **calls_of_one_look(output),
        ("open", str(counts)): 1,
    }
    assert calls_below(filtered, counting) == calls_of_one_look(filtered)
