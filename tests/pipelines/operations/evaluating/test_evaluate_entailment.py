"""`non_entailed` in commands and jobs: the model is named, checked, recorded and used."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command_line import CommandLine
from support.sample_data import described, job, write_shard

from pipelines.config.evaluation import Entailment
from pipelines.operations.evaluate import Asked, evaluate
from pipelines.operations.fetch import fetch
from pipelines.operations.run import run
from pipelines.planning.plan import plan
from schemas.errors import GoldenSetFailed, JobError

# Of each sample: the answer, the description, the language.
SAMPLES = [
    ("A cat. The dog. A star.", "the cat sees a dog.", "en"),  # a star is neutral: 1 of 3
    ("A bird.", "the cat sees a dog.", "en"),  # 1 of 1
    ("The old cat. A dog.", "a cat. a star. a dog.", "de"),  # 0 of 2
    ("", "a bird.", "de"),  # counts as 1 of 1
]
SHARE = 3 / 7


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    folder = tmp_path_factory.mktemp("entailment")
    texts = [{"truth": truth, "language": language} for _, truth, language in SAMPLES]
    write_shard(folder / "shards/0.tar", described(texts))
    carry = {"truth": "json:truth", "language": "json:language"}
    given = {"shards": f"{folder}/shards/*.tar", "text": None, "carry": carry}
    run(job(folder, checkpoint, input=given))
    return folder / "output"


def planted(made: Path, folder: Path, changes: Mapping[int, str] = {}) -> str:
    """Copy the output with the answers of SAMPLES, or other ones of some samples."""
    shutil.copytree(made, folder)
    (file,) = folder.glob("*.parquet")
    table = pq.read_table(file)
    rows = table.to_pylist()
    for number, row in enumerate(rows):
        row["caption"] = changes.get(number, SAMPLES[number][0])
        row["caption_info"]["status"] = "ok"
    pq.write_table(pa.Table.from_pylist(rows, table.schema), file)
    return str(folder)


def by(model: Path, **keys: Any) -> Asked:
    chosen = Entailment(model=str(model))
    return Asked(truth="truth", metrics=["non_entailed"], entailment=chosen, **keys)


@pytest.fixture
def output(made: Path, tmp_path: Path) -> str:
    return planted(made, tmp_path / "output")


def test_the_share_of_all_samples_and_of_parts(output: str, entailment_model: Path) -> None:
    steps: list[tuple[str, float]] = []
    asked = by(entailment_model, by="language", worst=2)
    found = evaluate(output, asked, on_progress=lambda *step: steps.append(step))
    value = found.result.values["non_entailed"]
    assert value.value == pytest.approx(SHARE)
    assert value.low is not None
    assert value.low < SHARE
    parts = {name: each.values["non_entailed"].value for name, each in found.result.parts.items()}
    assert parts == {"de": pytest.approx(1 / 3), "en": pytest.approx(2 / 4)}
    assert sorted(each.key or "" for each in found.worst) == ["1", "3"]
    assert found.result.entailment is not None
    assert found.result.entailment.source == str(entailment_model.resolve())
    assert found.result.entailment.label == "entailment"
    assert steps[-1] == ("non_entailed", 1)


def test_fewer_sentences_that_are_not_entailed_are_better(
    output: str, made: Path, tmp_path: Path, entailment_model: Path
) -> None:
    other = planted(made, tmp_path / "other", {1: "A cat.", 2: "A bird."})
    found = evaluate(output, by(entailment_model, against=other)).result
    compared = found.comparisons["non_entailed"]
    assert (compared.better, compared.worse) == (1, 1)
    assert compared.difference.value == pytest.approx(3 / 6 - SHARE)


def test_the_command_names_the_model(
    output: str, entailment_model: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    base = ("evaluate", output, "--truth", "truth", "--metrics", "non_entailed")
    page = tmp_path / "results.md"
    card = ("--markdown", page, "--benchmark", "DOCCI")
    given = f"{{model: {entailment_model}, label: Entailment}}"
    found = json.loads(command_line.done(*base, "--entailment", given, *card, "--json"))
    assert found["values"]["non_entailed"]["value"] == pytest.approx(SHARE)
    assert found["entailment"]["label"] == "Entailment"
    assert f"- Entailment: {entailment_model.name}" in page.read_text()
    assert str(entailment_model) not in page.read_text()


def test_what_does_not_fit_is_said_in_a_line(
    output: str, entailment_model: Path, command_line: CommandLine
) -> None:
    def error(metrics: str, *given: str) -> str:
        base = ("evaluate", output, "--truth", "truth", "--metrics", metrics)
        code, out, err = command_line(*base, *(["--entailment", *given] if given else []))
        assert (code, out, err.count("\n")) == (2, "", 1)
        return err.removeprefix("shardmill: ")

    unknown = f"{{model: {entailment_model}, label: maybe}}"
    assert error("non_entailed").startswith("--metrics: non_entailed needs a model: name one in --")
    assert error("cider", str(entailment_model)).startswith(
        "--entailment: is for the metric non_entailed: add it to --metrics"
    )
    assert error("non_entailed", "/no/folder").startswith(
        "--entailment: model: there is no directory '/no/folder'"
    )
    assert error("non_entailed", "{modle: x}").startswith("--entailment: modle: ")
    assert error("non_entailed", unknown).startswith(
        "--entailment: label: the model has no label 'maybe': take one of CONTRADICTION, "
    )


def with_evaluation(folder: Path, checkpoint: Path, **keys: Any) -> Any:
    carry = {"truth": "json:truth"}
    given = {"shards": f"{folder}/shards/*.tar", "text": None, "carry": carry}
    wanted = {"metrics": ["non_entailed"], "truth": "truth", **keys}
    return job(folder, checkpoint, input=given, evaluations={"caption": wanted})


def test_a_job_evaluates_by_its_model_and_fetches_it(
    tmp_path: Path, checkpoint: Path, entailment_model: Path
) -> None:
    write_shard(tmp_path / "shards/0.tar", described([{"truth": "a cat."}]))
    wanted = with_evaluation(tmp_path, checkpoint, entailment=str(entailment_model))
    assert (str(entailment_model), entailment_model) in [*fetch(wanted)]
    made: list[Any] = []
    run(wanted, on_evaluated=made.append)
    (evaluation,) = made
    assert evaluation.entailment.label == "entailment"
    file = tmp_path / "output/_shardmill/evaluations/job-caption.record"
    before = file.stat().st_mtime_ns
    run(wanted)
    assert file.stat().st_mtime_ns == before
    keys = {"model": str(entailment_model), "label": "neutral"}
    run(with_evaluation(tmp_path, checkpoint, entailment=keys))
    assert file.stat().st_mtime_ns != before


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        (
            {"entailment": None},
            "evaluations.caption.metrics: non_entailed needs a model: name one in evaluations",
        ),
        ({"metrics": ["cer"], "entailment": "{}"}, "evaluations.caption.entailment: is for the "),
        ({"entailment": "/no/folder"}, "evaluations.caption.entailment.model: there is no "),
        (
            {"entailment": {"model": "{}", "label": "x"}},
            "evaluations.caption.entailment.label: the model has no label 'x'",
        ),
    ],
)
def test_plan_checks_the_model(
    tmp_path: Path, checkpoint: Path, entailment_model: Path, keys: dict[str, Any], error: str
) -> None:
    write_shard(tmp_path / "shards/0.tar", described([{"truth": "a cat."}]))
    filled = json.loads(json.dumps(keys).replace("{}", str(entailment_model)))
    with pytest.raises(JobError, match=f"^{error}"):
        plan(with_evaluation(tmp_path, checkpoint, **filled))


def test_a_golden_set_is_judged_by_the_model(
    tmp_path: Path, checkpoint: Path, entailment_model: Path
) -> None:
    for folder in ("shards", "golden"):
        write_shard(tmp_path / folder / "0.tar", described([{"truth": "a cat."}]))
    canary = {
        "golden": f"{tmp_path}/golden/*.tar",
        "truth": {"caption": "truth"},
        "columns": {"truth": "json:truth"},
        "require": {"caption.non_entailed": "<= 0.3"},
        "entailment": str(entailment_model),
    }
    given = {"shards": f"{tmp_path}/shards/*.tar", "text": None}
    with pytest.raises(GoldenSetFailed, match=r"caption\.non_entailed is 1 .*, and must be <= 0.3"):
        run(job(tmp_path, checkpoint, input=given, canary=canary))
    canary.pop("entailment")
    with pytest.raises(JobError, match=r"needs a model: name one in canary\.entailment"):
        plan(job(tmp_path, checkpoint, input=given, canary=canary))
