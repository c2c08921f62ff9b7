"""`calibrate` counts what thresholds do, and finds a planted one from decisions."""

import csv
import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.command_line import call
from support.sample_data import job, jpeg, write_shard

from pipelines.operations.calibrate import AskedScore, calibrate, count_thresholds
from pipelines.operations.run import run
from pipelines.operations.whatif import whatif
from pipelines.planning.decisions import CSV_COLUMNS, escape_cell
from schemas.errors import JobError

SAMPLES = 1000
IMAGE = jpeg(16, 16, 0)
TEXTS = {
    "en": "a quiet lake in the mountains of the north",
    "de": "Eine Katze schläft auf dem Dach",
}
VALUE = AskedScore("number")


def value(index: int) -> float:
    return (index * 7919 % SAMPLES) / SAMPLES


def is_bad(index: int) -> bool:
    """Return what a person would say: above 0.5 ever more samples are bad, above 0.7 all."""
    return random.Random(index).random() < (value(index) - 0.4) / 0.3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibrate")
    for shard in range(2):
        members = []
        for index in range(shard, SAMPLES, 2):
            name, language = f"{index:05}", "de" if index % 4 == 0 else "en"
            members += [
                (f"{name}.jpg", IMAGE),
                (f"{name}.txt", TEXTS[language].encode()),
                (f"{name}.json", json.dumps({"score": value(index)}).encode()),
            ]
        write_shard(folder / f"shards/{shard}.tar", members)
    run(filtering(folder))
    return folder


def filtering(folder: Path, **keys: Any) -> Any:
    number = {"kind": "number", "column": "score", "max": 0.9}
    languages = {"kind": "language", "languages": ["en", "de"]}
    given = {"shards": f"{folder}/shards/*.tar", "text": "txt", "carry": ["json:score"]}
    keys = {"filters": [number, languages], "evaluate": "all", "input": given, **keys}
    return job(folder, model=None, tasks={}, **{"output": f"{folder}/out", **keys})


def write_decisions(
    folder: Path,
    strata: list[tuple[float, float]],
    each: int,
    name: str = "decisions.csv",
    **cells: str,
) -> str:
    """Write the decisions about samples that are drawn from strata at random."""
    path, chance = folder / name, random.Random(1)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, CSV_COLUMNS)
        writer.writeheader()
        for low, high in strata:
            members = [index for index in range(SAMPLES) if low <= value(index) < high]
            members = [index for index in members if value(index) <= 0.9]  # others are dropped
            for index in sorted(chance.sample(members, min(each, len(members)))):
                row = {
                    "shard": f"{index % 2}.tar",
                    "index": index // 2,
                    "filter": "number",
                    "score": "number.value",
                    "value": value(index),
                    "stratum_from": escape_cell(str(low)),
                    "stratum_to": high,
                    "stratum_size": len(members),
                    "stratum_drawn": min(each, len(members)),
                    "digest": "0" * 64,
                    "decision": "reject" if is_bad(index) else "accept",
                }
                writer.writerow({**row, **cells})
    return str(path)


STRATA = [(-float("inf"), 0.3), (0.3, 0.45), (0.45, 0.55), (0.55, 0.7), (0.7, float("inf"))]


def test_thresholds_are_counted(folder: Path) -> None:
    table = count_thresholds(f"{folder}/out", VALUE)
    assert (table.score, table.worse, table.inclusive) == ("value", "higher", False)
    assert table.samples == SAMPLES
    assert table.outcomes == {"kept": 901, "quarantined": 0, "dropped": 99}
    values = [value(index) for index in range(SAMPLES)]
    assert [each.threshold for each in table.thresholds] == [step / 20 for step in range(1, 20)]
    for each in table.thresholds:
        assert each.rejected == sum(number > each.threshold + 1e-7 for number in values)
        assert each.passed == SAMPLES - each.rejected
        assert each.newly_rejected == max(each.rejected - 99, 0)
        assert each.newly_passed == max(99 - each.rejected, 0)
        assert each.fields == (("max",) if each.threshold == 0.9 else ())
        assert sum(each.by_language.values()) == each.rejected
    assert table.languages == {"en": 750, "de": 250}


