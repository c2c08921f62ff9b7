"""`calibrate --to` draws a stratified sample of what may be shown, and writes a page with it."""

import csv
import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.command_line import call
from support.sample_data import job, jpeg, write_shard
from typer.testing import Result

from pipelines.calibration.draw import StratifiedDraw
from pipelines.operations.run import run
from pipelines.planning.decisions import CSV_COLUMNS
from pipelines.review.sample import COLUMNS

LISTED, DROPPED, OTHER, SECRET = "listed lake", "stupid idiot", "strangeword", "me@example.org"
TEXTS = (
    "a calm sea under a gray sky",
    "a damn good picture of a dog",
    "an idiot on a red bicycle",
    f"a letter to {SECRET} on a table",
    f"you {DROPPED}",
    f"{OTHER} on a damn wall",
)
SAMPLES = 90
OUT = ["calibrate", "out", "--filter", "toxicity_rules", "--score", "insult"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibrate_page")
    listed = jpeg(24, 24, 99)
    members = []
    for index in range(SAMPLES):
        text = f"{TEXTS[index % len(TEXTS)]}, number {index}"
        image = jpeg(24, 24, index % 7)
        if index == 30:
            text, image = LISTED, listed
        members += [(f"{index:03}.jpg", image), (f"{index:03}.txt", text.encode())]
    write_shard(folder / "shards/a.tar", members)
    digest = hashlib.sha256(listed).hexdigest()
    (folder / "hashes.csv").write_text(f"algorithm,hash,source,label\nsha256,{digest},x,y\n")
    (folder / "words.txt").write_text(f"{OTHER}\n")
    filters = [
        {"kind": "hash_list", "path": f"{folder}/hashes.csv"},
        {"kind": "words", "path": f"{folder}/words.txt", "action": "quarantine"},
        {"kind": "toxicity_rules", "quarantine_at": 0.3, "on_indeterminate": "keep"},
        {"kind": "personal_data", "infotypes": ["EMAIL_ADDRESS"]},
    ]
    given = {"shards": f"{folder}/shards/*.tar", "text": "txt"}
    keys = {"filters": filters, "evaluate": "all", "input": given, "output": f"{folder}/out"}
    run(job(folder, model=None, tasks={}, **keys))
    return folder


def call_on(folder: Path, *arguments: object, code: int = 0) -> Result:
    given = [folder / each if each == "out" else each for each in arguments]
    return call(*given, code=code)


def shown(page: str) -> list[dict[str, Any]]:
    content = Path(page).read_text(encoding="utf-8")
    found = re.findall(r'<script type="application/json" class="sample">(.*?)</script>', content)
    return [json.loads(each) for each in found]


def decide(page: str, file: str = "decisions.csv") -> int:
    """Write the decisions of a person who rejects insults; return how many are rejections."""
    rejected = 0
    with Path(file).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, CSV_COLUMNS)
        writer.writeheader()
        for sample in shown(page):
            is_bad = any("idiot" in text for _, text in sample["texts"])
            rejected += is_bad
            row = dict(zip(COLUMNS, sample["cells"], strict=True))
            writer.writerow({**row, "decision": "reject" if is_bad else "accept"})
    return rejected


def test_only_what_may_be_shown_is_drawn(folder: Path, template: Path) -> None:
    call_on(template, *OUT, "--to", "page.html", "--sample", 1000)
    content = Path("page.html").read_text(encoding="utf-8")
    for hidden in (LISTED, DROPPED, OTHER, SECRET):
        assert hidden not in content
    samples = shown("page.html")
    numbers = [index % len(TEXTS) for index in range(SAMPLES) if index != 30]
    counts = Counter(numbers)
    assert len(samples) == sum(counts[each] for each in (0, 1, 2, 3))
    assert {sample["status"] for sample in samples} == {"kept", "quarantined"}
    assert all(sample["scores"] == [] for sample in samples)  # which would influence the person
    assert any("[EMAIL_ADDRESS]" in text for each in samples for _, text in each["texts"])


def test_the_page_follows_from_the_seed_alone(folder: Path, template: Path) -> None:
    for name in ("one", "two"):
        call_on(template, *OUT, "--to", f"{name}.html", "--sample", 20, "--seed", 1)
    assert Path("one.html").read_bytes() == Path("two.html").read_bytes()
    assert len(shown("one.html")) == 20


