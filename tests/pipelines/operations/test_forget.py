"""`forget` erases just the listed samples, blocks them for later runs, and goes on after a kill."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.command_line import CommandLine
from support.dying_storage import DyingStorage, Killed
from support.other_run import at_work
from support.sample_data import job, jpeg, pairs, tar_bytes, write_shard
from support.small_s3 import BUCKET, SmallS3

from pipelines.config.job import Job
from pipelines.operations.card import write_card
from pipelines.operations.evaluate import Asked, evaluate
from pipelines.operations.evaluating.evaluate_safety import AskedSafety, evaluate_safety
from pipelines.operations.forget import Erased, forget_samples
from pipelines.operations.forgetting.forget_list import Lines, read_lines, values_of
from pipelines.operations.run import run
from pipelines.operations.status import status
from pipelines.operations.verify import verify
from pipelines.operations.whatif import whatif
from pipelines.operations.whence import whence
from pipelines.output.forgotten import FORGET, FORGOTTEN
from pipelines.storage.resolve import STORAGE
from schemas.errors import JobError

KEPT = 5  # of each of the three shards; the sixth is too small
FILTERS = [{"kind": "image_size", "min_side": 20}, {"kind": "language", "languages": ["en"]}]


def job_of(folder: Path, **keys: Any) -> Job:
    carry = ["json:url", "json:truth"]
    given = {"shards": f"{folder}/shards/*.tar", "text": "txt", "carry": carry}
    return job(folder, **{"input": given, "filters": FILTERS, **keys})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    folder = tmp_path_factory.mktemp("forget")
    for shard in range(3):
        members = []
        for number in range(KEPT + 1):
            key = f"k{shard}{number}"
            fields = {"url": f"https://site.example/{key}.jpg", "truth": f"about {key}"}
            side = 32 if number < KEPT else 8
            members += [(f"{key}.jpg", jpeg(side, side, 10 * shard + number))]
            members += [(f"{key}.json", json.dumps(fields).encode())]
            members += [(f"{key}.txt", f"a big red star in the blue sky of {key}".encode())]
        write_shard(folder / f"shards/{shard}.tar", members)
    run(job_of(folder, checkpoint=checkpoint, provenance=True))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the shards and the output."""
    return Path(shutil.copytree(made, tmp_path / "made"))


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    """Return all rows by shard and index."""
    files = sorted((folder / "output").glob("*.parquet"))
    found = [row for file in files for row in pq.read_table(file).to_pylist()]
    return {f"{row['shard']} {row['index']}": row for row in found}


def forget(folder: Path, *values: str) -> Erased:
    (folder / "list.txt").write_text("\n".join(values) + "\n")
    return forget_samples(str(folder / "output"), str(folder / "list.txt"))


def versions(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in (folder / "output").glob("*.parquet")}


def test_only_the_listed_samples_are_erased(folder: Path) -> None:
    before, files = rows(folder), versions(folder)
    image = before["1.tar 2"]["sha256"]
    erased = forget(folder, "k01", "https://site.example/k03.jpg", image.upper(), "nobody")
    assert (erased.samples, erased.files, erased.shards) == (3, 2, ("0.tar", "1.tar"))
    gone = {"0.tar 1", "0.tar 3", "1.tar 2"}
    for sample, row in rows(folder).items():
        if sample not in gone:
            assert row == before[sample]
            continue
        filled = {name for name, value in row.items() if value not in (None, [])}
        assert filled == {"shard", "index", "status", "filter", "reason", "provenance"}
        assert (row["status"], row["filter"], row["reason"]) == ("dropped", FORGET, FORGOTTEN)
    now = versions(folder)
    assert {name for name in files if files[name] != now[name]} == {"0.parquet", "1.parquet"}
    for text in ("k01", "k03", image):
        for path in (folder / "output").rglob("*"):
            if path.is_file() and ("output" in path.parts) and path.suffix != ".parquet":
                assert text.encode() not in path.read_bytes(), path
    for name in ("0.parquet", "1.parquet"):
        file = pq.ParquetFile(folder / "output" / name)
        whole = str(file.metadata) + str(file.read().to_pylist())
        assert "k01" not in whole
        assert "k03" not in whole


def test_counts_verify_and_status_stay_right(folder: Path) -> None:
    forget(folder, "k01", "k22", "k23")
    output = str(folder / "output")
    found = verify(output)
    assert found.problems == ()
    assert verify(output, quick=True).problems == ()
    counts = status(output).counts
    statuses = Counter(row["status"] for row in rows(folder).values())
    assert counts.by_status() == {"invalid": 0, "quarantined": 0, **statuses}
    assert counts.reasons == {"forget/forgotten": 3, "image_size/image_too_small": 3}
    assert counts.carried["url"] == statuses["kept"]
    assert counts.languages == {"en/kept": statuses["kept"], "en/dropped": 6}
    assert status(output).complete
    told = whence(f"{output}/0.parquet", 1)
    assert (told.filter, told.reason, told.member) == (FORGET, FORGOTTEN, None)
    assert whatif(output, ["filters.image_size.min_side=40"]).unknown == 0
    write_card(output)
    assert "k01" not in (folder / "output-card/README.md").read_text()


