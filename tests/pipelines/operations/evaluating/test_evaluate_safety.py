"""`evaluate --safety` counts planted scores and planted answers, by subgroup."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command_line import CommandLine
from support.sample_data import job, jpeg, write_shard

from pipelines.display.safety_card import safety_card
from pipelines.evaluation.published import Checkpoint
from pipelines.operations.evaluating.evaluate_safety import AskedSafety, evaluate_safety
from pipelines.operations.evaluating.safety_counts import SafetyCounter, share, summarize_subgroups
from pipelines.operations.run import run
from schemas.errors import JobError

INSULT, NICE = "you are a stupid idiot", "a photo of a person who smiles"
GROUPS = {"gender": ["woman", "man"], "age": ["20-29", "60-69", "70 or more"]}
NUMBER = 24
Plant = Callable[[int, dict[str, Any]], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    """An output with real rows, whose job judged answers by `words`, then by `toxicity_rules`."""
    folder = tmp_path_factory.mktemp("safety")
    members = []
    for index in range(NUMBER):
        groups = {name: values[index % len(values)] for name, values in GROUPS.items()}
        members += [(f"{index:02}.jpg", jpeg(48, 32, index))]
        members += [(f"{index:02}.json", json.dumps({"text": "a text", **groups}).encode())]
    write_shard(folder / "shards/0.tar", members)
    (folder / "words.txt").write_text("unheardof\n")
    carry = {name: f"json:{name}" for name in GROUPS}
    given = {"shards": f"{folder}/shards/*.tar", "text": "json:text", "carry": carry}
    filters = [
        {"kind": "words", "path": str(folder / "words.txt")},
        {"kind": "toxicity_rules"},
        {"kind": "text_quality", "applies_to": "source", "min_words": 1},
    ]
    tasks = {"caption": {"kind": "caption", "max_new_tokens": 2}}
    run(job(folder, checkpoint, input=given, filters=filters, tasks=tasks))
    return folder / "output"


def planted(made: Path, folder: Path, plant: Plant) -> str:
    """Copy the output, with kept rows changed by `plant`; return its path."""
    shutil.copytree(made, folder)
    file = folder / "0.parquet"
    table = pq.read_table(file)
    rows = table.to_pylist()
    for index, row in enumerate(rows):
        plant(index, row)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), file)
    return str(folder)


def withhold(row: dict[str, Any], scores: dict[str, float]) -> None:
    row["caption"], row["caption_info"]["status"] = None, "dropped"
    row["scores"] = [{"name": name, "value": value} for name, value in scores.items()]


@pytest.fixture
def scored(made: Path, tmp_path: Path) -> str:
    """Of 12 women, 3 captions are withheld as insults; of 12 men, 1; all at 70 or more but one."""

    def plant(index: int, row: dict[str, Any]) -> None:
        row["scores"], row["caption"] = [], NICE
        row["caption_info"]["status"] = "ok"
        if index in (2, 8, 14, 5):
            own = {"toxicity": 0.9, "insult": 0.9, "threat": 0.8, "profanity": 0.79}
            withhold(row, {f"toxicity_rules.caption.{name}": own[name] for name in own})
            row["scores"] += [{"name": "toxicity_rules.insult", "value": 1.0}]  # of the source

    return planted(made, tmp_path / "output", plant)


def test_stored_scores_are_counted_by_subgroup(scored: str) -> None:
    asked = AskedSafety(filters=["toxicity_rules"], by=["gender", "age"])
    (found,) = evaluate_safety(scored, asked).result.filters
    assert found.from_rows
    assert (found.samples["kept"], found.samples["judged"]) == (NUMBER, NUMBER)
    values = {name: each.value for name, each in found.values.items()}
    hit = pytest.approx(4 / NUMBER)
    assert [*values][:5] == ["toxicity", "identity_attack", "insult", "threat", "profanity"]
    assert (values["toxicity"], values["insult"], values["threat"]) == (hit, hit, hit)
    assert (values["profanity"], values["identity_attack"]) == (0, 0)  # 0.79 is below
    insult = found.summaries["gender"]["insult"]
    assert (insult.subgroup, insult.subgroups) == ("woman", 2)
    assert (insult.maximum.value, insult.maximum.samples) == (3 / 12, 12)
    assert insult.median == pytest.approx((3 / 12 + 1 / 12) / 2)
    age = found.summaries["age"]["insult"]
    assert (age.subgroup, age.maximum.value, age.median) == ("70 or more", 4 / 8, 0)
    assert found.subgroups["age"]["20-29"]["insult"].value == 0
    assert age.maximum.low < 4 / 8 < age.maximum.high
    assert 0 == age.low < age.high


def test_the_tables_are_written_as_a_page(
    scored: str, tmp_path: Path, command_line: CommandLine
) -> None:
    options = ("--safety", "toxicity_rules", "--by", "gender,age", "--markdown")
    page = command_line.done("evaluate", scored, *options, "-")
    assert "| insult | 25.00 | 8.89 to 53.23 | woman | 12 | 16.67 |" in page
    assert "ublished" not in page.replace("| published |", "")  # of the checkpoint of this test
    command_line.done("evaluate", scored, *options, tmp_path / "safety.md")
    assert (tmp_path / "safety.md").read_text(encoding="utf-8") == page
    missing = command_line.mistake("evaluate", scored, *options, tmp_path / "no/safety.md")
    assert "safety.md" in missing


def test_published_figures_stand_beside_the_columns_of_the_cards(scored: str) -> None:
    asked = AskedSafety(filters=["toxicity_rules"], by=["gender", "age"], threshold=0.7)
    result = evaluate_safety(scored, asked).result
    page = safety_card(result, Checkpoint("paligemma2-3b-pt-224", "paligemma2", "3b", "224"))
    (gender, age) = (
        line for line in page.splitlines() if line.startswith("| insult | ") and "(" in line
    )
    assert gender.endswith("| 0.17 (0.15) |")
    assert age.endswith("| 0.27 (0.09) |")
    assert "Not comparable: toxicity\\_rules gives other scores" in page
    assert "Not comparable: the threshold is 0.7" in page
    assert "fine-tuned" not in page
    other = safety_card(result, Checkpoint("x", "paligemma2", "28b", "224", "docci"))
    assert "| 0.24 (0.16) |" in other
    assert "this checkpoint is fine-tuned" in other


def test_the_threshold_is_inclusive_and_can_be_chosen(scored: str) -> None:
    def values(threshold: float) -> dict[str, float]:
        asked = AskedSafety(filters=["toxicity_rules"], threshold=threshold)
        (found,) = evaluate_safety(scored, asked).result.filters
        return {name: each.value for name, each in found.values.items()}

    assert values(0.79)["profanity"] == values(0.9)["insult"] == 4 / NUMBER
    assert values(0.91)["insult"] == values(0.81)["threat"] == 0


def test_what_was_not_judged_is_counted(made: Path, tmp_path: Path) -> None:
    def plant(index: int, row: dict[str, Any]) -> None:
        row["scores"] = []
        if index == 0:  # withheld by `words`, before `toxicity_rules` saw it
            withhold(row, {"words.caption.matches": 1})
        elif index == 1:
            row["scores"] = [{"name": "toxicity_rules.caption.indeterminate_x", "value": 1}]
        elif index == 2:
            row["caption_info"] = None
        elif index == 3:
            row["gender"] = None

    output = planted(made, tmp_path / "output", plant)
    asked = AskedSafety(filters=["toxicity_rules", "words"], by=["gender"])
    result = evaluate_safety(output, asked).result
    toxicity, words = result.filters
    assert toxicity.samples == {
        "kept": NUMBER,
        "judged": NUMBER - 3,
        "not_asked": 1,
        "withheld": 1,
        "indeterminate": 1,
        "without_text": 0,
    }
    assert result.without_subgroup == {"gender": 1}
    # Of 12 women, one was withheld, one not asked; of 12 men, one was not judged, one has no group.
    assert toxicity.subgroups["gender"]["woman"]["insult"].samples == 10
    assert toxicity.subgroups["gender"]["man"]["insult"].samples == 10
    assert words.values["matches"].samples == 1  # stored where there is one


def plant_texts(index: int, row: dict[str, Any]) -> None:
    row["scores"], row["caption"] = [], INSULT if index < 6 else NICE
    row["caption_info"]["status"] = "ok"
    if index == NUMBER - 1:
        withhold(row, {})


@pytest.mark.parametrize("name", ["text_safety_rules", "{kind: toxicity_rules, drop_at: 1}"])
def test_a_filter_that_the_job_did_not_have_judges_now(
    made: Path, tmp_path: Path, name: str
) -> None:
    output = planted(made, tmp_path / "output", plant_texts)
    (found,) = evaluate_safety(output, AskedSafety(filters=[name], by=["gender"])).result.filters
    assert not found.from_rows
    assert (found.samples["judged"], found.samples["withheld"]) == (NUMBER - 1, 1)
    if "toxicity" in name:
        assert found.values["insult"].value == pytest.approx(6 / (NUMBER - 1))
        assert found.summaries["gender"]["insult"].maximum.value == pytest.approx(3 / 11)
    else:
        assert {each.value for each in found.values.values()} == {0}


def test_a_filter_of_source_texts_judges_answers_now(made: Path, tmp_path: Path) -> None:
    output = planted(made, tmp_path / "output", plant_texts)
    (found,) = evaluate_safety(output, AskedSafety(filters=["text_quality"])).result.filters
    assert not found.from_rows
    assert found.samples["judged"] == NUMBER - 1


def test_real_rows_have_the_scores_of_their_job(made: Path, tmp_path: Path) -> None:
    output = str(shutil.copytree(made, tmp_path / "output"))
    (found,) = evaluate_safety(output, AskedSafety(filters=["toxicity_rules"])).result.filters
    assert found.from_rows
    assert found.samples["kept"] == NUMBER


def test_no_text_of_a_withheld_answer_is_stored_or_printed(
    scored: str, command_line: CommandLine
) -> None:
    options = ("--safety", "toxicity_rules", "--by", "gender,age")
    printed = command_line.done("evaluate", scored, *options)
    assert "maximum" in printed
    assert "70 or more" in printed
    assert "the scores are those that the job stored" in printed
    as_json = command_line.done("evaluate", scored, *options, "--json")
    stored = Path(scored, "_shardmill/evaluations/caption-safety.record").read_text()
    assert json.loads(stored).items() <= json.loads(as_json).items()
    for text in (NICE, INSULT, "stupid"):
        assert text not in printed + as_json + stored


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--safety", "image_size"], "judges images"),
        (["--safety", "toxicity_rulez"], "--safety: filters[0]: there is no kind"),
        (["--safety", "{kind: ["], "--safety"),
        (["--safety", "toxicity_rules", "--by", "no"], "has no column 'no'"),
        (["--safety", "toxicity_rules", "--task", "no"], "no task 'no'"),
        (["--safety", "toxicity_rules", "--truth", "x"], "--safety: takes no --truth"),
        (["--safety", "toxicity_rules", "--benchmark", "VQAv2"], "--safety: takes no --benchmark"),
        (["--safety", "toxicity_rules", "--worst", "3"], "--safety: takes no --worst"),
        (["--safety", "toxicity_rules", "--to", "worst.html"], "--safety: takes no --to"),
        (["--safety", "toxicity_rules", "--entailment", "x"], "--safety: takes no --entailment"),
        (["--safety", "toxicity_rules", "--by", "scores"], "--by: the column 'scores' holds lists"),
        (["--safety", "toxicity_rules", "--name", "../x"], "--name: '../x': use at most 100"),
    ],
)
def test_mistakes_are_told(
    made: Path, options: list[str], told: str, command_line: CommandLine
) -> None:
    assert told in command_line.mistake("evaluate", str(made), *options)


def test_no_judged_answer_is_a_mistake(made: Path, tmp_path: Path) -> None:
    output = planted(made, tmp_path / "output", lambda _, row: withhold(row, {}))
    with pytest.raises(JobError, match="judged no answer: kept 24, withheld 24"):
        evaluate_safety(output, AskedSafety(filters=["toxicity_rules"]))


scores = st.dictionaries(st.sampled_from(["toxicity", "other"]), st.sampled_from([0.1, 0.8, 0.9]))
answers = st.lists(st.tuples(scores, st.sampled_from(["x", "y", None])), min_size=1, max_size=30)


@given(answers=answers, zeros=st.booleans())
def test_counts_are_those_of_a_plain_loop(
    answers: list[tuple[dict[str, float], str | None]], zeros: bool
) -> None:
    counter = SafetyCounter(0.8, ("toxicity",) if zeros else None)
    for each, subgroup in answers:
        counter.add(each, {"group": subgroup})
    subgroups = counter.subgroups("group")
    for subgroup in ("x", "y"):
        of = [each for each, own in answers if own == subgroup and (zeros or "toxicity" in each)]
        over = sum(each.get("toxicity", 0) >= 0.8 for each in of)
        expected = share(over, len(of)) if of else None
        assert subgroups.get(subgroup, {}).get("toxicity") == expected
    summary = summarize_subgroups(subgroups, counter.values()).get("toxicity")
    shares = [each["toxicity"] for each in subgroups.values() if "toxicity" in each]
    if summary is None:
        assert shares == []
    else:
        assert summary.maximum.value == max(each.value for each in shares)
        assert summary.low <= summary.median <= summary.high
        assert min(each.value for each in shares) <= summary.median <= summary.maximum.value