def test_strata_stand_in_the_file(folder: Path, template: Path) -> None:
    call_on(template, *OUT, "--to", "page.html", "--sample", 20)
    rows = [dict(zip(COLUMNS, sample["cells"], strict=True)) for sample in shown("page.html")]
    drawn = Counter(row["stratum_from"] for row in rows)
    for row in rows:
        assert row["score"] == "toxicity_rules.insult"
        assert int(row["stratum_drawn"]) == drawn[row["stratum_from"]]
        assert int(row["stratum_size"]) >= int(row["stratum_drawn"])
    sizes = {row["stratum_from"]: int(row["stratum_size"]) for row in rows}
    assert sum(sizes.values()) == 59  # all kept samples, and those that the filter put aside


def test_decisions_are_read_back(folder: Path, template: Path) -> None:
    call_on(template, *OUT, "--to", "page.html", "--sample", 40)
    rejected = decide("page.html")
    arguments = [*OUT, "--decisions", "decisions.csv", "--precision", "0.9"]
    result = json.loads(call_on(template, *arguments, "--json").stdout)
    assert (result["rejected"], result["accepted"]) == (rejected, 40 - rejected)
    assert result["changed"] == result["without_decision"] == result["undecided"] == 0
    # Every insult has the same score, and nothing else has one above 0.
    at = next(e for e in result["estimates"] if e["threshold"] == 0.3)
    assert at["precision"]["estimate"] == at["recall"]["estimate"] == 1
    printed = call_on(template, *arguments).stdout
    assert "threshold for a precision of 90.0 %" in printed
    assert "15 dropped ones are shown nowhere" in printed


def test_undecided_rows_are_counted(folder: Path, template: Path) -> None:
    call_on(template, *OUT, "--to", "page.html", "--sample", 40)
    decide("page.html")
    content = Path("decisions.csv").read_text()
    Path("decisions.csv").write_text(content.replace(",accept", ",", 5))
    result = json.loads(call_on(template, *OUT, "--decisions", "decisions.csv", "--json").stdout)
    assert result["undecided"] == 5


def test_the_result_can_be_read_by_programs(folder: Path, template: Path) -> None:
    printed = json.loads(call_on(template, *OUT, "--to", "page.html", "--json").stdout)
    assert (printed["samples"], printed["left_out"], printed["file"]) == (59, [], "page.html")
    assert printed["table"]["score"] == "insult"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--filter", "hash_list"), "--filter: hash_list rejects samples that nobody may see"),
        (("--filter", "words", "--to", "no/p.html"), "there is no folder no"),
        (("--filter", "words", "--to", "p.html", "--decisions", "d.csv"), "give one of them"),
        (("--filter", "words", "--decisions", "d.csv"), "--decisions: d.csv cannot be read"),
        (("--filter", "personal_data"), "personal_data.matches has no threshold in the job"),
        (("--filter", "words", "--score", "x"), "no row has a score x of words"),
    ],
)
def test_mistakes_are_one_line(
    folder: Path, template: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = call_on(template, "calibrate", "out", *arguments, code=2)
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not Path("p.html").exists()


def test_every_row_of_a_stratum_has_the_same_chance() -> None:
    import numpy as np

    values = np.linspace(0, 1, 40, dtype=np.float32)
    found: Counter[int] = Counter()
    draws: set[tuple[int, ...]] = set()
    for seed in range(500):
        draw = StratifiedDraw([-np.inf, 0.5, np.inf], 0.5, 10, seed)
        for start in range(0, 40, 8):  # read in batches
            rows = np.arange(start, start + 8)
            draw.add(0, rows, values[rows], np.zeros(8, np.int8))
        drawn = draw.drawn()
        assert [row.stratum.drawn for row in drawn] == [5] * 10
        assert {row.stratum.size for row in drawn} == {20}
        found.update(row.index for row in drawn)
        draws.add(tuple(row.index for row in drawn))
    assert len(draws) > 450  # another seed draws others
    # 500 draws of 5 among 20: 125 each, with a standard deviation of 10.
    assert all(75 < found[index] < 175 for index in range(40))
