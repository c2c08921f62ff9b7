"""`whatif` counts from stored scores what a run with other thresholds gives."""

import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console
from support.command_line import call
from support.sample_data import job, jpeg, write_shard

from pipelines.config.job import Job
from pipelines.display.whatif import whatif_table
from pipelines.operations.run import run
from pipelines.operations.whatif import ReasonChange, WhatIf, whatif
from schemas.errors import JobError

TEXTS = [
    "a red square on a blue ground",
    "word word word word word",
    "two words",
    "one",
    "you stupid idiot",
    "hardcore porn videos",
    "sex education for teenagers at school",
    "Eine Katze sitzt auf dem warmen Dach und schläft",
    "это обычное описание красивой фотографии",
    "a fucking great picture of a dog",
]
SIDES = [(20, 20), (24, 40), (40, 44), (11, 10), (60, 20), (32, 48)]
FILTERS: list[dict[str, Any]] = [
    {"kind": "image_size", "min_side": 20, "max_aspect": 2.0},
    {"kind": "text_quality", "min_words": 3},
    {"kind": "text_safety_rules", "languages": ["en"]},
    {"kind": "toxicity_rules", "languages": ["en"]},
    {"kind": "image_quality", "min_contrast": 10.0},
    {"kind": "personal_data", "infotypes": ["EMAIL_ADDRESS"], "action": "drop"},
    {"kind": "language", "languages": ["en", "de"]},
]
CHANGES = [
    ["filters.0.min_side=10"],
    ["filters.0.min_side=25", "filters.0.max_aspect=1.1"],
    ["filters.0.max_aspect=3"],
    ["filters.1.min_words=1"],
    ["filters.1.min_words=5", "filters.0.min_side=1"],
    ["filters.0.max_aspect=1.1", "filters.0.min_side=1"],
    ["filters.1.max_repetition=1"],
    ["filters.3.attributes=[threat]"],
    ["filters.2.pornography_at=null", "filters.2.quarantine_at=0.9"],
    ["filters.2.quarantine_at=0.1"],
    ["filters.3.drop_at=0.3", "filters.3.quarantine_at=0.2"],
    ["filters.4.min_contrast=60"],
    ["filters.6.languages=[en]"],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whatif")
    members = []
    for index in range(60):
        side = SIDES[index % len(SIDES)]
        text = TEXTS[(index * 7) % len(TEXTS)] + (" a@example.org" if index % 11 == 0 else "")
        members += [(f"{index:03}.jpg", jpeg(*side, index)), (f"{index:03}.txt", text.encode())]
    write_shard(
        folder / "shards/a.tar", [*members, ("999.jpg", b"no"), ("999.txt", b"one two three")]
    )
    run(filtering(folder, "all", evaluate="all"))
    run(filtering(folder, "first"))
    return folder


def filtering(folder: Path, name: str, **keys: Any) -> Job:
    keys = {"filters": FILTERS, **keys}
    return job(folder, model=None, tasks={}, output=f"{folder}/{name}", **keys)


def after(result: WhatIf) -> Counter[str]:
    return Counter({name: change.after for name, change in result.reasons.items()})


def truth(folder: Path, changes: Sequence[str], name: str, **keys: Any) -> Counter[str]:
    made = json.dumps(filtering(folder, name, **keys).model_dump(mode="json"))
    counts = run(Job.parse(made, "job", changes)).counts
    assert counts is not None
    return Counter({**counts.reasons, "kept": counts.kept})


def test_it_counts_what_a_run_gives(folder: Path, tmp_path: Path) -> None:
    changed = 0
    for number, changes in enumerate(CHANGES):
        result = whatif(f"{folder}/all", changes)
        expected = truth(folder, changes, f"{tmp_path}/{number}", evaluate="all")
        assert (result.unknown, after(result)) == (0, +expected), changes
        changed += after(result) != truth(folder, [], "all", evaluate="all")
    assert changed >= 8


def test_without_the_scores_of_all_filters_the_rest_is_unknown(folder: Path) -> None:
    stricter = whatif(f"{folder}/first", ["filters.0.min_side=25"])
    assert stricter.unknown == 0
    assert after(stricter) == truth(folder, ["filters.0.min_side=25"], "first-strict")
    looser = whatif(f"{folder}/first", ["filters.1.min_words=1"])
    counts = truth(folder, ["filters.1.min_words=1"], "first-loose")
    assert looser.unknown == looser.reasons["text_quality/text_too_short"].unknown > 0
    assert all(number <= counts[name] for name, number in after(looser).items())


def test_sql_gives_the_same_numbers(folder: Path) -> None:
    result = whatif(f"{folder}/all", ["filters.0.min_side=25"])
    (number,) = duckdb.sql(
        f"""
        SELECT count(*) FROM '{folder}/all/**/*.parquet'
        WHERE status = 'kept'
          AND map_from_entries(scores)['image_size.short_side'] < 25
        """
    ).fetchall()[0]
    assert number == result.reasons["image_size/image_too_small"].becomes_this > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([], "name a change, such as --set filters.0.min_side=100"),
        (["filters.2.languages=[de]"], r"text_safety_rules.languages: .* change a threshold"),
        (["filters.5.action=redact"], r"personal_data.action: .*\(none\)"),
        (["evaluate=first"], "only thresholds of filters"),
        (["filters.0={kind: image_quality}"], "kinds of filters may not change"),
        (["filters.0.min_side=-1"], "min_side"),
    ],
)
def test_other_changes_are_refused(folder: Path, settings: list[str], message: str) -> None:
    with pytest.raises(JobError, match=message):
        whatif(f"{folder}/all", settings)


def test_the_command_shows_what_changes(folder: Path) -> None:
    arguments = ["whatif", f"{folder}/first", "--set", "filters.1.min_words=1"]
    result = call(*arguments)
    assert "text_quality.min_words: 3 -> 1" in result.stdout
    assert "evaluate: all" in result.stdout
    shown = json.loads(call(*arguments, "--json").stdout)
    assert (
        shown["before"]["kept"]
        + sum(change["before"] for name, change in shown["reasons"].items() if name != "kept")
        == 61
    )
    assert shown["not_from_scores"] == []


def test_the_table_shows_whole_reasons_in_80_columns() -> None:
    change = ReasonChange(before=12_345_678, after=9, becomes_kept=8, becomes_this=7)
    name = "image_size/image_too_elongated"
    result = WhatIf(
        output="out", changes=(), evaluate="all", before={}, after={}, unknown=12,
        reasons={name: change}, not_from_scores=(),
    )  # fmt: skip
    console = Console(file=io.StringIO(), width=80)
    console.print(whatif_table(result))
    assert isinstance(console.file, io.StringIO)
    line = console.file.getvalue().splitlines()[-1]
    assert line.split() == [name, "12345678", "9", "8", "7", "0"]
