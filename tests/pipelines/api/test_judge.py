"""Tests of `shardmill.judge`: verdicts on strings, the same as those of a job."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import pyarrow.parquet as pq
import pytest
from support.sample_data import job, jpeg, write_shard

from filters import TextFilter, TextQuality
from filters.base import Judge
from pipelines.api.judge import judge
from pipelines.operations.run import run
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep, redact

TEXTS = [
    "a quiet walk along the river with my sister",
    "word",
    "write to someone@example.org for the whole list",
    "a a a a a a a a",
    "",
    "you are a fucking idiot",
]
FILTERS: list[dict[str, Any]] = [
    {"kind": "text_quality", "min_words": 3},
    {"kind": "toxicity_rules"},
    {"kind": "personal_data"},
]


class Shout(TextFilter):
    """Drop shouted texts, and write the word please in small letters."""

    fields: ClassVar = "prose"
    kind: Literal["shout"] = "shout"

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item.value) for item in items]

    def _judge(self, text: str) -> Verdict:
        if text.isupper():
            return drop("text_shouted")
        quiet = text.replace("PLEASE", "please")
        return keep() if quiet == text else redact(quiet, {})


def test_the_verdicts_are_those_of_a_job_over_the_same_texts(tmp_path: Path) -> None:
    members = [
        member
        for n, text in enumerate(TEXTS)
        for member in ((f"{n}.jpg", jpeg(24, 24, n)), (f"{n}.txt", text.encode()))
    ]
    write_shard(tmp_path / "shards/a.tar", members)
    run(job(tmp_path, filters=FILTERS, model=None, tasks={}))
    stored = pq.read_table(tmp_path / "output/a.parquet").to_pylist()
    actions = {"kept": "keep", "dropped": "drop", "quarantined": "quarantine"}
    for verdict, row, text in zip(judge(TEXTS, FILTERS), stored, TEXTS, strict=True):
        changed = row["status"] == "kept" and row["source_text"] != text
        assert verdict["action"] == ("redact" if changed else actions[row["status"]])
        assert verdict["reason"] == row["reason"]
        assert verdict["filter"] == row["filter"]
        assert verdict["text"] == row["source_text"]
        scores = {pair["name"]: pair["value"] for pair in row["scores"]}
        assert verdict["scores"] == pytest.approx(scores)
        assert verdict["redactions"] == {
            pair["infotype"]: pair["count"] for pair in row["redactions"]
        }
    assert {row["status"] for row in stored} == {"kept", "dropped"}


def test_an_entry_is_plain_values() -> None:
    assert judge(["write to someone@example.org"], "personal_data") == [
        {
            "action": "redact",
            "filter": None,
            "reason": None,
            "scores": {"personal_data.matches": 1},
            "language": "unknown",
            "redactions": {"EMAIL_ADDRESS": 1},
            "text": "write to [EMAIL_ADDRESS]",
        }
    ]


def test_filters_are_given_by_kind_by_keys_or_as_instances() -> None:
    expected = judge(["one two"], {"kind": "text_quality", "min_words": 3})
    assert expected[0]["reason"] == "text_too_short"
    assert judge(["one two"], TextQuality(min_words=3)) == expected
    assert judge(["one two"], [TextQuality(min_words=3)]) == expected
    # A filter of answers judges the texts that it is given here.
    assert judge(["one two"], TextQuality(min_words=3, applies_to="generated")) == expected
    assert judge([], "text_quality") == []
    assert [row["action"] for row in judge(["PLEASE come", "STOP", "go"], Shout())] == [
        *("redact", "drop", "keep"),
    ]


def test_all_filters_give_scores_on_request() -> None:
    filters = [{"kind": "text_quality", "min_words": 3}, {"kind": "toxicity_rules"}]
    (first,) = judge(["fucking idiot"], filters)
    (both,) = judge(["fucking idiot"], filters, evaluate="all")
    assert not any(name.startswith("toxicity_rules") for name in first["scores"])
    assert any(name.startswith("toxicity_rules") for name in both["scores"])
    assert both["filter"] == first["filter"] == "text_quality"
    assert first["text"] is None


def test_a_text_that_no_job_reads_loses_nothing_else() -> None:
    rows = judge(["\ud800 and more words", "x" * 100_001, "a good text of words"], "text_quality")
    assert [(row["action"], row["reason"]) for row in rows] == [
        ("invalid", "text_not_utf8"),
        ("invalid", "text_too_large"),
        ("keep", None),
    ]


def test_more_texts_than_are_judged_together() -> None:
    texts = [f"number {n} is a good text" if n % 3 else "no" for n in range(150)]
    rows = judge(texts, "text_quality")
    assert [row["text"] for row in rows] == [text if text != "no" else None for text in texts]


@pytest.mark.parametrize(
    ("texts", "filters", "message"),
    [
        ("text", "text_quality", "texts: must be a list"),
        ([1], "text_quality", "texts[0]: is of type int: give text"),
        ([None], "text_quality", "texts[0]: is of type NoneType: give text"),
        (["a"], [], "filters: name at least one"),
        (["a"], "text_qualty", "filters[0]: there is no kind 'text_qualty'"),
        (["a"], 3, "filters: must be a list"),
        (["a"], [3], "filters[0]"),
        (["a"], ["text_quality", "image_size"], "filters[1]: image_size judges images: use"),
        (["a"], [{"kind": "number", "column": "n", "max": 1}], "number judges a carried column"),
        (["a"], {"kind": "text_quality", "min_word": 3}, "filters[0].min_word: unknown key"),
        (["a"], {"kind": "text_quality", "min_words": "x"}, "filters[0].min_words: "),
    ],
)
def test_a_mistake_names_the_argument(texts: Any, filters: Any, message: str) -> None:
    with pytest.raises(JobError) as caught:
        judge(texts, filters)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(JobError, match="evaluate"):
        judge(["a"], "text_quality", evaluate="some")
