"""Tests the order in which filters run, and the counts of samples that each filter saw."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from support.sample_data import job, pairs, write_shard

from filters import ImageFilter, ImageSize, TextFilter
from filters.base import Filter, Judge
from pipelines.annotation.filtering import FilterChain
from pipelines.config.job import Job
from pipelines.display.plan_table import plan_table
from pipelines.display.tables import summary_table
from pipelines.operations.run import run
from pipelines.output.footers import read_footers
from pipelines.output.output import open_output
from pipelines.planning.filter_order import filter_order
from pipelines.planning.plan import plan
from pipelines.rows.counts import count
from pipelines.rows.row import Row
from pipelines.storage.local import LocalStorage
from schemas.report import Counts, FilterCounts
from schemas.resources import Resources
from schemas.sample import Sample, Text
from schemas.verdict import Verdict, drop, keep, quarantine, redact

RESOURCES = Resources(open=LocalStorage().open)
ACTIONS = ("keep", "redact", "quarantine", "drop")


def verdict(action: str) -> Verdict:
    return {
        "keep": keep(),
        "redact": redact("[X]", {"X": 1}),
        "quarantine": quarantine("odd"),
        "drop": drop("bad"),
    }[action]


class Scripted(TextFilter):
    """Judges the sample whose key is `n` as `actions[n]` says."""

    kind: str = "texts"
    actions: tuple[str, ...]

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [verdict(self.actions[len(item.value) - 1]) for item in items]


class ScriptedImages(ImageFilter):
    """Judges the sample at `n` as `actions[n]` says."""

    kind: str = "images"
    reads: ClassVar[Literal["bytes", "header", "frames"]] = "bytes"
    actions: tuple[str, ...]

    def load(self, resources: Resources) -> Judge[Sample]:
        return self

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        actions = [self.actions[item.index] for item in items]
        return [keep() if action == "redact" else verdict(action) for action in actions]


class ScriptedFrames(ScriptedImages):
    kind: str = "frames"
    reads: ClassVar[Literal["bytes", "header", "frames"]] = "frames"


class Concealing(ScriptedFrames):
    kind: str = "concealing"
    conceals: ClassVar[bool] = True


_SAMPLES = 6
_actions = st.tuples(*[st.sampled_from(ACTIONS)] * _SAMPLES)


@st.composite
def chains(draw: Any) -> list[Filter]:
    kinds = draw(
        st.lists(
            st.sampled_from([Scripted, ScriptedImages, ScriptedFrames, Concealing]),
            min_size=1,
            max_size=4,
        )
    )
    return [kind(actions=draw(_actions)) for kind in kinds]


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    chains(),
    st.sets(st.integers(0, _SAMPLES - 1)),
    st.sets(st.integers(0, _SAMPLES - 1)),
    st.booleans(),
)
def test_the_counts_of_filters_add_up(
    filters: list[Filter], damaged: set[int], undecodable: set[int], evaluate_all: bool
) -> None:
    chain = FilterChain(filters, RESOURCES, evaluate_all)
    rows = [Row("a.tar", n, texts={"key": Text("k" * (n + 1))}) for n in range(_SAMPLES)]
    for row in rows:
        row.reject("invalid", "image_missing") if row.index in damaged else None
    chain.on_texts(chain.on_bytes(rows))
    for row in filter(chain.should_judge, rows):
        if row.index in undecodable:
            row.reject("invalid", "image_unreadable")
    chain.on_frames(chain.on_header(rows))

    zeros = Counts(filters=tuple(FilterCounts(name=name) for name in chain.running_order))
    parts = sum((count(rows[start : start + 2]) for start in range(0, _SAMPLES, 2)), zeros)
    assert parts.filters == (zeros + count(rows)).filters
    funnel = parts.filters
    assert [each.name for each in funnel] == list(chain.running_order)
    assert sum(each.dropped for each in funnel) == parts.dropped
    assert sum(each.quarantined for each in funnel) == parts.quarantined
    only_frames = set(chain.running_order) <= {"frames", "concealing"} | {
        f"{kind}_{n}" for kind in ("frames", "concealing") for n in range(5)
    }
    never_seen = len(damaged | undecodable if only_frames else damaged)
    assert sum(each.invalid_after for each in funnel) == parts.invalid - never_seen
    left = _SAMPLES - never_seen
    for each in funnel:
        assert each.seen >= left if evaluate_all else each.seen == left
        left -= each.dropped + each.quarantined + each.invalid_after
    assert left == parts.kept


def test_redacted_samples_are_counted_once_for_each_filter() -> None:
    chain = FilterChain([Scripted(actions=("redact",) * 6)] * 2, RESOURCES)
    rows = [Row("a.tar", 0, texts={"key": Text("k"), "url": Text("kk")})]
    chain.on_texts(rows)
    assert count(rows).filters == (
        FilterCounts(name="texts", seen=1, redacted=1),
        FilterCounts(name="texts_2", seen=1, redacted=1),
    )


def filtering_job(folder: Path, **keys: Any) -> Job:
    filters = [
        {"kind": "image_quality"},
        {"kind": "image_size", "min_side": 20},
        {"kind": "personal_data"},
        {"kind": "text_quality", "min_words": 5},
    ]
    return job(folder, **{"model": None, "tasks": {}, "filters": filters, **keys})


def test_a_resumed_run_counts_the_samples_that_every_filter_saw(tmp_path: Path) -> None:
    small = [
        ("small.jpg", next(iter(pairs(1, side=9)))[1]),
        ("small.txt", b"one two three four five"),
    ]
    broken = [
        ("torn.jpg", b"\xff\xd8\xff\xe0 no image"),
        ("torn.txt", b"please mail me: jo@example.com ok"),
    ]
    empty = [("void.jpg", b""), ("void.txt", b"one two three four five")]
    write_shard(tmp_path / "shards/a.tar", [*pairs(3), *small, *broken, *empty])
    write_shard(tmp_path / "shards/b.tar", [("0.jpg", small[0][1]), ("0.txt", b"short")])
    own = filtering_job(tmp_path)
    run(own, limit_units=1)
    summary = run(own)
    assert summary.counts is not None
    assert summary.counts.filters == (
        FilterCounts(name="personal_data", seen=6, redacted=1),
        FilterCounts(name="text_quality", seen=6, dropped=1, invalid_after=1),
        FilterCounts(name="image_size", seen=4, dropped=1),
        FilterCounts(name="image_quality", seen=3),
    )
    assert [each.seen for each in summary.counts_here.filters] == [1, 1, 0, 0]
    output = open_output(own.output, LocalStorage())
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(summary_table(summary, output.layout), plan_table(plan(own)))
    shown = [line.split() for line in console.export_text().splitlines()]
    assert ["6", "1", "0", "0", "text_quality"] in shown
    assert ["seen", "dropped", "quarantined", "redacted", "invalid", "by"] in [
        line[1:] if line[:1] == ["filters"] else line for line in shown
    ]
    assert ["1", "unreadable", "images"] in shown
    assert ["filters", "on", "texts:", "personal_data,", "text_quality"] in shown
    assert ["on", "the", "image", "size:", "image_size"] in shown
    footers = [*read_footers(LocalStorage(), output.layout, ["a.parquet", "b.parquet"])]
    assert footers[0].counts + footers[1].counts == summary.counts
    stored = [*Path(output.layout.root).glob("_shardmill/runs/*")]
    assert any(
        json.loads(path.read_text())["counts"]["filters"][3]["name"] == "image_quality"
        for path in stored
        if path.is_file()
    )


@pytest.mark.parametrize(
    ("tasks", "answers"),
    [(False, {}), (True, {"answers": ["personal_data", "toxicity_rules"]})],
)
def test_a_plan_names_the_order_in_which_filters_run(
    tmp_path: Path, checkpoint: Path, tasks: bool, answers: dict[str, list[str]]
) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(1))
    hashes = tmp_path / "hashes.csv"
    hashes.write_text(f"algorithm,hash\nmd5,{'0' * 32}\n")
    filters = [
        {"kind": "image_quality"},
        {"kind": "image_size"},
        {"kind": "personal_data"},
        {"kind": "toxicity_rules", "applies_to": "generated"},
        {"kind": "hash_list", "path": str(hashes)},
        {"kind": "image_size", "min_side": 1},
    ]
    own = {} if tasks else {"model": None, "tasks": {}}
    if not tasks:
        filters.pop(3)
    planned = plan(job(tmp_path, checkpoint, filters=filters, **own))
    assert filter_order(planned.work) == {
        "bytes": ["hash_list"],
        "texts": ["personal_data"],
        "header": ["image_size", "image_size_2"],
        "frames": ["image_quality"],
        **answers,
    }


def test_an_earlier_output_rejects_samples_before_any_filter_sees_them(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(4))
    first = filtering_job(tmp_path, filters=[{"kind": "image_size", "min_side": 25}])
    run(first)
    second = filtering_job(
        tmp_path,
        filters=[{"kind": "image_size", "min_side": 25}, ImageSize(min_side=20)],
        filters_from=first.output,
        output=str(tmp_path / "second"),
    )
    summary = run(second)
    assert summary.counts is not None
    assert summary.counts.dropped == 4
    assert summary.counts.filters == (FilterCounts(name="image_size_2"),)
