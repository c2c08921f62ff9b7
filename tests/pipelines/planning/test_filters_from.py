"""A filtering job and a second job with its verdicts give the same rows as one job."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import support.hostile_shards as hostile
from support.sample_data import job, jpeg, pairs, write_shard

from filters import TextFilter
from filters.base import Judge
from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.planning.plan import plan
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep, redact

SECRET = "555-0123"
QUALITY = {"kind": "text_quality", "min_words": 2, "applies_to": "both"}


class Redacting(TextFilter):
    """A user's own filter: redacts the secret, and drops texts that contain `drop`."""

    kind: str = "redacting"

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item.value) for item in items]

    def _judge(self, text: str) -> Verdict:
        if "drop" in text:
            return drop("told_so", {"told": 1})
        if SECRET in text:
            return redact(text.replace(SECRET, "[PHONE]"), {"phone": 1})
        return keep({"told": 0})


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    texts = ["a fine picture", f"call {SECRET} now", "drop this one", "a", "two words"]
    for unit in range(2):
        members = [m for m in pairs(len(texts), unit) if not m[0].endswith("txt")]
        for index, text in enumerate(texts):
            members.append((f"{index:06}.txt", text.encode()))
        members.append(("000009.jpg", b"no image"))
        members.append(("000009.txt", b"some words"))
        write_shard(tmp_path / f"shards/{unit:05}.tar", sorted(members))
    return tmp_path


def filtering(folder: Path, name: str = "filtered", **keys: Any) -> Job:
    keys = {"filters": [QUALITY, Redacting()], **keys}
    return job(folder, model=None, tasks={}, output=f"{folder}/{name}", **keys)


def taking(folder: Path, checkpoint: Path, name: str = "taken", **keys: Any) -> Job:
    keys = {"filters": [Redacting()], "filters_from": f"{folder}/filtered", **keys}
    return job(folder, checkpoint, output=f"{folder}/{name}", **keys)


def rows(folder: Path, *without: str) -> list[dict[str, object]]:
    tables = [pq.read_table(file) for file in folder.rglob("*.parquet")]
    found = [row for table in tables for row in table.drop_columns(without).to_pylist()]
    return sorted(found, key=lambda row: (row["shard"], row["index"]))


def test_two_jobs_come_to_what_one_does(shards: Path, checkpoint: Path) -> None:
    one = job(shards, checkpoint, filters=[QUALITY, Redacting()], output=f"{shards}/one")
    counts = run(one).counts
    assert run(filtering(shards)).outcome == "complete"
    summary = run(taking(shards, checkpoint))
    assert rows(shards / "taken") == rows(shards / "one")
    assert summary.counts is not None
    assert summary.counts.model_copy(update={"languages": {}, "filters": ()}) == counts.model_copy(  # type: ignore[union-attr]
        update={"languages": {}, "filters": ()}
    )
    assert counts.reasons == {
        "text_quality/text_too_short": 2,
        "redacting/told_so": 2,
        "invalid/image_undecodable": 2,
    }
    assert verify(f"{shards}/taken").problems == ()


def test_what_was_redacted_is_not_read_again(shards: Path, checkpoint: Path) -> None:
    run(filtering(shards))
    run(taking(shards, checkpoint, tasks={"said": {"kind": "prompt", "text_field": "source_text"}}))
    kept = [row["source_text"] for row in rows(shards / "taken") if row["status"] == "kept"]
    assert kept == ["a fine picture", "call [PHONE] now", "two words"] * 2
    for file in (shards / "taken").rglob("*"):
        assert file.is_dir() or SECRET.encode() not in file.read_bytes()


def test_a_job_that_filters_loads_no_model_and_makes_no_picture(shards: Path) -> None:
    summary = run(filtering(shards, filters=[QUALITY]))
    assert summary.counts_here.kept == 8
    assert "inference" not in summary.stages_here or not summary.stages_here["inference"].items
    kept = [row for row in rows(shards / "filtered") if row["status"] == "kept"]
    assert {len(str(row["sha256"])) for row in kept} == {64}
    assert "caption" not in kept[0]


def test_a_task_is_added_later_with_no_filter_run_again(shards: Path, checkpoint: Path) -> None:
    run(job(shards, checkpoint, filters=[QUALITY], output=f"{shards}/filtered"))
    later = {"short": {"kind": "alt_text", "max_new_tokens": 4}}
    with pytest.raises(JobError, match=r"tasks\..*there with filters_from: .*filtered to filter"):
        plan(job(shards, checkpoint, filters=[QUALITY], tasks=later, output=f"{shards}/filtered"))
    run(taking(shards, checkpoint, filters=[], tasks=later))
    run(job(shards, checkpoint, filters=[QUALITY], tasks=later, output=f"{shards}/one"))
    assert rows(shards / "taken") == rows(shards / "one")


