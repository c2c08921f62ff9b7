"""`shardmill report`: its numbers, its samples, and outputs that are not finished."""

import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image
from support.command_line import call
from support.sample_data import jpeg, write_shard
from support.small_s3 import BUCKET, SmallS3

from pipelines.drift.detector import Change
from pipelines.drift.records import DriftRecord, write_record
from pipelines.evaluation.results import Comparison, Evaluation, PartValues, Value
from pipelines.operations.evaluating.evaluation_files import store_evaluation
from pipelines.operations.evaluating.safety_counts import FilterSafety, SafetyEvaluation, Share
from pipelines.operations.price import HourlyPrice
from pipelines.operations.reporting.mending import how_to_mend
from pipelines.operations.reporting.report_costs import CostTally
from pipelines.output.layout import Layout
from pipelines.output.output import open_output
from pipelines.storage.local import LocalStorage
from schemas.report import Summary

ROOT = Path(__file__).parents[3]
JOB = """\
name: test
input: {shards: "shards/*.tar", carry: [json:url]}
filters:
  - {kind: image_size, min_side: 40}
  - {kind: language, languages: [en]}
  - {kind: words, path: words.txt, action: quarantine}
  - {kind: personal_data}
output: output
"""
OWN = """
from filters import TextFilter
from schemas.verdict import keep

class Odd(TextFilter):
    kind: str = "odd"

    def load(self, resources):
        return self

    def judge(self, items):
        return [keep({"oddness": 0.5}) for _ in items]
"""
KEPT = "a fine picture of a red star over the <b>sea</b>"
MAIL = "planted@example.org"
TEXTS = [
    KEPT,
    f"a fine picture of the sea, please write to {MAIL} for more of them",
    "an odd picture of a red star over the sea",
    "ein schönes Bild von einem roten Stern über dem Meer",
]


def members(first: int = 0, small: bool = False) -> list[tuple[str, bytes]]:
    found = []
    for index, text in enumerate(TEXTS):
        side = 20 if small else 60 + 10 * index
        found += [
            (f"{index}.jpg", jpeg(2 * side, side, first + index)),
            (f"{index}.txt", text.encode()),
            (f"{index}.json", b'{"url": "https://example.org"}'),
        ]
    return found


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("words.txt").write_text("odd\n")
    Path("job.yaml").write_text(JOB)
    write_shard(tmp_path / "shards/a.tar", members())
    write_shard(tmp_path / "shards/b.tar", members(10, small=True))
    call("run", "job.yaml", "--quiet", code=0)
    return tmp_path


def numbers() -> dict[str, Any]:
    return dict(json.loads(call("report", "output", "--json").stdout))


def page(*options: object) -> str:
    call("report", "output", "--force", *options)
    return Path("report.html").read_text(encoding="utf-8")


def pictures(text: str) -> list[Image.Image]:
    encoded = re.findall(r'src="data:image/webp;base64,([^"]+)"', text)
    return [Image.open(BytesIO(b64decode(each))) for each in encoded]


def test_the_numbers_are_those_of_the_rows() -> None:
    found = numbers()
    rows = [r for file in Path("output").glob("*.parquet") for r in pq.read_table(file).to_pylist()]
    assert found["complete"] is True
    assert found["counts"]["read"] == len(rows)
    assert found["counts"]["kept"] == sum(row["status"] == "kept" for row in rows) == 2
    scores = {each["name"]: each for each in found["scores"]}
    stored = [
        (row["status"], each["name"], each["value"]) for row in rows for each in row["scores"]
    ]
    for name, score in scores.items():
        own = [each for each in stored if each[1] == name]
        if not name.startswith("language."):
            assert sum(score["kept"]["numbers"]) == sum(each[0] == "kept" for each in own)
            assert sum(score["others"]["numbers"]) == sum(each[0] != "kept" for each in own)
    side = scores["image_size.short_side"]
    assert [limit["field"] for limit in side["limits"]] == ["min_side"]
    assert (side["others"]["lowest"], side["kept"]["highest"]) == (20, 70)