def test_later_runs_drop_the_samples(folder: Path, checkpoint: Path) -> None:
    forget(folder, "k01", "https://site.example/k03.jpg", rows(folder)["1.tar 2"]["sha256"])
    after = rows(folder)
    for file in (folder / "output").glob("*.parquet"):
        file.unlink()
    record = json.loads((folder / "output/_shardmill/job.record").read_text())
    here = job_of(folder, checkpoint=record["model"]["checkpoint"], provenance=True)
    assert run(here).outcome == "complete"
    names = ("status", "filter", "reason", "key", "source_text", "sha256", "scores", "url")
    for sample, row in rows(folder).items():
        assert {name: row[name] for name in names} == {name: after[sample][name] for name in names}
    statuses = Counter(row["status"] for row in after.values())
    assert statuses == {"kept": 3 * KEPT - 3, "dropped": 6}
    assert verify(str(folder / "output")).problems == ()


def test_a_job_that_reuses_verdicts_does_not_bring_them_back(folder: Path) -> None:
    forget(folder, "k01")
    record = json.loads((folder / "output/_shardmill/job.record").read_text())
    later = job_of(
        folder,
        checkpoint=record["model"]["checkpoint"],
        filters=[{"kind": "image_size", "min_side": 10}],
        filters_from=f"{folder}/output",
        output=f"{folder}/later",
    )
    run(later)
    row = pq.read_table(folder / "later/0.parquet").to_pylist()[1]
    assert (row["status"], row["filter"], row["key"]) == ("dropped", FORGET, None)


def test_it_is_idempotent_and_lists_add_up(folder: Path) -> None:
    assert forget(folder, "k01").samples == 1
    files = versions(folder)
    again = Lines(read=1, listed_before=1)
    assert forget(folder, "k01") == Erased(1, 0, 0, (), 0, 1, again, ())
    assert versions(folder) == files
    assert len(list((folder / "output/_shardmill").glob("forgotten.*"))) == 1
    assert forget(folder, "k02").samples == 1
    assert len(list((folder / "output/_shardmill").glob("forgotten.*"))) == 2


def test_scores_of_evaluations_are_erased(folder: Path) -> None:
    output = folder / "output"
    asked = Asked(task="caption", truth="truth", metrics=["rouge_l"], name="mine")
    evaluate(str(output), asked)
    assert forget(folder, "k01").evaluations == 1
    keys = pq.read_table(output / "_shardmill/evaluations/mine.scores")["key"].to_pylist()
    assert "k01" not in keys
    assert len(keys) == 3 * KEPT - 1


def test_names_of_parts_that_no_row_has_are_erased(folder: Path) -> None:
    output = folder / "output"
    urls = [f"https://site.example/k0{number}.jpg" for number in (1, 2)]
    evaluate(str(output), Asked(task="caption", truth="truth", metrics=["rouge_l"], by="url"))
    filters = ["{kind: toxicity_rules}"]
    evaluate_safety(str(output), AskedSafety(filters=filters, by=["url"]))
    (output / "_shardmill/evaluations/torn.record").write_text("{")
    records = [output / f"_shardmill/evaluations/caption{end}.record" for end in ("", "-safety")]
    assert all(url in record.read_text() for url in urls for record in records)
    assert forget(folder, "k01").evaluations == 4  # two records, scores, and the torn record
    for record in records:
        assert urls[0] not in record.read_text()
        assert urls[1] in record.read_text()
    assert list((output / "_shardmill/evaluations").glob("torn*")) == []
    assert forget_samples(str(output), None).evaluations == 0
    write_card(str(output))
    card = (folder / "output-card/README.md").read_text()
    assert ("k01" in card, "k02" in card) == (False, True)


@pytest.mark.parametrize("writes", range(1, 6))
def test_a_kill_at_any_write_is_made_good(writes: int, folder: Path) -> None:
    values = folder / "list.txt"
    values.write_text("k01\nk11\nk21\n")
    output = str(folder / "output")
    with pytest.raises(Killed):
        forget_samples(output, str(values), DyingStorage(writes))
    assert verify(output).problems == ()
    forget_samples(output, None)
    gone = {name for name, row in rows(folder).items() if row["filter"] == FORGET}
    assert gone == {"0.tar 1", "1.tar 1", "2.tar 1"}
    assert verify(output).problems == ()


def test_a_run_at_work_stops_at_its_next_commit(folder: Path, checkpoint: Path) -> None:
    record = json.loads((folder / "output/_shardmill/job.record").read_text())
    here = job_of(folder, checkpoint=record["model"]["checkpoint"], provenance=True)
    (folder / "output/0.parquet").unlink()
    layout = at_work(here, "0")
    with pytest.raises(JobError, match="is at work"):
        forget(folder, "k01")
    assert rows(folder)["1.tar 1"]["status"] == "kept"
    for file in (*Path(layout.heartbeats).iterdir(), Path(layout.attempt("0", 1))):
        file.unlink()  # as the run does at its end
    assert forget_samples(str(folder / "output"), None).samples == 0
    run(here)
    assert rows(folder)["0.tar 1"]["filter"] == FORGET