def test_new_filters_judge_what_the_earlier_ones_kept(shards: Path, checkpoint: Path) -> None:
    run(filtering(shards, filters=[Redacting()]))
    stricter = {"kind": "text_quality", "min_words": 3, "applies_to": "source"}
    summary = run(taking(shards, checkpoint, filters=[Redacting(), stricter]))
    assert summary.counts_here.reasons["text_quality/text_too_short"] == 4
    assert summary.counts_here.reasons["redacting/told_so"] == 2


def test_a_chain_of_jobs_keeps_names_and_verdicts(shards: Path, checkpoint: Path) -> None:
    longer = {"kind": "text_quality", "min_words": 3, "applies_to": "source"}
    run(job(shards, checkpoint, filters=[QUALITY, longer], output=f"{shards}/one"))
    run(filtering(shards, "first", filters=[QUALITY]))
    run(filtering(shards, filters=[longer], filters_from=f"{shards}/first"))
    run(taking(shards, checkpoint, filters=[]))
    taken, one = ([r for r in rows(shards / name) if r["index"] != 5] for name in ("taken", "one"))
    # Without the last sample, whose header is read before the second filter in a chain.
    assert taken == one
    assert any(row["filter"] == "text_quality_2" for row in rows(shards / "taken"))


def test_parts_and_parquet_files_are_joined_by_index(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(7))
    content, _ = hostile.parquet()
    (tmp_path / "shards/b.parquet").write_bytes(content)
    reads = {"shards": f"{tmp_path}/shards/*", "carry": ["json:url"]}
    small, smaller = ({**reads, "max_samples_per_file": size} for size in (30, 3))
    run(filtering(tmp_path, filters=[QUALITY], input=small))
    run(taking(tmp_path, checkpoint, filters=[], input=smaller))
    run(job(tmp_path, checkpoint, filters=[QUALITY], input=reads, output=f"{tmp_path}/one"))
    # Blocks end with parts, and the last digits of log-probabilities depend on the blocks.
    compared = [rows(tmp_path / name, "caption_info") for name in ("taken", "one")]
    assert compared[0] == compared[1]


def test_the_hostile_shard_comes_to_the_same(tmp_path: Path, checkpoint: Path) -> None:
    content, _ = hostile.tar()
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards/hostile.tar").write_bytes(content)
    reads = {
        "shards": f"{tmp_path}/shards/*.tar",
        "carry": ["json:url"],
        "limits": {"max_text_bytes": 50_000, "max_text_characters": 5_000},
    }
    run(filtering(tmp_path, filters=[QUALITY], input=reads))
    run(taking(tmp_path, checkpoint, filters=[], input=reads))
    run(job(tmp_path, checkpoint, filters=[QUALITY], input=reads, output=f"{tmp_path}/one"))
    assert rows(tmp_path / "taken", "scores") == rows(tmp_path / "one", "scores")


def refusal(wanted: Job) -> str:
    with pytest.raises(JobError) as caught:
        plan(wanted)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_refusals(shards: Path, checkpoint: Path) -> None:
    taken = taking(shards, checkpoint)
    assert "filters_from: " in refusal(taken)
    assert "no output of shardmill" in refusal(taken) or "not an output" in refusal(taken)
    same = taken.model_copy(update={"output": f"{shards}/filtered"})
    assert refusal(same).startswith("output: is the one of filters_from")
    run(filtering(shards), limit_units=1)
    assert "has not committed 00001: run that job to its end" in refusal(taken)
    run(filtering(shards))
    plan(taken)
    unseen = taking(shards, checkpoint, input={"shards": f"{shards}/shards/*.tar", "carry": ["x"]})
    assert refusal(unseen).startswith("input.carry: x was not read so by")
    assert "give it in filters again" in refusal(taking(shards, checkpoint, filters=[]))
    write_shard(shards / "shards/00002.tar", pairs(1))
    assert "has no 00002.tar" in refusal(taken)
    write_shard(shards / "shards/00001.tar", pairs(1))
    (shards / "shards/00002.tar").unlink()
    assert "00001.tar changed since" in refusal(taken)


def test_a_unit_that_failed_there_fails_here(shards: Path, checkpoint: Path) -> None:
    cut = shards / "shards/00001.tar"
    cut.write_bytes(cut.read_bytes()[:2000])
    assert run(filtering(shards)).failed == ("00001",)
    reports = []
    summary = run(taking(shards, checkpoint), on_report=reports.append)
    assert (summary.failed, summary.units_here) == (("00001",), 1)
    assert {report.error for report in reports} == {"", "verdicts_missing"}


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_verdicts_that_are_not_the_ones_planned_for_fail_the_unit(
    shards: Path, checkpoint: Path, damage: str
) -> None:
    run(filtering(shards))
    file = shards / "filtered/00001.parquet"
    run(filtering(shards, "others", filters=[Redacting(), QUALITY]))
    other = (shards / "others/00001.parquet").read_bytes()
    file.write_bytes(file.read_bytes()[:-9] if damage == "cut" else other)
    reports = []
    run(taking(shards, checkpoint), on_report=reports.append)
    assert {report.error for report in reports} == {"", "verdicts_damaged"}


