"""The dossier says what rows and record tell, and leaves the rest open."""

import itertools
import json
import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mlcroissant
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from mlcroissant._src.core.context import CroissantVersion
from ruamel.yaml import YAML
from support.command_line import CommandLine
from support.dying_commands import run_until
from support.sample_data import Member, job, jpeg, write_shard

from pipelines.dossier.row_scan import HostCounts
from pipelines.evaluation.results import Evaluation, PartValues, Value
from pipelines.operations.card import DOCUMENTS, write_card
from pipelines.operations.evaluating.evaluation_files import store_evaluation
from pipelines.operations.run import run
from pipelines.output.output import open_output
from schemas.errors import JobError

SECRET = "quentin.vasseur@posteo.example"
FILTERS = [
    {"kind": "image_size", "min_side": 20},
    {"kind": "language", "languages": ["en"]},
    {"kind": "personal_data"},
]
HOSTILE = (
    "CC-BY | <script>alert(1)</script> [a](https://evil.example) `x\\` | ```\n# b\u202e ![b](c)"
)


def members() -> Iterator[Member]:
    licenses = ["CC-BY-4.0", HOSTILE, "CC-BY-4.0"]
    for number in range(6):
        kept = number < 3
        fields = {
            "url": f"https://www.Site{number % 2}.example/a.jpg" if kept else f"https://{SECRET}/",
            "license": licenses[number] if kept else SECRET,
        }
        side = 48 if kept else 8
        yield f"{number}.jpg", jpeg(side, side + number, number)
        yield f"{number}.json", json.dumps(fields).encode()
        yield f"{number}.txt", f"a big red star in the blue sky, write to {SECRET}".encode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    folder = tmp_path_factory.mktemp("dossier")
    write_shard(folder / "shards/0.tar", members())
    given = {
        "shards": f"{folder}/shards/*.tar",
        "text": "txt",
        "carry": ["json:url", "json:license"],
    }
    tasks = {"caption": {"kind": "caption", "max_new_tokens": 4}}
    run(job(folder, checkpoint, input=given, filters=FILTERS, tasks=tasks))
    return folder / "output"


@pytest.fixture
def output(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "output"))


def documents(output: Path) -> dict[str, str]:
    folder = output.parent / "card"
    write_card(str(output), str(folder), force=True)
    return {name: (folder / name).read_text(encoding="utf-8") for name in DOCUMENTS}


def header(card: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = YAML(typ="safe").load(card.split("---\n")[1])
    return found


def test_equal_outputs_have_equal_documents(output: Path, made: Path) -> None:
    assert documents(output) == documents(output)
    write_card(str(made))
    beside = made.parent / "output-card"
    assert {each.name for each in beside.iterdir()} == set(DOCUMENTS)
    for name, content in documents(output).items():
        assert (beside / name).read_text(encoding="utf-8") == content


def test_the_card_tells_what_rows_tell(output: Path) -> None:
    card = documents(output)["README.md"]
    assert header(card)["language"] == ["en"]
    assert header(card)["size_categories"] == ["n<1K"]
    assert header(card)["task_categories"] == ["image-to-text"]
    assert "license" not in header(card)
    for line in (
        "| kept | 3 | 50.00% |",
        "| dropped | 3 | 50.00% |",
        "| www&#46;site0.example | 2 | 66.67% |",
        "| CC-BY-4.0 | 2 | 66.67% |",
        "| `EMAIL_ADDRESS` | 12 |",
    ):
        assert line in card, line
    assert "`image_too_small` 3" in card
    assert '"min_side": 20' in card
    assert "`caption en`" in card
    record = json.loads((output / "_shardmill/job.record").read_text())
    assert record["resolved"]["checkpoint"]["version"] in card
    assert "- **license**" in card
    assert "- **rights**" not in card
    assert "- **languages**" not in card


def test_nothing_of_other_samples_and_no_markup_of_them(output: Path) -> None:
    for name, content in documents(output).items():
        assert SECRET not in content, name
        assert str(output.parent) not in content, name
        if name.endswith(".md"):
            assert "<script>" not in content, name
            assert "](https://evil" not in content, name
    row = next(line for line in documents(output)["README.md"].splitlines() if "alert" in line)
    assert row.replace("\\|", "").count("|") == 4


def test_terms_of_the_model_are_told(output: Path) -> None:
    path = output / "_shardmill/job.record"
    record = json.loads(path.read_text())
    record["resolved"]["terms"] = ["Gemma Terms of Use (ai.google.dev/gemma/terms)"]
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False))
    found = documents(output)
    assert "Terms: Gemma Terms of Use" in found["README.md"]
    assert "Gemma Terms of Use" in found["datasheet.md"]
    assert "- **model terms**" not in found["README.md"]


def test_subgroups_are_told_where_they_are_evaluated(output: Path) -> None:
    assert "*subgroups*" in documents(output)["README.md"]
    value = Value(value=0.25, low=0.1, high=0.5)
    part = PartValues(samples=2, values={"cider": value})
    opened = open_output(str(output))
    stored = Evaluation(
        output="0" * 64,
        task="caption",
        truth="/home/of/somebody/*.jsonl",
        against=None,
        samples={"judged": 3},
        values={"cider": value},
        by="group",
        parts={"one | other": part},
        averages={},
        comparisons={},
    )
    store_evaluation(opened, "caption", stored)
    (output / "_shardmill/evaluations/damaged.record").write_text("{")
    found = documents(output)
    assert "| one \\| other | 2 | `cider` | 0.25 | 0.1 to 0.5 |" in found["README.md"]
    assert "Evaluation `damaged` cannot be read." in found["README.md"]
    assert "- **subgroups**" not in found["README.md"]
    assert json.loads(found["croissant.json"])["rai:dataBiases"]
    assert "somebody" not in "".join(found.values())


