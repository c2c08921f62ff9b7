"""Shards that are touched, replaced, repaired, moved or deleted between two runs."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.sample_data import images_column, job, jpeg, pairs, parquet_bytes, write_shard

from pipelines.config.job import Job
from pipelines.operations.finish import finish
from pipelines.operations.retry import find_retry, retry
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.planning.plan import plan
from pipelines.storage.local import LocalStorage
from schemas.report import Summary

FILTERS = [{"kind": "text_quality", "min_words": 2}]
PART = 2


@pytest.fixture
def two(tmp_path: Path) -> Job:
    """A job without a model over a.tar, which becomes two parts, and b.tar."""
    write_shard(tmp_path / "shards/a.tar", pairs(3))
    write_shard(tmp_path / "shards/b.tar", pairs(2, 1))
    return filtering(tmp_path)


def filtering(folder: Path, shards: str = "shards/*.tar", **keys: object) -> Job:
    given = {"shards": str(folder / shards), "max_samples_per_file": PART, **keys}
    return job(folder, model=None, tasks={}, filters=FILTERS, input=given)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "output").glob("*.parquet")}


def make_changed_again(folder: Path) -> Summary:
    return retry(find_retry(str(folder / "output"), changed=True))


def test_a_new_time_of_modification_changes_nothing(two: Job, tmp_path: Path) -> None:
    run(two)
    before = files(tmp_path)
    for name in ("a", "b"):
        os.utime(tmp_path / f"shards/{name}.tar", (0, 0))
    summary = run(two)
    assert (summary.outcome, summary.changed, summary.units_here) == ("complete", (), 0)
    assert files(tmp_path) == before


def test_the_folder_of_the_project_may_be_renamed(
    two: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    shutil.move(tmp_path / "shards", project / "shards")
    monkeypatch.chdir(project)
    keys = {"input": {"shards": "shards/*.tar"}, "output": "output"}
    relative = job(project, model=None, tasks={}, filters=FILTERS, **keys)
    run(relative, limit_units=1)
    monkeypatch.chdir(project.rename(tmp_path / "renamed"))
    assert run(relative).outcome == "complete"
    assert verify("output").problems == ()


def test_a_changed_shard_with_committed_rows_is_named_and_made_again_on_request(
    two: Job, tmp_path: Path
) -> None:
    run(two)
    before = files(tmp_path)
    write_shard(tmp_path / "shards/a.tar", pairs(5, 7))
    summary = run(two)
    assert (summary.changed, summary.units_here) == (("a.tar",), 0)
    assert files(tmp_path) == before
    summary = make_changed_again(tmp_path)
    assert (summary.outcome, summary.changed, summary.units_here) == ("complete", (), 1)
    assert verify(str(tmp_path / "output")).problems == ()
    assert summary.counts is not None
    assert summary.counts.read == 5 + 2
    assert run(two).outcome == "complete"


def test_a_changed_shard_blocks_no_other(two: Job, tmp_path: Path) -> None:
    run(two, limit_units=1)
    write_shard(tmp_path / "shards/a.tar", pairs(3, 7))
    summary = run(two)
    assert (summary.units_here, summary.changed) == (1, ("a.tar",))


def test_a_shard_of_which_a_part_is_committed_is_not_continued_with_new_content(
    two: Job, tmp_path: Path
) -> None:
    run(two)
    (tmp_path / "output/a.00001-end.parquet").unlink()
    write_shard(tmp_path / "shards/a.tar", pairs(3, 7))
    summary = run(two)
    assert (summary.outcome, summary.changed) == ("partial", ("a.tar",))
    assert set(files(tmp_path)) == {"a.00000.parquet", "b.parquet"}
    assert make_changed_again(tmp_path).outcome == "complete"
    table = pq.read_table(tmp_path / "output/a.00000.parquet")
    assert table["source_text"].to_pylist() == ["picture 0 of series 7", "picture 1 of series 7"]


def test_a_shard_that_was_cut_in_copying_is_copied_again(two: Job, tmp_path: Path) -> None:
    path = tmp_path / "shards/a.tar"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert run(two).failed == ("a",)
    path.write_bytes(whole)
    assert run(two).outcome == "complete"
    assert verify(str(tmp_path / "output")).problems == ()
    assert not list((tmp_path / "output/_shardmill/failed").iterdir())


def test_a_parquet_file_that_was_cut_is_split_once_it_is_whole(tmp_path: Path) -> None:
    images = images_column([jpeg(24, 24, seed) for seed in range(6)])
    whole = parquet_bytes({"image": images, "txt": ["a small picture"] * 6}, rows_per_group=2)
    path = tmp_path / "shards/p.parquet"
    path.parent.mkdir()
    path.write_bytes(whole[:-100])
    made = filtering(tmp_path, "shards/*.parquet", text="txt")
    assert run(made).failed == ("p",)
    path.write_bytes(whole)
    summary = run(made)
    assert (summary.outcome, summary.failed, summary.units_here) == ("complete", (), 3)
    assert verify(str(tmp_path / "output")).problems == ()


def test_a_missing_shard_fails_while_others_go_on(two: Job, tmp_path: Path) -> None:
    run(two, limit_units=1)
    (tmp_path / "shards/b.tar").unlink()
    write_shard(tmp_path / "shards/c.tar", pairs(1))
    summary = run(two)
    assert (summary.outcome, summary.failed) == ("failed", ("b",))
    write_shard(tmp_path / "shards/b.tar", pairs(2, 1))
    assert run(two).outcome == "complete"


def test_a_folder_of_images_with_new_times_changes_nothing(tmp_path: Path) -> None:
    for seed in range(3):
        path = tmp_path / f"photos/{seed}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(jpeg(24, 24, seed))
    filters = [{"kind": "image_size", "min_side": 8}]
    given = {"shards": f"{tmp_path}/photos/", "text": None}
    made = job(tmp_path, model=None, tasks={}, filters=filters, input=given)
    run(made)
    os.utime(tmp_path / "photos/1.jpg", (0, 0))
    assert run(made).changed == ()
    (tmp_path / "photos/1.jpg").write_bytes(jpeg(24, 24, 9))
    assert run(made).changed == ("photos/",)


LOSSES: dict[str, Callable[[Path], object]] = {
    "deleted": shutil.rmtree,
    "without _shardmill": lambda output: shutil.rmtree(output / "_shardmill"),
    "replaced by a link": lambda output: (
        output.rename(output.with_name("moved")),
        output.with_name("empty").mkdir(),
        output.symlink_to(output.with_name("empty")),
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_run_stops_at_the_next_commit_when_its_output_is_lost(
    two: Job, tmp_path: Path, loss: str
) -> None:
    output = tmp_path / "output"

    def lose(_: object) -> None:
        LOSSES[loss](output)

    with pytest.raises(
        ValueError, match=r"its _shardmill/job\.record is gone since this run began"
    ):
        run(two, on_report=lose)
    left = [path for path in output.rglob("*") if path.is_file()] if output.exists() else []
    # Nothing was written after the loss.
    assert {path.suffix for path in left} <= {".parquet", ".yaml"}
    if left:
        with pytest.raises(ValueError, match=r"but no _shardmill/job\.record"):
            run(two)
    else:
        assert run(two).outcome == "complete"


def test_files_of_another_job_and_strangers_keep_success_away(two: Job, tmp_path: Path) -> None:
    run(two)
    output = tmp_path / "output"
    stricter = [{"kind": "text_quality", "min_words": 3}]
    keys = {"input": two.input, "output": str(tmp_path / "other")}
    run(job(tmp_path, model=None, tasks={}, filters=stricter, **keys))
    shutil.copy(tmp_path / "other/b.parquet", output / "b.parquet")
    shutil.copy(output / "a.00000.parquet", output / "a.00007.parquet")
    shutil.copy(output / "a.00000.parquet", output / "_shardmill/x.parquet")
    expected = ("_shardmill/x.parquet", "a.00007.parquet", "b.parquet")
    for summary in (run(two), finish(str(output))):
        assert (summary.outcome, summary.strangers) == ("partial", expected)
        assert summary.units_committed == 1
        assert summary.counts is not None
        assert summary.counts.read == 3
    assert not (output / "_SUCCESS").exists()
    problems = verify(str(output)).problems
    assert [problem.partition(":")[0] for problem in problems] == list(expected)
    for name in expected:
        (output / name).unlink()
    assert run(two).outcome == "complete"


def test_planning_reads_no_shard_that_did_not_change(two: Job, tmp_path: Path) -> None:
    run(two)

    class Unreadable(LocalStorage):
        def open(self, path: str, version: str = ""):
            assert not path.endswith((".tar", ".parquet")), path
            return super().open(path, version)

    assert plan(two, Unreadable()).pending == ()
