"""Both sides of every bound of a carried number, and values that are no numbers."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from support.sample_data import images_column, job, pairs, parquet_bytes, write_shard

from filters import Number
from pipelines.operations.run import run
from schemas.sample import Sample, Text
from schemas.verdict import Verdict


def judged(value: str | None, **bounds: float) -> Verdict:
    texts = {} if value is None else {"punsafe": Text(value)}
    (verdict,) = Number(column="punsafe", **bounds).judge([Sample("a.tar", 0, texts, b"", 0, 0)])
    return verdict


@pytest.mark.parametrize(
    ("value", "bounds", "action", "reason"),
    [
        ("0.5", {"max": 0.5}, "keep", ""),
        ("0.5000001", {"max": 0.5}, "drop", "number_too_high"),
        ("3", {"min": 3}, "keep", ""),
        ("2.99", {"min": 3}, "drop", "number_too_low"),
        ("-1e-3", {"min": -0.001, "max": 0}, "keep", ""),
        ("0", {"min": 0, "max": 0}, "keep", ""),
        (None, {"max": 0.5}, "indeterminate", "number_missing"),
        ("", {"max": 0.5}, "indeterminate", "not_a_number"),
        ("nan", {"max": 0.5}, "indeterminate", "not_a_number"),
        ("-inf", {"max": 0.5}, "indeterminate", "not_a_number"),
        ("1e999", {"max": 0.5}, "indeterminate", "not_a_number"),
        ("true", {"max": 0.5}, "indeterminate", "not_a_number"),
        ("1_0", {"min": 0}, "indeterminate", "not_a_number"),
        ("٣", {"min": 0}, "indeterminate", "not_a_number"),
        ("0,3", {"max": 0.5}, "indeterminate", "not_a_number"),
    ],
)
def test_bounds_are_inclusive(
    value: str | None, bounds: dict[str, float], action: str, reason: str
) -> None:
    verdict = judged(value, **bounds)
    assert (verdict.action, verdict.reason) == (action, reason)
    assert verdict.scores == ({} if action == "indeterminate" else {"value": float(value or 0)})


@pytest.mark.parametrize(
    ("bounds", "message"),
    [({}, "name at least one"), ({"min": 2, "max": 1}, "min is above max")],
)
def test_wrong_bounds_are_refused(bounds: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Number(column="punsafe", **bounds)


@pytest.mark.parametrize("column", ["punsafe", "source_text", "key"])
def test_a_column_that_is_not_carried_is_refused(tmp_path: Any, column: str) -> None:
    stage = {"kind": "number", "column": column, "max": 0.5}
    shards = {"shards": f"{tmp_path}/*.tar", "carry": ["json:url"]}
    message = f"filters[0].column: {column!r} is not read from the shards: add it to input.carry "
    with pytest.raises(ValidationError, match=re.escape(message + "(known here: url)")):
        job(tmp_path, model=None, tasks={}, filters=[stage], input=shards)


def test_the_filters_of_a_users_own_judge_a_shard(tmp_path: Path) -> None:
    image = next(iter(pairs(1)))[1]
    captions = ["a red roof of the house", "a CASINO of the house", "ein altes Haus mit rotem Dach"]
    fields = [
        {"url": "https://a.example/1", "score": 0.1},
        {"url": "https://cdn.bad.example/2", "score": 0.2},
        {"url": "https://a.example/3", "score": 0.9},
        {"url": "https://a.example/4", "score": 0.5},
        {"url": "https://a.example/5"},
        {"url": "https://a.example/6", "score": 0.1},
    ]
    members = []
    for n, each in enumerate(fields):
        caption = captions[{3: 1, 5: 2}.get(n, 0)]
        members += [(f"{n}.jpg", image), (f"{n}.txt", caption.encode())]
        members.append((f"{n}.json", json.dumps(each).encode()))
    write_shard(tmp_path / "shards/a.tar", members)
    (tmp_path / "words.txt").write_text("casino\n")
    (tmp_path / "domains.txt").write_text("bad.example\n")
    stages = [
        {"kind": "language", "languages": ["en"]},
        {"kind": "words", "path": str(tmp_path / "words.txt")},
        {"kind": "domains", "column": "url", "path": str(tmp_path / "domains.txt")},
        {"kind": "number", "column": "score", "max": 0.5},
    ]
    own = job(
        tmp_path,
        model=None,
        tasks={},
        filters=stages,
        input={"shards": f"{tmp_path}/shards/*.tar", "carry": ["json:url", "json:score"]},
    )
    summary = run(own)
    rows = pq.read_table(f"{own.output}/a.parquet").to_pylist()
    assert [(row["status"], row["filter"], row["reason"]) for row in rows] == [
        ("kept", None, None),
        ("dropped", "domains", "domain_blocked"),
        ("dropped", "number", "number_too_high"),
        ("dropped", "words", "word_listed"),
        ("quarantined", "number", "number_missing"),
        ("dropped", "language", "language_unwanted"),
    ]
    assert summary.counts is not None
    seen = {each.name: each.seen for each in summary.counts.filters}
    assert seen == {"domains": 6, "number": 5, "language": 3, "words": 2}


@pytest.mark.parametrize(
    ("column", "statuses"),
    [
        (pa.array([1, 5, None], pa.int64()), ["kept", "dropped", "quarantined"]),
        (pa.array([0.5, float("nan"), 9.5]), ["kept", "quarantined", "dropped"]),
        (pa.array([Decimal("4.00"), Decimal("4.01"), None]), ["kept", "dropped", "quarantined"]),
        (pa.array([True, False, None]), ["quarantined"] * 3),
        (pa.array(["3", "x", "4.5"]), ["kept", "quarantined", "dropped"]),
    ],
    ids=["integers", "floats", "decimals", "booleans", "texts"],
)
def test_typed_columns_are_judged(tmp_path: Path, column: pa.Array, statuses: list[str]) -> None:
    images = images_column([content for _, content in list(pairs(3))[::2]])
    (tmp_path / "a.parquet").write_bytes(parquet_bytes({"image": images, "score": column}))
    stage = {"kind": "number", "column": "score", "max": 4}
    given = {"shards": f"{tmp_path}/a.parquet", "text": None, "carry": ["score"]}
    own = job(tmp_path, model=None, tasks={}, filters=[stage], input=given)
    run(own)
    (file,) = Path(own.output).glob("*.parquet")
    assert pq.read_table(file)["status"].to_pylist() == statuses