def test_scores_named_after_languages_are_counted_together() -> None:
    names = [each["name"] for each in numbers()["scores"]]
    assert [name for name in names if name.startswith("language.")] == ["language.probability"]


def test_the_page_holds_everything_and_escapes_it() -> None:
    text = page()
    assert "&lt;b&gt;sea&lt;/b&gt;" in text
    assert "<b>sea" not in text
    assert not re.search(r'(?:src|href)="(?!data:image/webp;base64,|#)', text)
    assert "<script" not in text
    for part in ("image_size/image_too_small", "language/language_unwanted", "words/word_listed"):
        assert part in text
    assert "EMAIL_ADDRESS" in text


def test_nothing_of_other_samples_is_on_the_page() -> None:
    text = page()
    assert MAIL not in text
    for planted in ("schönes", "an odd picture"):
        assert planted not in text
    assert text.count("<li>\n<h3>") == len(pictures(text)) == 2


def test_the_same_output_gives_the_same_page(folder: Path) -> None:
    first = page()
    (folder / "output").rename(folder / "elsewhere")
    call("report", "elsewhere", "--force")
    assert Path("report.html").read_text(encoding="utf-8") == first


def test_samples_are_drawn_by_the_seed() -> None:
    names = {
        seed: re.findall(r"<h3>(.*?)</h3>\n(?:<img|<p)", page("--samples", 1, "--seed", seed))
        for seed in range(8)
    }
    assert all(len(found) == 1 for found in names.values())
    assert {found[0] for found in names.values()} == {"a.tar #0 0", "a.tar #1 1"}


def test_a_shard_that_is_gone_is_said_and_the_page_goes_on(folder: Path) -> None:
    (folder / "shards/a.tar").unlink()
    text = page()
    assert pictures(text) == []
    assert text.count("No picture: the shard is gone.") == 2
    assert "2 samples without a picture" in text


def test_a_changed_image_is_not_shown(folder: Path) -> None:
    write_shard(folder / "shards/a.tar", members(50))
    assert "No picture: the image has changed since its row was written." in page()


def test_an_output_that_is_not_finished_says_so(folder: Path) -> None:
    (folder / "output/b.parquet").unlink()
    (folder / "output/_SUCCESS").unlink()
    assert "not finished: 1 of 2 shards are committed" in page()
    assert numbers()["counts"]["read"] == len(TEXTS)


def test_failed_shards_are_listed_with_what_mends_them(folder: Path) -> None:
    write_shard(folder / "shards/c.tar", members(20))
    cut = folder / "shards/c.tar"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    call("run", "job.yaml", "--extend", "--quiet", code=3)
    text = page()
    assert "shard_truncated" in text
    assert "input.on_bad_shard: salvage" in text
    assert "shardmill retry output" in text
    assert numbers()["failures"][0]["unit"] == "c"


def test_an_output_without_rows_gives_a_page(folder: Path) -> None:
    for file in (folder / "output").glob("*.parquet"):
        file.unlink()
    (folder / "output/_SUCCESS").unlink()
    text = page()
    assert "No sample is committed yet." in text
    assert "No sample is kept." in text


def test_files_of_other_jobs_are_named_and_not_counted(folder: Path) -> None:
    table = pq.read_table("output/a.parquet")
    pq.write_table(table, "output/zz.parquet")
    assert "zz.parquet" in page()
    assert numbers()["counts"]["read"] == 2 * len(TEXTS)


def test_a_record_of_a_run_that_is_damaged_is_left_out(folder: Path) -> None:
    (record,) = (folder / "output/_shardmill/runs").iterdir()
    record.write_text("{")
    assert numbers()["runs"]["unreadable"] == 1
    assert "1 records of runs" not in page()
    assert "1 record of a run cannot be read" in page()