def test_counts_are_those_of_whatif(folder: Path) -> None:
    for each in count_thresholds(f"{folder}/out", VALUE).thresholds[::6]:
        change = whatif(f"{folder}/out", [f"filters.0.max={each.threshold}"])
        reason = change.reasons["number/number_too_high"]
        if not change.unknown:
            assert (each.newly_rejected, each.newly_passed) == (
                reason.becomes_this,
                reason.becomes_kept,
            )


def test_sql_gives_the_same_numbers(folder: Path) -> None:
    each = count_thresholds(f"{folder}/out", VALUE).thresholds[11]
    (number,) = duckdb.sql(
        f"""
        SELECT count(*) FROM '{folder}/out/**/*.parquet'
        WHERE map_from_entries(scores)['number.value'] > {each.threshold}::FLOAT
        """
    ).fetchall()[0]
    assert number == each.rejected


def test_a_planted_threshold_is_found(folder: Path) -> None:
    shown = sorted((value(i), is_bad(i)) for i in range(SAMPLES) if value(i) <= 0.9)
    above = [[bad for number, bad in shown if number > at] for at, _ in shown[:-1]]
    precise = [at for (at, _), bad in zip(shown, above, strict=False) if sum(bad) / len(bad) >= 0.9]
    truth = min(precise)
    result = calibrate(f"{folder}/out", VALUE, write_decisions(folder, STRATA, 100), 0.9)
    assert result.accepted + result.rejected == 500
    assert (result.undecided, result.changed) == (0, 0)
    wanted = result.wanted
    assert wanted.loosest is not None
    assert wanted.estimate is not None
    assert wanted.surest is not None
    assert wanted.loosest <= truth <= wanted.surest
    assert abs(wanted.estimate - truth) < 0.05
    for each in result.estimates:
        beyond = [bad for number, bad in shown if number > each.threshold + 1e-7]
        recall = sum(beyond) / sum(bad for _, bad in shown)
        if beyond and each.precision is not None:
            assert each.precision.low <= sum(beyond) / len(beyond) <= each.precision.high
        if each.recall is not None:
            assert each.recall.low <= recall <= each.recall.high
    shown_at = [each.threshold for each in result.table.thresholds]
    assert {0.9, wanted.estimate, wanted.loosest, wanted.surest} <= set(shown_at)


def test_a_small_sample_is_told(folder: Path) -> None:
    file = write_decisions(folder, STRATA, 8, "small.csv")
    assert calibrate(f"{folder}/out", VALUE, file, 0.95).wanted.surest is None
    result = call("calibrate", f"{folder}/out", "--filter", "number", "--decisions", file)
    assert "too small to be sure of 95.0 %: that needs at least 73" in result.stdout
    assert "99 dropped" in result.stdout
    assert "threshold for a precision of 95.0 %" in result.stdout


def test_undecided_samples_and_other_sizes_are_told(folder: Path) -> None:
    file = Path(write_decisions(folder, STRATA, 10, "some.csv", stratum_size="9999"))
    file.write_text(file.read_text().replace(",accept", ",", 3))
    result = calibrate(f"{folder}/out", VALUE, str(file))
    assert (result.undecided, result.changed) == (3, 5)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"score": "other.value"}, "line 2: is about the score other.value, not number"),
        ({"score": ""}, "line 2: has no stratum: take the file of a page that calibrate wrote"),
        ({"stratum_from": "", "stratum_to": ""}, "line 2: has no stratum"),
        ({"decision": ""}, "has no decision"),
        ({"stratum_from": "0.9", "stratum_to": "1.0"}, "has a score outside of its stratum"),
        ({"shard": "7.tar"}, "line 2: sample .* of 7.tar is not among the kept and quarantined"),
        ({"digest": "0"}, "line 2: digest"),
    ],
)
def test_wrong_decisions_are_refused(folder: Path, cells: dict[str, str], message: str) -> None:
    file = write_decisions(folder, [(0.1, 0.3)], 5, "wrong.csv", **cells)
    with pytest.raises(JobError, match=rf"--decisions: .*wrong\.csv.*{message}"):
        calibrate(f"{folder}/out", VALUE, file)