def test_safety_by_subgroup_is_told(output: Path) -> None:
    share = {"value": 0.125, "low": 0.05, "high": 0.25, "samples": 8}
    stored = {
        "output": "0" * 64,
        "task": "caption",
        "threshold": 0.8,
        "filters": [
            {
                "filter": "toxicity_rules",
                "from_rows": True,
                "samples": {"judged": 8},
                "values": {"insult": share},
                "subgroups": {"gender": {"one": {"insult": share}}},
                "summaries": {},
            }
        ],
        "without_subgroup": {},
    }
    folder = output / "_shardmill/evaluations"
    folder.mkdir()
    (folder / "caption-safety.record").write_text(json.dumps(stored))
    (folder / "list.record").write_text("[1]")
    found = documents(output)
    line = "| `toxicity_rules` | `insult` | `gender` one | 8 | 12.50% | 5.00% to 25.00% |"
    assert line in found["README.md"]
    assert "Evaluation `list` cannot be read." in found["README.md"]
    assert "- **subgroups**" not in found["README.md"]
    assert "gender one" in json.loads(found["croissant.json"])["rai:dataBiases"][0]


def test_the_validator_of_croissant_accepts_version_1_1(output: Path) -> None:
    documents(output)
    shutil.copy(output.parent / "card/croissant.json", output)
    dataset = mlcroissant.Dataset(jsonld=str(output / "croissant.json"))
    assert dataset.metadata.ctx.issues.errors == set()
    assert dataset.metadata.ctx.conforms_to == CroissantVersion.V_1_1
    assert dataset.metadata.personal_sensitive_information == [
        "EMAIL_ADDRESS: 12 matches replaced by placeholders"
    ]
    assert dataset.metadata.machine_annotation_tools[0].startswith("a folder@")
    records = list(dataset.records("rows"))
    stored = pq.read_table(output / "0.parquet").to_pylist()
    assert [each["rows/index"] for each in records] == [row["index"] for row in stored]
    assert records[0]["rows/caption"].decode() == stored[0]["caption"]
    assert set(json.loads((output / "croissant.json").read_text())) >= {
        "rai:dataPreprocessingProtocol",
        "rai:dataAnnotationProtocol",
        "rai:dataLimitations",
    }


def test_the_hub_loads_rows_beside_the_card(output: Path, tmp_path: Path) -> None:
    documents(output)
    folder = tmp_path / "uploaded"
    folder.mkdir()
    shutil.copy(output / "0.parquet", folder)
    shutil.copy(output.parent / "card/README.md", folder)
    loaded = load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(loaded) == 6


def test_training_content_is_open_where_rows_do_not_tell(output: Path) -> None:
    page = documents(output)["training-content.md"]
    assert "| 1.3 | images: size | less than 1 million: 3 |" in page
    assert "| 2.1 | publicly available datasets | **open** |" in page
    assert "| 3.1 | respect of reservations of rights | **open** |" in page
    assert "The top 10 % of 2 hosts are 1" in page


def test_units_that_are_missing_are_told(output: Path, made: Path) -> None:
    for file in output.glob("*.parquet"):
        file.unlink()
    with pytest.raises(JobError, match="has no rows yet"):
        write_card(str(output))


def test_mistakes_of_the_user(output: Path, command_line: CommandLine) -> None:
    assert "inside of the output" in command_line.mistake("card", output, "--to", output / "card")
    Path("file").write_text("mine")
    assert "is a file: name a folder" in command_line.mistake("card", output, "--to", "file")
    command_line.done("card", output, "--to", "card")
    command_line.done("card", output, "--to", "card")  # the same bytes
    Path("card/README.md").write_text("mine")
    assert "exists already" in command_line.mistake("card", output, "--to", "card")
    assert Path("card/README.md").read_text() == "mine"
    printed = json.loads(command_line.done("card", output, "--to", "card", "--force", "--json"))
    assert "purpose" in printed["open_questions"]
    file = next(output.glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-100])
    assert "is damaged" in command_line.mistake("card", output, "--to", "other")


def test_hosts_are_counted_over_batches(tmp_path: Path) -> None:
    counts = HostCounts(tmp_path / "hosts")
    for start in range(3):
        counts.add((f"h{n % 7}", 1) for n in range(start, 100))
    assert counts.number() == 7
    found = counts.commonest(2)
    counts.close()
    assert found == [("h1", 44), ("h0", 43)]


@pytest.mark.faults
def test_a_killed_command_leaves_no_card_beside_documents_of_another_one(
    made: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "card"
    words = ("card", made, "--to", folder, "--force")
    assert run_until(-1, *words) == 0
    new = {name: (folder / name).read_bytes() for name in DOCUMENTS}
    old = dict.fromkeys(DOCUMENTS, b"of an earlier output")
    cards = []
    for number in itertools.count():
        for name, content in old.items():
            (folder / name).write_bytes(content)
        code = run_until(number, *words)
        left = {
            name: (folder / name).read_bytes() for name in DOCUMENTS if (folder / name).exists()
        }
        card = left.get("README.md")
        assert card is None or left in (old, new)
        cards.append(card)
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert cards == [old["README.md"], *[None] * (len(cards) - 2), new["README.md"]]
    assert len(cards) == 2 * len(DOCUMENTS) + 1