def test_an_output_and_its_shards_in_a_bucket(folder: Path, small_s3: SmallS3) -> None:
    bucket = small_s3.objects[BUCKET]
    for shard in (folder / "shards").iterdir():
        bucket[f"shards/{shard.name}"] = shard.read_bytes()
    job = JOB.replace("shards/", f"s3://{BUCKET}/shards/").replace(
        "output: ", f"output: s3://{BUCKET}/"
    )
    Path("job.yaml").write_text(job)
    call("run", "job.yaml", "--quiet")
    call("report", f"s3://{BUCKET}/output", "--force")
    text = Path("report.html").read_text(encoding="utf-8")
    assert len(pictures(text)) == 2
    assert "Requests to object stores" in text
    del bucket["shards/a.tar"]
    call("report", f"s3://{BUCKET}/output", "--force")
    gone = Path("report.html").read_text(encoding="utf-8")
    assert gone.count("No picture: the shard is gone.") == 2


def test_thresholds_of_an_earlier_output_are_shown(folder: Path) -> None:
    Path("next.yaml").write_text(
        "name: next\ninput: {shards: shards/*.tar, carry: [json:url]}\nfilters_from: output\n"
        "filters: [{kind: text_quality, min_words: 2}]\noutput: next-output\n"
    )
    call("run", "next.yaml", "--quiet")
    found = json.loads(call("report", "next-output", "--json").stdout)
    limits = {
        each["name"]: [limit["field"] for limit in each["limits"]] for each in found["scores"]
    }
    assert limits["image_size.short_side"] == ["min_side"]
    assert limits["text_quality.words"] == ["min_words", "max_words"]


