"""Corpora that grow: new shards are added, those that are gone are named or forgotten."""

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.sample_data import (
    images_column,
    job,
    jpeg,
    pairs,
    parquet_bytes,
    tar_bytes,
    write_shard,
)
from support.small_s3 import BUCKET, OTHER, SmallS3

from pipelines.cli.main import main
from pipelines.config.job import Job
from pipelines.operations.finish import finish
from pipelines.operations.retry import find_retry, retry
from pipelines.operations.run import run
from pipelines.operations.status import status
from pipelines.operations.verify import verify
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.heartbeat import Heartbeat
from pipelines.output.layout import Layout
from pipelines.output.output import open_output
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import plan
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError

STORAGE = LocalStorage()


def growing(folder: Path, *, extend: bool = True, shards: object = None, **keys: Any) -> Job:
    given = {"shards": shards or f"{folder}/shards/*", "max_samples_per_file": 2}
    filters = [{"kind": "text_quality", "min_words": 2}]
    settings = {"filters": filters, "input": given, "extend": extend, **keys}
    return job(folder, model=None, tasks={}, **settings)


def add(folder: Path, *names: str, samples: int = 2) -> None:
    for name in names:
        write_shard(folder / f"shards/{name}.tar", pairs(samples, len(name)))


def files(folder: Path, output: str = "output") -> dict[str, bytes]:
    root = folder / output
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.parquet")}