def test_scores_without_a_decision_are_told(folder: Path) -> None:
    file = write_decisions(folder, STRATA[1:4], 10, "part.csv")
    result = calibrate(f"{folder}/out", VALUE, file)
    others = [i for i in range(SAMPLES) if value(i) <= 0.9 and not 0.3 <= value(i) < 0.7]
    assert result.without_decision == len(others)


def test_decisions_of_two_pages_are_refused(folder: Path) -> None:
    file = write_decisions(folder, [(0.1, 0.3), (0.2, 0.4)], 4, "two.csv")
    with pytest.raises(JobError, match=r"its stratum overlaps that of line 2"):
        calibrate(f"{folder}/out", VALUE, file)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (AskedScore("porn"), "porn is no filter of samples: .* has the filters number, language"),
        (AskedScore("number", "other"), "no row has a score other of number"),
        (AskedScore("language"), "language stores several: name one of de, en"),
        (AskedScore("language", "en"), "language.en has no threshold in the job: say which"),
    ],
)
def test_other_mistakes_are_refused(folder: Path, asked: AskedScore, message: str) -> None:
    with pytest.raises(JobError, match=message):
        count_thresholds(f"{folder}/out", asked)


def test_the_other_side_can_be_asked_for(folder: Path) -> None:
    table = count_thresholds(f"{folder}/out", VALUE._replace(worse="lower"))
    assert (table.worse, table.inclusive) == ("lower", False)
    assert [each.rejected for each in table.thresholds[:2]] == [50, 100]


def test_zeros_that_are_not_stored_are_counted(tmp_path: Path) -> None:
    texts = ["you stupid idiot", "a calm sea", "hello", "you idiot", "a picture of a damn dog"]
    members = []
    for index, text in enumerate(texts):
        members += [(f"{index}.jpg", IMAGE), (f"{index}.txt", text.encode())]
    write_shard(tmp_path / "shards/a.tar", members)
    rules = {"kind": "toxicity_rules", "languages": ["en"], "on_indeterminate": "keep"}
    given = {"shards": f"{tmp_path}/shards/*.tar", "text": "txt"}
    run(filtering(tmp_path, filters=[rules], input=given))
    table = count_thresholds(f"{tmp_path}/out", AskedScore("toxicity_rules", "insult"))
    assert table.languages == {}
    counted = table.samples
    assert counted + table.others + table.without_score == 5
    assert table.without_score == 0
    at_half = next(each for each in table.thresholds if each.threshold == 0.5)
    assert at_half.fields == ("quarantine_at",)
    assert 0 < at_half.rejected < counted
    # Of the stored scores, `toxicity` and `severe_toxicity` decide nothing.
    assert count_thresholds(f"{tmp_path}/out", AskedScore("toxicity_rules")) == table


def test_the_command_prints_tables(folder: Path) -> None:
    arguments = ["calibrate", f"{folder}/out", "--filter", "number"]
    result = call(*arguments)
    assert "of them kept now" in result.stdout
    assert "by language" in result.stdout
    shown = json.loads(call(*arguments, "--json").stdout)
    assert shown["samples"] == SAMPLES
    file = write_decisions(folder, STRATA, 20, "printed.csv")
    arguments = [*arguments, "--decisions", file, "--json"]
    shown = json.loads(call(*arguments).stdout)
    assert shown["accepted"] + shown["rejected"] == 100
    assert {"low", "high", "estimate"} == set(shown["estimates"][0]["precision"])
