"""A job takes the rows of an earlier output that fulfill its condition; others are dropped."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.planning.plan import plan
from schemas.errors import JobError

TASKS = {"caption": {"kind": "caption", "max_new_tokens": 3}}
LARGE = {"caption": {"kind": "describe", "max_new_tokens": 4}}


@pytest.fixture
def small(tmp_path: Path, checkpoint: Path) -> Job:
    texts = ["two words", "a", "three more words", "four words are here", "still two words"]
    for unit in range(2):
        images = [member for member in pairs(len(texts), unit) if member[0].endswith("jpg")]
        written = [(f"{index:06}.txt", text.encode()) for index, text in enumerate(texts)]
        write_shard(tmp_path / f"shards/{unit:05}.tar", sorted([*images, *written]))
    quality = {"kind": "text_quality", "min_words": 2}
    small = job(tmp_path, checkpoint, filters=[quality], tasks=TASKS, output=f"{tmp_path}/small")
    run(small)
    return small


def second(small: Job, checkpoint: Path | None, name: str, **keys: Any) -> Job:
    keys = {"tasks": LARGE, "filters_from": small.output, **keys}
    folder = Path(small.output).parent
    return job(folder, checkpoint, output=f"{folder}/{name}", **keys)


def rows(output: str) -> list[dict[str, Any]]:
    tables = [pq.read_table(file) for file in Path(output).rglob("*.parquet")]
    found = [row for table in tables for row in table.to_pylist()]
    return sorted(found, key=lambda row: (row["shard"], row["index"]))


def test_unsure_rows_alone_are_asked_again(small: Job, checkpoint: Path) -> None:
    before = rows(small.output)
    unsure = sorted(
        row["caption_info"]["mean_logprob"] for row in before if row["caption"] is not None
    )
    middle = (unsure[3] + unsure[4]) / 2
    large = second(small, checkpoint, "large", where=f"caption_info.mean_logprob < {middle}")
    counts = run(large).counts
    assert counts is not None
    assert counts.reasons == {"text_quality/text_too_short": 2, "where/not_selected": 4}
    assert verify(large.output).problems == ()
    run(full := second(small, checkpoint, "all"))
    everything = rows(full.output)
    for was, now, asked in zip(before, rows(large.output), everything, strict=True):
        score = (was["caption_info"] or {}).get("mean_logprob")
        if score is not None and score < middle:
            assert now["caption_info"].pop("mean_logprob") == pytest.approx(
                asked["caption_info"].pop("mean_logprob"), abs=1e-4
            )  # blocks, and so the order of sums, are not the same
            assert now == asked
        elif was["status"] == "kept":
            assert (now["status"], now["filter"], now["reason"]) == (
                "dropped",
                "where",
                "not_selected",
            )
            assert now["source_text"] is now["sha256"] is now["caption"] is now["key"] is None
        else:
            assert (now["status"], now["reason"]) == (was["status"], was["reason"])


def test_a_later_job_and_other_thresholds_leave_the_selection(small: Job, checkpoint: Path) -> None:
    long = second(
        small,
        None,
        "long",
        where="length(source_text) > 12",
        tasks={},
        model=None,
        filters=[{"kind": "image_size", "min_side": 1}],
    )
    run(long)
    expected = ["not_selected", "text_too_short", None, None, None] * 2
    assert [row["reason"] for row in rows(long.output)] == expected
    looser = second(
        long,
        None,
        "looser",
        tasks={},
        model=None,
        filters=[{"kind": "text_quality", "min_words": 1, "min_characters": 1}],
    )
    run(looser)
    expected = ["not_selected", None, None, None, None] * 2
    assert [row["reason"] for row in rows(looser.output)] == expected
    # A sample that the earlier output did not keep has no values to compare.
    both = second(
        small,
        None,
        "both",
        tasks={},
        model=None,
        where="length(source_text) > 12",
        filters=[{"kind": "text_quality", "min_words": 1, "min_characters": 1}],
    )
    run(both)
    assert [row["reason"] for row in rows(both.output)] == expected


def test_the_condition_belongs_to_the_job(small: Job, checkpoint: Path) -> None:
    one, other = (
        second(small, checkpoint, "large", where=text) for text in ("index > 1", "index > 2")
    )
    assert plan(one).work.fingerprint != plan(other).work.fingerprint
    run(one)
    with pytest.raises(JobError, match="begun with where = index > 1, now it is index > 2"):
        plan(other)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "captoin_info.mean_logprob < 1",
            "small has no column captoin_info: it has caption_info",
        ),
        ("caption_info.mean_logprob < 'a'", "different types"),
    ],
)
def test_a_condition_is_checked_before_work_starts(
    small: Job, checkpoint: Path, text: str, named: str
) -> None:
    with pytest.raises(JobError, match=f"^where: .*{named}"):
        plan(second(small, checkpoint, "large", where=text))


def test_a_condition_needs_an_earlier_output(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="where: is about rows of an earlier output"):
        job(tmp_path, where="index > 1")
    with pytest.raises(ValueError, match="where: expects and, or, or the end"):
        job(tmp_path, where="index > 1 index", filters_from="x")