def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["shardmill", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, " ".join(captured.err.split())


def test_new_shards_wait_until_a_run_extends_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add(tmp_path, "a", "b")
    file = tmp_path / "job.yaml"
    file.write_text(growing(tmp_path, extend=False).model_dump_json())
    assert command(monkeypatch, capsys, "run", str(file))[0] == 0
    before = files(tmp_path)
    fingerprint = fingerprint_of(open_output(str(tmp_path / "output")).record)
    add(tmp_path, "c", "ab", samples=3)
    code, out, _ = command(monkeypatch, capsys, "plan", str(file))
    assert (code, "2 new shards wait: run with --extend" in out) == (0, True)
    code, out, err = command(monkeypatch, capsys, "run", str(file))
    assert (code, "2 new shards wait: run with --extend" in err) == (0, True)
    code, out, _ = command(monkeypatch, capsys, "status", str(tmp_path / "output"))
    assert (code, "2 new shards wait: run with --extend" in out) == (0, True)
    assert files(tmp_path) == before
    code, out, err = command(monkeypatch, capsys, "run", str(file), "--extend", "--json")
    assert (code, "2 new shards added" in err) == (0, True)
    summary = json.loads(out)
    assert (summary["added_here"], summary["units_here"], summary["waiting"]) == (2, 2, 0)
    now = files(tmp_path)
    assert now.items() > before.items()
    assert now.keys() - before.keys() == {
        f"{name}.0000{end}.parquet" for name in ("ab", "c") for end in ("0", "1-end")
    }
    opened = open_output(str(tmp_path / "output"))
    assert (opened.record_id.number, fingerprint_of(opened.record)) == (1, fingerprint)
    assert verify(str(tmp_path / "output")).problems == ()
    add(tmp_path, "d")
    code, out, _ = command(monkeypatch, capsys, "status", str(tmp_path / "output"), "--json")
    assert json.loads(out)["waiting"] == 1


def test_an_extended_output_is_the_one_of_a_run_over_all(tmp_path: Path) -> None:
    add(tmp_path, "b", samples=3)
    made = growing(tmp_path)
    run(made)
    add(tmp_path, "a", "c")
    images = images_column([jpeg(24, 24, seed) for seed in range(6)])
    table = parquet_bytes({"image": images, "txt": ["a small picture"] * 6}, rows_per_group=2)
    (tmp_path / "shards/p.parquet").write_bytes(table)
    run(made)
    slices = ["p.rows-0000000000", "p.rows-0000000002", "p.rows-0000000004"]
    assert [unit.name for unit in open_output(made.output).units] == ["a", "b", "c", *slices]
    whole = growing(tmp_path, output=str(tmp_path / "whole"))
    run(whole)
    assert files(tmp_path) == files(tmp_path, "whole")
    assert verify(made.output).problems == ()
    assert (tmp_path / "output/_SUCCESS").exists()


def test_a_bucket_that_grows_and_shrinks(tmp_path: Path, small_s3: SmallS3) -> None:
    shards = small_s3.objects[BUCKET]
    shards["in/a.tar"] = shards["in/b.tar"] = tar_bytes(pairs(3))
    given, output = f"s3://{BUCKET}/in/*.tar", f"s3://{OTHER}/out"
    made = growing(tmp_path, shards=given, output=output)
    run(made)
    shards["in/c.tar"] = tar_bytes(pairs(2, 2))
    found = status(output)
    assert (found.complete, found.waiting) == (True, 1)
    del shards["in/a.tar"]
    summary = run(made, forget_missing=True)
    assert (summary.outcome, summary.added_here, summary.units_here) == ("complete", 1, 1)
    stored = {key for key in small_s3.objects[OTHER] if key.endswith(".parquet")}
    assert stored == {f"out/{n}.parquet" for n in ("b.00000", "b.00001-end", "c")}
    assert "out/_SUCCESS" in small_s3.objects[OTHER]
    assert verify(output).problems == ()


def test_braces_may_be_widened_with_extend_alone(tmp_path: Path) -> None:
    add(tmp_path, "0", "1", "2")
    run(growing(tmp_path, extend=False, shards=f"{tmp_path}/shards/{{0..1}}.tar"))
    wider = f"{tmp_path}/shards/{{0..2}}.tar"
    with pytest.raises(JobError, match=r"was begun with input\.shards = .*run with --extend to"):
        plan(growing(tmp_path, extend=False, shards=wider))
    assert run(growing(tmp_path, shards=wider)).outcome == "complete"
    assert len(files(tmp_path)) == 3
    (tmp_path / "output/2.parquet").unlink()
    assert run(growing(tmp_path, extend=False, shards=wider)).outcome == "complete"


def test_shards_outside_of_the_common_folder_are_refused(tmp_path: Path) -> None:
    add(tmp_path, "a")
    write_shard(tmp_path / "others/b.tar", pairs(2))
    run(growing(tmp_path))
    both = [f"{tmp_path}/shards/*.tar", f"{tmp_path}/others/*.tar"]
    with pytest.raises(JobError, match=r"no shard below .* has the content of a committed shard"):
        plan(growing(tmp_path, shards=both))


MISTAKES = {  # what is run -> what the line says, which also says what to change
    "other patterns without --extend": (
        ["--set", "input.shards=SHARDS/[ab].tar"],
        "was begun with input.shards = ",
        "or run with --extend to add shards to it",
    ),
    "other patterns that leave all shards out": (
        ["--extend", "--set", "input.shards=SHARDS/../*/a.tar"],
        "has the content of a committed shard",
        "name these shards, or choose another output",
    ),
    "a name that another shard had": (
        ["--extend"],
        "would both become b.parquet: rename one",
        "run with --forget-missing first if one of them is gone",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_told_in_one_line(
    mistake: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add(tmp_path, "a", "b")
    file = tmp_path / "job.yaml"
    file.write_text(growing(tmp_path, extend=False).model_dump_json())
    assert command(monkeypatch, capsys, "run", str(file))[0] == 0
    before = files(tmp_path)
    (tmp_path / "shards/b.tar").unlink()
    write_shard(tmp_path / "shards/b.tar.gz", pairs(1))
    words, problem, advice = MISTAKES[mistake]
    words = [word.replace("SHARDS", str(tmp_path / "shards")) for word in words]
    monkeypatch.setattr(sys, "argv", ["shardmill", "run", str(file), *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert problem in line
    assert line.endswith(advice)
    assert files(tmp_path) == before


def test_a_new_shard_that_is_damaged_fails_alone(tmp_path: Path) -> None:
    add(tmp_path, "a")
    made = growing(tmp_path)
    run(made)
    add(tmp_path, "b")
    images = images_column([jpeg(24, 24, 0)])
    lacking = parquet_bytes({"image": images, "caption": ["a small picture"]})
    (tmp_path / "shards/lacking.parquet").write_bytes(lacking)
    (tmp_path / "shards/cut.parquet").write_bytes(lacking[:-20])
    write_shard(tmp_path / "shards/c.tar", pairs(2))
    cut = tmp_path / "shards/c.tar"
    cut.write_bytes(cut.read_bytes()[:700])
    summary = run(made)
    assert (summary.outcome, summary.failed) == ("failed", ("c", "cut", "lacking"))
    assert set(files(tmp_path)) == {"a.parquet", "b.parquet"}
    mended = parquet_bytes({"image": images, "txt": ["a small picture"]})
    for name in ("lacking", "cut"):
        (tmp_path / f"shards/{name}.parquet").write_bytes(mended)
    write_shard(cut, pairs(2))
    assert run(made).outcome == "complete"
    assert verify(made.output).problems == ()


def test_shards_that_are_gone_are_named_and_their_rows_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add(tmp_path, *"abcdef")
    file = tmp_path / "job.yaml"
    file.write_text(growing(tmp_path).model_dump_json())
    command(monkeypatch, capsys, "run", str(file))
    before = files(tmp_path)
    for name in "abcd":
        (tmp_path / f"shards/{name}.tar").unlink()
    line = "4 shards are gone, or not named any more: a.tar, b.tar, c.tar and 1 more: "
    code, _, err = command(monkeypatch, capsys, "run", str(file))
    assert (code, line in err) == (0, True)
    for words in (("plan", str(file)), ("status", str(tmp_path / "output"))):
        assert line in " ".join(command(monkeypatch, capsys, *words)[1].split())
    assert files(tmp_path) == before
    code, _, err = command(monkeypatch, capsys, "run", str(file), "--forget-missing")
    assert (code, "4 shards dropped from the output, with the rows: such as a.tar" in err) == (
        0,
        True,
    )
    assert set(files(tmp_path)) == {"e.parquet", "f.parquet"}
    assert verify(str(tmp_path / "output")).problems == ()
    assert (tmp_path / "output/_SUCCESS").exists()
    found = status(str(tmp_path / "output"))
    assert (found.complete, found.counts.read) == (True, 2 * 2)
    assert "gone" not in command(monkeypatch, capsys, "run", str(file), "--forget-missing")[2]


def test_the_record_forgets_shards_before_their_files_are_deleted(tmp_path: Path) -> None:
    add(tmp_path, "a", "b", samples=3)
    made = growing(tmp_path)
    run(made)
    (tmp_path / "shards/a.tar").unlink()
    changes: list[str] = []

    class Logging(LocalStorage):
        def create(self, path: str, content: bytes, durable: bool = True) -> None:
            changes.append(f"create {Path(path).name}")
            super().create(path, content, durable)

        def delete(self, path: str) -> None:
            changes.append(f"delete {Path(path).name}")
            super().delete(path)

    run(made, storage=Logging(), forget_missing=True)
    assert [change for change in changes if ".huggingface" not in change][:4] == [
        "delete _SUCCESS",
        "create job.00001.record",
        "delete a.00001-end.parquet",
        "delete a.00000.parquet",
    ]


def test_a_shard_comes_back_under_the_name_of_a_forgotten_one(tmp_path: Path) -> None:
    add(tmp_path, "a", "b", samples=3)
    made = growing(tmp_path)
    run(made)
    (tmp_path / "shards/a.tar").unlink()
    write_shard(tmp_path / "shards/a.tar.gz", pairs(1, 5))
    with pytest.raises(JobError, match=r"both become a\.parquet.*--forget-missing first"):
        run(made)
    summary = run(made, forget_missing=True)
    assert (summary.outcome, summary.added_here) == ("complete", 1)
    assert pq.read_table(tmp_path / "output/a.parquet")["shard"].to_pylist() == ["a.tar.gz"]
    assert "a.00000.parquet" not in files(tmp_path)
    assert verify(made.output).problems == ()


def test_nothing_is_forgotten_while_another_run_is_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add(tmp_path, "a", "b")
    made = growing(tmp_path)
    run(made)
    (tmp_path / "shards/a.tar").unlink()
    monkeypatch.setattr("pipelines.output.heartbeat.HeartbeatRecord.is_alive_here", lambda _: True)
    file = tmp_path / "job.yaml"
    file.write_text(made.model_dump_json())
    with Heartbeat(Layout(made.output).heartbeat("a-run"), STORAGE):
        code, _, err = command(monkeypatch, capsys, "run", str(file), "--forget-missing")
    assert code == 2
    assert "--forget-missing: a run on" in err
    assert "wait until it ends" in err
    assert set(files(tmp_path)) == {"a.parquet", "b.parquet"}


def test_of_two_runs_that_extend_at_once_the_loser_plans_again(tmp_path: Path) -> None:
    add(tmp_path, "a")
    made = growing(tmp_path)
    run(made)
    add(tmp_path, "b")
    winner = plan(made)
    add(tmp_path, "c")

    class Rival(LocalStorage):
        """Creates the winner's record just before the loser's."""

        def create(self, path: str, content: bytes, durable: bool = True) -> None:
            if path.endswith("job.00001.record"):
                begin_output(winner, STORAGE)
            super().create(path, content, durable)

    summary = run(made, storage=Rival())
    assert (summary.outcome, summary.added_here, summary.units_here) == ("complete", 1, 2)
    opened = open_output(made.output)
    assert (opened.record_id.number, len(opened.units)) == (2, 3)
    winner.work.check_output(STORAGE)  # the winner goes on
    assert verify(made.output).problems == ()


def test_a_run_that_ends_after_another_one_extended_leaves_no_success_file(tmp_path: Path) -> None:
    add(tmp_path, "a")
    made = growing(tmp_path)

    class Late(LocalStorage):
        """Lets another run extend the output just before _SUCCESS is written."""

        def write_bytes(self, path: str, content: bytes, durable: bool = True) -> None:
            if path.endswith("_SUCCESS"):
                add(tmp_path, "b")
                begin_output(plan(made), STORAGE)
            super().write_bytes(path, content, durable)

    assert run(made, storage=Late()).outcome == "partial"
    assert not (tmp_path / "output/_SUCCESS").exists()
    assert run(made).outcome == "complete"


def test_retry_adds_nothing(tmp_path: Path) -> None:
    add(tmp_path, "a")
    write_shard(tmp_path / "shards/b.tar", pairs(2))
    cut = tmp_path / "shards/b.tar"
    cut.write_bytes(cut.read_bytes()[:700])
    made = growing(tmp_path)
    run(made)
    add(tmp_path, "b", "c")
    summary = retry(find_retry(made.output))
    assert (summary.outcome, summary.units_here, summary.waiting) == ("complete", 1, 1)


def test_verdicts_of_an_output_that_has_grown_are_taken_as_far_as_they_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add(tmp_path, "a")
    first = growing(tmp_path, output=str(tmp_path / "filtered"))
    run(first)
    filters = [{"kind": "image_size", "min_side": 8}]
    second = growing(tmp_path, filters=filters, filters_from=first.output)
    run(second)
    add(tmp_path, "b", "c", "d")
    (tmp_path / "shards/d.tar").rename(tmp_path / "d.tar")
    begin_output(plan(first), STORAGE)
    planned = plan(second)  # b and c are planned there, and not committed
    assert (planned.growth.added, planned.growth.waiting) == (0, 2)
    run(first, limit_units=1)
    (tmp_path / "d.tar").rename(tmp_path / "shards/d.tar")
    file = tmp_path / "job.yaml"
    file.write_text(second.model_dump_json())
    code, _, err = command(monkeypatch, capsys, "run", str(file))
    assert (code, "1 new shard added" in err) == (0, True)
    assert f"2 new shards wait until {first.output} has done them: run with --extend then" in err
    assert run(first).outcome == "complete"
    summary = run(second)
    assert (summary.outcome, summary.added_here, summary.waiting) == ("complete", 2, 0)
    assert set(files(tmp_path)) == {f"{name}.parquet" for name in "abcd"}
    assert verify(second.output).problems == ()


def test_a_status_without_the_shards_says_nothing_about_them(tmp_path: Path) -> None:
    add(tmp_path, "a")
    made = growing(tmp_path)
    run(made)
    (tmp_path / "shards").rename(tmp_path / "elsewhere")
    found = status(made.output)
    assert (found.complete, found.waiting, found.missing) == (True, None, ())


@pytest.mark.parametrize("again", ["nothing", "the same", "another"])
def test_a_forgetting_that_was_stopped_is_finished_by_the_next_run(
    tmp_path: Path, again: str
) -> None:
    add(tmp_path, "a", "b")
    made = growing(tmp_path)
    run(made)
    (tmp_path / "shards/a.tar").unlink()
    begin_output(plan(made, forget_missing=True), STORAGE)  # the record, and no file deleted
    assert finish(made.output).strangers == ("a.parquet",)
    content = {"the same": pairs(2, 1), "another": pairs(2, 7)}
    if again in content:
        write_shard(tmp_path / "shards/a.tar", content[again])
    notices: list[str] = []
    summary = run(made, on_warning=notices.append)
    assert notices == ["files of forgotten shards deleted: 1"]
    assert (summary.outcome, summary.added_here) == ("complete", int(again in content))
    assert summary.counts is not None
    assert summary.counts.read == 2 + 2 * (again in content)
    assert set(files(tmp_path)) == {"b.parquet", *(["a.parquet"] if again in content else [])}
    assert verify(made.output).problems == ()
    if again == "another":
        texts = pq.read_table(tmp_path / "output/a.parquet")["source_text"].to_pylist()
        assert texts == ["picture 0 of series 7", "picture 1 of series 7"]