def test_a_filter_of_the_users_own_is_not_imported(folder: Path) -> None:
    """Its scores are shown, without thresholds."""
    Path("own.yaml").write_text(
        "name: own\ninput: {shards: shards/*.tar}\n"
        "filters: [{kind: 'own_module_of_this_test:Odd'}]\noutput: own-output\n"
    )
    Path("own_module_of_this_test.py").write_text(OWN)
    arguments = [sys.executable, "-m", "shardmill", "run", "own.yaml", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{folder}"}
    subprocess.run(arguments, env=environment, check=True)
    found = json.loads(call("report", "own-output", "--json").stdout)
    assert found["without_limits"] == ["Odd"]
    assert {each["name"]: each["limits"] for each in found["scores"]} == {"Odd.oddness": []}
    assert "own_module_of_this_test" not in sys.modules


def test_changes_of_answers_are_on_the_page(folder: Path) -> None:
    change = Change(
        task="caption",
        characteristic="empty",
        unit="b",
        first=0.01,
        now=0.5,
        units=5,
        p_value=1e-9,
    )
    layout = Layout(str(folder / "output"))
    write_record(layout, LocalStorage(), "a-run", DriftRecord(changes=(change,)))
    assert numbers()["changes"][0]["task"] == "caption"
    assert "The answers changed: caption: 50.0% of the answers are empty" in page()


def test_evaluations_are_on_the_page(folder: Path) -> None:
    output = open_output("output")
    value = Value(value=0.51234, low=0.4, high=None)
    part = PartValues(samples=1, values={"rouge_l": value})
    told = Evaluation(
        output="a" * 64,
        task="caption",
        truth="<i>truth</i>",
        against="b" * 64,
        samples={"judged": 2, "without_truth": 5},
        values={"rouge_l": value.model_copy(update={"high": 0.6})},
        by="url",
        parts={f"<b>{number}</b>": part for number in range(250)},
        averages={"rouge_l": {"macro": 0.25}},
        comparisons={"rouge_l": Comparison(difference=value, better=3, worse=4, p_value=0.125)},
    )
    share = Share(value=0.25, low=0.125, high=0.5, samples=8)
    safety = SafetyEvaluation(
        output="a" * 64,
        task="caption",
        threshold=0.8,
        filters=(
            FilterSafety(
                filter="toxicity",
                from_rows=True,
                samples={},
                values={"insult": share},
                subgroups={"url": {"<u>x</u>": {"insult": share}}},
                summaries={},
            ),
        ),
        without_subgroup={},
    )
    store_evaluation(output, "mine", told)
    store_evaluation(output, "harm", safety)
    store_evaluation(output, "golden-caption-0123456789ab", told)
    (folder / "output/_shardmill/evaluations/torn.record").write_text("{")
    text = page()
    for words in ("0.5123", "0.4 to 0.6", "rouge_l", "5 kept samples not judged", "0.1250"):
        assert words in text
    assert "against the output with the fingerprint bbbbbbbbbbbb" in text
    assert "Kept samples: task caption, 2 samples, against the references in" in text
    assert "The golden set: task caption, 2 samples" in text
    assert text.count("url: &lt;b&gt;") == 2 * 199  # below the value of all samples
    assert "52 more rows" in text  # the mean of languages is the last one
    assert "url: &lt;u&gt;x&lt;/u&gt;" in text
    assert "25.00%" in text
    assert "The evaluation torn cannot be read" in text
    found = numbers()
    assert found["evaluations"]["mine"]["values"]["rouge_l"]["high"] == 0.6
    assert found["safety"]["harm"]["filters"][0]["values"]["insult"]["samples"] == 8
    assert found["damaged_evaluations"] == ["torn"]


def test_what_the_runs_cost_is_on_the_page() -> None:
    found = numbers()["runs"]
    assert found["costs"]["price"] is None
    assert found["costs"]["busy"]["filter image_size"]["items"] > 0
    told = json.loads(call("report", "output", "--json", "--price", "3600USD/h").stdout)["runs"]
    assert told["costs"]["price"] == pytest.approx(found["worker_seconds"], abs=0.06)
    assert told["costs"]["currency"] == "USD"
    text = page("--price", "3600USD/h")
    assert "price by itself" in text
    assert "filter image_size" in text
    assert "price by itself" not in page()
    assert "is no price of an hour" in call("report", "output", "--price", "cheap", code=2).output


def test_costs_of_runs_are_added_up(folder: Path) -> None:
    (record,) = (folder / "output/_shardmill/runs").glob("*.record")
    summary = Summary.model_validate_json(record.read_bytes())
    tally = CostTally()
    for seconds, wait, energy in ((10.0, 0.5, 100.0), (30.0, 0.1, None)):
        changes = {"worker_seconds_here": seconds, "engine_wait_here": wait}
        changes |= {"watt_hours_per_million_here": energy, "gpu_seconds_here": 2.0}
        tally.add(summary.model_copy(update={**changes, "seconds_here": 4.0}))
    costs = tally.costs(HourlyPrice.parse("90/h"))
    assert costs.engine_wait == pytest.approx(0.2)
    assert (costs.gpu_seconds, costs.price) == (4, 1.0)
    assert costs.watt_hours_per_million == 100
    assert costs.images_per_second == pytest.approx(2 * summary.counts_here.read / 8)


def test_an_existing_page_is_kept(folder: Path) -> None:
    Path("report.html").write_text("mine")
    assert "exists already" in call("report", "output", code=2).output
    assert Path("report.html").read_text() == "mine"


def test_every_documented_reason_of_a_failed_shard_has_its_own_advice() -> None:
    text = (ROOT / "docs/output.md").read_text(encoding="utf-8")
    section = text.split("Shards that fail, with the byte")[1].split("## Personal data")[0]
    reasons = re.findall(r"`([a-z_N]+)`", section.replace("run the job again", ""))
    unknown = how_to_mend("of_another_version")
    general = {"service_unavailable", "service_timeout", "service_answer_incomplete"}
    shards = [
        reason
        for reason in reasons
        if re.match(r"shard_|columns_|footer_|verdicts_|service_|deadline_|worker_", reason)
    ]
    assert len(shards) > 20
    for reason in shards:
        assert (how_to_mend(reason.replace("N", "9")) == unknown) == (reason in general), reason