def test_a_damaged_list_stops_every_run(folder: Path) -> None:
    forget(folder, "k01")
    (path,) = (folder / "output/_shardmill").glob("forgotten.*")
    path.write_text("{}")
    (folder / "output/0.parquet").unlink()
    record = json.loads((folder / "output/_shardmill/job.record").read_text())
    with pytest.raises(JobError, match="is damaged or gone"):
        run(job_of(folder, checkpoint=record["model"]["checkpoint"], provenance=True))
    with pytest.raises(JobError, match="is damaged or gone"):
        forget(folder, "k02")


def test_an_output_in_a_bucket(small_s3: SmallS3, tmp_path: Path) -> None:
    for shard in range(2):
        small_s3.objects[BUCKET][f"shards/{shard}.tar"] = tar_bytes(pairs(3, shard))
    output = f"s3://{BUCKET}/out"
    given = {"shards": f"s3://{BUCKET}/shards/*.tar", "text": "txt"}
    keys: Mapping[str, Any] = {"filters": [{"kind": "image_size", "min_side": 4}]}
    run(Job.model_validate({"name": "a", "input": given, "output": output, **keys}))
    (tmp_path / "list.txt").write_text("000001\n")
    assert forget_samples(output, str(tmp_path / "list.txt")).samples == 2
    assert verify(output).problems == ()
    assert status(output).counts.reasons == {"forget/forgotten": 2}


def test_lines_name_keys_with_and_without_spaces_around_them(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b" first\r\n\r\nsecond \n  \nthird\r\n")
    found = [value for line in read_lines(str(path), STORAGE) for value in values_of(line)]
    assert found == ["first", " first", "second", "second ", "third"]


def test_mistakes_of_the_user(folder: Path, command_line: CommandLine) -> None:
    output = folder / "output"
    assert "was not told to forget" in command_line.mistake("forget", output)
    for content, message in ((b"", "is empty"), (b"\xff", "is not UTF-8"), (b"x" * 20_000, "long")):
        Path("list").write_bytes(content)
        assert message in command_line.mistake("forget", output, "--list", "list")
    assert "cannot be read" in command_line.mistake("forget", output, "--list", "nothing")
    Path("list").write_text("k01\n")
    result = command_line("forget", output, "--list", "list")
    assert result.code == 0
    assert result.out == "erased: 1 sample in 1 file\nlist: 1 line; 1 with a row\n"
    assert "k01" not in result.out + result.err
    told = json.loads(command_line.done("forget", output, "--json"))
    assert (told["samples"], told["samples_before"]) == (0, 1)
    assert told["lines"] == {
        "read": 0, "matched": 0, "listed_before": 0, "unmatched": 0, "unmatched_numbers": []
    }  # fmt: skip


def test_lines_without_a_row_are_told_by_their_numbers(
    folder: Path, command_line: CommandLine
) -> None:
    output = folder / "output"
    shutil.copy(output / "0.parquet", output / "copy.parquet")
    url = "https://site.example/k01.jpg"
    Path("list").write_text(f"k01\nann@example.org\n\n{url}\nk01\nk05\n")
    result = command_line("forget", output, "--list", "list")
    assert result.out.splitlines() == [
        "erased: 1 sample in 1 file",
        "list: 5 lines; 3 with a row, 2 without a row (lines 2, 6)",  # k05 is too small
    ]
    assert "the job did not write them: copy.parquet" in result.err
    assert "ann@" not in result.out + result.err
    assert "k01" not in result.out + result.err
    told = json.loads(command_line.done("forget", output, "--list", "list", "--json"))
    assert (told["samples"], told["samples_before"], told["files"]) == (0, 1, 0)
    assert told["strangers"] == ["copy.parquet"]
    assert told["lines"] == {
        "read": 5, "matched": 0, "listed_before": 5, "unmatched": 0, "unmatched_numbers": []
    }  # fmt: skip
    again = command_line("forget", output, "--list", "list")
    assert again.out.splitlines() == [
        "erased: 0 samples in 0 files; 1 sample before",
        "list: 5 lines; 0 with a row, 5 listed before",
    ]


def test_files_that_a_killed_run_left_are_deleted(folder: Path) -> None:
    left = folder / "output/.0123456789abcdef.tmp"
    shutil.copy(folder / "output/0.parquet", left)
    forget(folder, "nobody")
    assert not left.exists()


def test_at_most_a_hundred_numbers_of_lines_are_told(folder: Path) -> None:
    lines = forget(folder, *map(str, range(150))).lines
    assert (lines.read, lines.unmatched) == (150, 150)
    assert lines.unmatched_numbers == tuple(range(1, 101))


def test_digests_are_salted(folder: Path) -> None:
    forget(folder, "k01")
    (path,) = (folder / "output/_shardmill").glob("forgotten.*")
    content = path.read_text()
    assert hashlib.sha256(b"k01").hexdigest()[:16] not in content
    assert hashlib.blake2b(b"k01", digest_size=16).hexdigest() not in content