def test_an_image_that_is_not_the_one_judged_fails_the_unit(shards: Path, checkpoint: Path) -> None:
    run(filtering(shards))
    shard = shards / "shards/00001.tar"
    content = shard.read_bytes()
    times = shard.stat()
    fine = taking(shards, checkpoint)
    members = pairs(6, seed=9)
    write_shard(shard, members)
    shard.write_bytes(shard.read_bytes()[: len(content)].ljust(len(content), b"\0"))
    os.utime(shard, ns=(times.st_atime_ns, times.st_mtime_ns))
    reports = []
    run(fine, on_report=reports.append)
    assert {report.error for report in reports} == {"", "shard_changed"}


def test_what_was_stopped_within_a_shard_is_gone_on_with(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(7))
    reads = {"shards": f"{tmp_path}/shards/*.tar"}
    run(filtering(tmp_path, filters=[QUALITY], input={**reads, "max_samples_per_file": 3}))
    wanted = taking(tmp_path, checkpoint, input={**reads, "max_samples_per_file": 2}, filters=[])
    run(wanted)
    before = {path.name: path.read_bytes() for path in (tmp_path / "taken").glob("*.parquet")}
    assert len(before) == 4
    for name in ("a.00002.parquet", "a.00003-end.parquet"):
        (tmp_path / "taken" / name).unlink()
    assert run(wanted).counts_here.read == 3
    after = {path.name: path.read_bytes() for path in (tmp_path / "taken").glob("*.parquet")}
    assert after == before


def test_a_new_filter_that_has_nothing_to_judge_is_refused(shards: Path) -> None:
    source = {"kind": "text_quality", "min_words": 2}
    run(filtering(shards, filters=[source]))
    reads = {"shards": f"{shards}/shards/*.tar", "text": None}
    stricter = filtering(
        shards,
        "later",
        input=reads,
        filters=[source, {**source, "min_words": 3}],
        filters_from=f"{shards}/filtered",
    )
    assert "filters.1 (text_quality): has nothing to judge" in refusal(stricter)
    plan(stricter.model_copy(update={"filters": stricter.filters[:1]}))  # it ran there


SIZE = {"kind": "image_size", "min_side": 24, "max_aspect": 2.0}
WORDS = {"kind": "text_quality", "min_words": 3, "applies_to": "source"}
FLAT = {"kind": "image_quality", "min_contrast": 20.0}
RULES = {"kind": "text_safety_rules"}
DATA = {"kind": "personal_data", "infotypes": ["EMAIL_ADDRESS"]}


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("varied")
    texts = ("a fine long text by a@example.org", "two words", "one", "hardcore porn videos here")
    sides = ((24, 24), (20, 30), (64, 24), (30, 40))
    members = [("999.jpg", b"no image"), ("999.txt", b"three good words")]
    for index in range(24):
        text = texts[index % 4] if index % 5 else texts[1]
        members.append((f"{index:03}.jpg", jpeg(*sides[index // 4 % 4], index)))
        members.append((f"{index:03}.txt", text.encode()))
    write_shard(folder / "shards/a.tar", sorted(members))
    return folder


@pytest.mark.parametrize("evaluate", ["first", "all"])
def test_other_thresholds_give_what_a_fresh_run_gives(varied: Path, evaluate: str) -> None:
    before = [SIZE, WORDS, DATA, RULES, FLAT]
    keys = {"evaluate": evaluate}
    run(filtering(varied, f"{evaluate}/before", filters=before, **keys))
    old = rows(varied / f"{evaluate}/before")
    for number, changes in enumerate(
        (
            {0: {"min_side": 10}},
            {0: {"min_side": 30}},
            {1: {"min_words": 1}},
            {1: {"min_words": 4}},
            {0: {"max_aspect": 3.0}, 1: {"min_words": 2}, 3: {"pornography_at": None}},
        )
    ):
        if evaluate == "all" and number in (0, 3):
            continue
        filters = [{**given, **changes.get(i, {})} for i, given in enumerate(before)]
        name = f"{evaluate}/{number}"
        run(filtering(varied, f"{name}/fresh", filters=filters, **keys))
        taken = filtering(
            varied,
            f"{name}/taken",
            filters=filters,
            filters_from=f"{varied}/{evaluate}/before",
            **keys,
        )
        summary = run(taken)
        assert rows(varied / f"{name}/taken") == rows(varied / f"{name}/fresh"), changes
        assert rows(varied / f"{name}/taken") != old, changes
        assert verify(f"{varied}/{name}/taken").problems == ()
    again = filtering(
        varied, f"{evaluate}/chain", filters=filters[:1], filters_from=taken.output, **keys
    )
    run(again)
    decoded = ("truncated", "decoded_rows")  # only where a filter or the model decodes images
    chained = rows(varied / f"{evaluate}/chain", *decoded)
    assert chained == rows(varied / f"{name}/fresh", *decoded)
    seen = {each.name: each.seen for each in summary.counts_here.filters}
    assert 0 < seen["image_size"] < 25  # the others keep their verdicts
