"""A corpus, lists and models at another place give the same files, and continue an output."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from support.sample_data import images_column, job, jpeg, pairs, parquet_bytes, write_shard
from support.small_s3 import BUCKET, OTHER, SmallS3

from pipelines.cli.main import main
from pipelines.config.job import Job
from pipelines.operations.retry import find_retry, retry
from pipelines.operations.run import run
from pipelines.operations.status import status
from pipelines.operations.verify import verify
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.heartbeat import Heartbeat
from pipelines.output.layout import Layout
from pipelines.output.output import open_output
from pipelines.planning.plan import plan
from pipelines.planning.resolve import resolve
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError

STORAGE = LocalStorage()


def make_corpus(folder: Path, series: int = 0) -> None:
    """Write two tars, one in a folder, a folder of images, and a Parquet file with two slices."""
    write_shard(folder / "a.tar", pairs(3, series))
    write_shard(folder / "deep/b.tar", pairs(2, series + 1))
    for seed in range(2):
        path = folder / f"photos/{seed}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(jpeg(24, 24, series + seed))
        path.with_suffix(".txt").write_text("a small picture")
    images = images_column([jpeg(24, 24, series + seed) for seed in range(4)])
    table = parquet_bytes({"image": images, "txt": ["a small picture"] * 4}, rows_per_group=2)
    (folder / "p.parquet").write_bytes(table)


def corpus_job(folder: Path, output: str, *, words: str = "words.txt") -> Job:
    """A job over the corpus in a folder, with a list and the output beside the folder."""
    (folder.parent / words).write_text("forbidden\n")
    filters = [
        {"kind": "text_quality", "min_words": 2},
        {"kind": "words", "path": str(folder.parent / words)},
    ]
    shards = [f"{folder}/a.tar", f"{folder}/deep/*.tar", f"{folder}/photos/", f"{folder}/*.parquet"]
    given = {"shards": shards, "max_samples_per_file": 2}
    place = str(folder.parent / output)
    return job(folder, model=None, tasks={}, filters=filters, input=given, output=place)


def files(output: Path) -> dict[str, bytes]:
    return {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*.parquet")}


def test_a_corpus_at_another_place_gives_the_same_bytes(tmp_path: Path) -> None:
    make_corpus(tmp_path / "one")
    make_corpus(tmp_path / "other/place")
    first = corpus_job(tmp_path / "one", "first")
    second = corpus_job(tmp_path / "other/place", "second", words="list.txt")
    run(first)
    run(second)
    made = files(tmp_path / "first")
    assert len(made) == 6
    assert files(tmp_path / "other/second") == made


def test_a_corpus_that_moved_into_a_bucket_is_continued(tmp_path: Path, small_s3: SmallS3) -> None:
    make_corpus(tmp_path / "one")
    local = corpus_job(tmp_path / "one", "out")
    run(local, limit_units=2)
    for path in (tmp_path / "one").rglob("*.*"):
        key = f"corpora/{path.relative_to(tmp_path / 'one')}"
        small_s3.objects[BUCKET][key] = path.read_bytes()
    small_s3.objects[OTHER]["words.txt"] = b"forbidden\n"
    root = f"s3://{BUCKET}/corpora"
    shards = [f"{root}/a.tar", f"{root}/deep/*.tar", f"{root}/photos/", f"{root}/*.parquet"]
    words = {"kind": "words", "path": f"s3://{OTHER}/words.txt"}
    moved_job = job(
        tmp_path,
        model=None,
        tasks={},
        filters=[{"kind": "text_quality", "min_words": 2}, words],
        input={"shards": shards, "max_samples_per_file": 2},
        output=local.output,
    )
    planned = plan(moved_job)
    assert planned.moved
    assert (planned.moved.before, planned.moved.now) == (f"{tmp_path}/one", root)
    assert (planned.moved.recognized, planned.changed) == (2, ())
    assert run(moved_job).outcome == "complete"
    assert status(local.output).waiting == 0
    bucket = f"s3://{OTHER}/whole"
    assert run(moved_job.model_copy(update={"output": bucket})).outcome == "complete"
    run(local.model_copy(update={"output": str(tmp_path / "whole")}))
    whole = files(tmp_path / "whole")
    assert files(tmp_path / "out") == whole
    objects = small_s3.objects[OTHER].items()
    stored = {key.removeprefix("whole/"): content for key, content in objects}
    assert {key: stored[key] for key in stored if key.endswith(".parquet")} == whole


def test_a_list_with_other_content_is_another_job(tmp_path: Path) -> None:
    make_corpus(tmp_path / "one")
    first = corpus_job(tmp_path / "one", "first")
    before = resolve(first).fingerprint
    (tmp_path / "words.txt").write_text("other\n")
    assert resolve(first).fingerprint != before


def test_a_local_model_at_another_place_gives_the_same_fingerprint(
    tmp_path: Path, checkpoint: Path
) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(1))
    shutil.copytree(checkpoint, tmp_path / "model")
    one, other = (resolve(job(tmp_path, place)) for place in (checkpoint, tmp_path / "model"))
    assert one.fingerprint == other.fingerprint
    (tmp_path / "model/config.json").write_text(
        (tmp_path / "model/config.json").read_text().replace("{", "{\n", 1)
    )
    assert resolve(job(tmp_path, tmp_path / "model")).fingerprint != one.fingerprint


def moved(folder: Path, to: Path) -> None:
    """Move the corpus, and give each file a new time of modification."""
    shutil.move(folder, to)
    for path in to.rglob("*"):
        os.utime(path, (1, 1))


def test_a_moved_corpus_is_continued_by_its_content(tmp_path: Path) -> None:
    make_corpus(tmp_path / "one")
    run(corpus_job(tmp_path / "one", "whole"))
    run(corpus_job(tmp_path / "one", "out"), limit_units=3)
    moved(tmp_path / "one", tmp_path / "two")
    again = corpus_job(tmp_path / "two", "out", words="list.txt")
    planned = plan(again)
    assert str(planned.moved) == (
        f"the shards moved from {tmp_path}/one to {tmp_path}/two: "
        "3 committed shards were recognized by their content"
    )
    assert len(planned.pending) == 2
    assert status(again.output).waiting is None  # the record names the former place
    summary = run(again)
    assert (summary.outcome, summary.units_here, summary.changed) == ("complete", 2, ())
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    assert (status(again.output).waiting, status(again.output).missing) == (0, ())
    assert verify(again.output).problems == ()

    class Unreadable(LocalStorage):
        def open(self, path: str):
            assert not path.endswith((".tar", ".parquet")), path
            return super().open(path)

    planned = plan(again, Unreadable())  # recognized once
    assert (planned.moved, planned.new_record) == (None, None)
    (tmp_path / "out/a.00001-end.parquet").unlink()
    assert retry(find_retry(again.output)).outcome == "partial"  # the record names the new place
    assert run(again).outcome == "complete"


def test_a_shard_that_changed_while_it_moved_is_named(tmp_path: Path) -> None:
    make_corpus(tmp_path / "one")
    run(corpus_job(tmp_path / "one", "out"))
    moved(tmp_path / "one", tmp_path / "two")
    write_shard(tmp_path / "two/a.tar", pairs(3, 9))
    again = corpus_job(tmp_path / "two", "out")
    summary = run(again)
    assert (summary.units_here, summary.changed) == (0, ("a.tar",))
    planned = plan(again)
    assert (planned.moved, planned.changed) == (None, ("a.tar",))
    assert retry(find_retry(again.output, changed=True)).outcome == "complete"
    assert verify(again.output).problems == ()


def test_another_corpus_with_the_same_names_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_corpus(tmp_path / "one")
    make_corpus(tmp_path / "two", series=10)
    run(corpus_job(tmp_path / "one", "out"), limit_units=1)
    before = files(tmp_path / "out")
    file = tmp_path / "job.yaml"
    file.write_text(corpus_job(tmp_path / "two", "out").model_dump_json())
    monkeypatch.setattr(sys, "argv", ["shardmill", "run", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    line = " ".join(capsys.readouterr().err.split())
    assert f"no shard below {tmp_path}/two has the content of a committed shard" in line
    assert line.endswith("or choose another output")
    assert files(tmp_path / "out") == before


def test_moved_shards_are_refused_while_another_run_reads_the_former_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_corpus(tmp_path / "one")
    first = corpus_job(tmp_path / "one", "out")
    run(first, limit_units=1)
    moved(tmp_path / "one", tmp_path / "two")
    again = corpus_job(tmp_path / "two", "out")
    monkeypatch.setattr(os, "getpid", os.getppid)  # as another process
    with Heartbeat(Layout(first.output).heartbeat("a-run"), STORAGE):
        monkeypatch.undo()
        with pytest.raises(JobError, match=r"reads the shards below .*/one, .* wait until it ends"):
            plan(again)
    assert plan(again).moved


def test_verdicts_of_shards_that_moved_are_reused(tmp_path: Path) -> None:
    make_corpus(tmp_path / "one")
    run(corpus_job(tmp_path / "one", "filtered"))
    moved(tmp_path / "one", tmp_path / "two")
    filters = [{"kind": "image_size", "min_side": 8}]
    keys = {"filters_from": str(tmp_path / "filtered"), "filters": filters}
    shards = [f"{tmp_path}/two/a.tar", f"{tmp_path}/two/deep/*.tar"]
    second = job(tmp_path, model=None, tasks={}, input={"shards": shards}, **keys)
    assert run(second).outcome == "complete"
    write_shard(tmp_path / "two/a.tar", pairs(3, 9))
    other = second.model_copy(update={"output": str(tmp_path / "other")})
    with pytest.raises(JobError, match=r"a\.tar changed since"):
        plan(other)


def test_an_output_of_an_earlier_version_is_named(tmp_path: Path) -> None:
    make_corpus(tmp_path / "one")
    first = corpus_job(tmp_path / "one", "out")
    run(first)
    record = tmp_path / "out/_shardmill/job.record"
    record.write_text(record.read_text().replace('"begun": 0', '"begins": 0'))
    for act in (plan, lambda job: open_output(job.output)):
        with pytest.raises(JobError, match="an earlier version of shardmill wrote this output"):
            act(first)


def test_a_record_with_the_same_job_begun_anew_stops_an_earlier_run(tmp_path: Path) -> None:
    make_corpus(tmp_path / "one")
    first = corpus_job(tmp_path / "one", "out")
    planned = plan(first)
    run(first, limit_units=1)
    planned = plan(first)
    record = tmp_path / "out/_shardmill/job.record"
    anew = record.with_name("job.00001.record")
    anew.write_text(record.read_text())
    planned.work.check_output(STORAGE)
    anew.write_text(record.read_text().replace('"begun": 0', '"begun": 1'))
    assert fingerprint_of(open_output(first.output).record) == planned.work.fingerprint
    with pytest.raises(JobError, match="another job began this output"):
        planned.work.check_output(STORAGE)
