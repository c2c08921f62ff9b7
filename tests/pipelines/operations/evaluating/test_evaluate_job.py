"""A job evaluates its answers when its output is complete, and stores the same from all runners."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from support.command_line import CommandLine
from support.sample_data import described, job, write_shard

import shardmill
from pipelines.evaluation.results import Evaluation
from pipelines.operations.finish import finish
from pipelines.operations.run import run
from pipelines.planning.plan import plan
from schemas.errors import JobError
from shardmill import Job

RUNNERS = {
    "local": {"kind": "local"},
    "processes": {"kind": "local", "workers": 2},
    "ray": {"kind": "ray", "workers": 1},
    "beam": {"kind": "beam"},
}
STORED = "output/_shardmill/evaluations/job-caption.record"
TRUTHS = [{"truth": ["red", "green"]}, {"truth": ["blue"]}, {"truth": ["a cat"]}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "ab":
        write_shard(tmp_path / f"shards/{name}.tar", described(TRUTHS))
    return tmp_path


def evaluated(folder: Path, checkpoint: Path, **keys: Any) -> Job:
    carry = {"truth": "json:truth.each"}
    given = {"shards": f"{folder}/shards/*.tar", "text": None, "carry": carry}
    wanted = {"metrics": ["cer", "exact"], "truth": "truth", **keys.pop("evaluation", {})}
    return job(folder, checkpoint, input=given, evaluations={"caption": wanted}, **keys)


def stored(folder: Path) -> Evaluation:
    return Evaluation.model_validate_json((folder / STORED).read_bytes())


@pytest.mark.parametrize("runner", RUNNERS)
def test_all_runners_store_the_same_evaluation(
    folder: Path, checkpoint: Path, runner: str, request: pytest.FixtureRequest
) -> None:
    if runner == "ray":
        request.getfixturevalue("ray_session")
    run(evaluated(folder, checkpoint, output=str(folder / "first")))
    made: list[Evaluation] = []
    run(evaluated(folder, checkpoint, runner=RUNNERS[runner]), on_evaluated=made.append)
    found = (folder / STORED).read_bytes()
    assert found == (folder / STORED.replace("output", "first")).read_bytes()
    assert made == [stored(folder)]
    assert (made[0].samples["judged"], sorted(made[0].values)) == (6, ["cer", "exact"])


def test_an_evaluation_is_made_once_and_anew_after_a_loss(folder: Path, checkpoint: Path) -> None:
    made: list[Evaluation] = []
    run(evaluated(folder, checkpoint), limit_units=1, on_evaluated=made.append)
    assert (made, (folder / STORED).exists()) == ([], False)  # the output is not complete
    run(evaluated(folder, checkpoint), on_evaluated=made.append)
    content = (folder / STORED).read_bytes()
    written = (folder / STORED).stat().st_mtime_ns
    run(evaluated(folder, checkpoint), on_evaluated=made.append)
    assert (folder / STORED).stat().st_mtime_ns == written
    (folder / STORED).unlink()  # as if the run had died before
    run(evaluated(folder, checkpoint), on_evaluated=made.append)
    assert (folder / STORED).read_bytes() == content
    (folder / STORED).write_text("{")
    run(evaluated(folder, checkpoint), on_evaluated=made.append)
    assert (folder / STORED).read_bytes() == content
    assert made == [stored(folder)] * 4


def test_other_metrics_and_rows_are_evaluated_anew(folder: Path, checkpoint: Path) -> None:
    run(evaluated(folder, checkpoint))
    run(evaluated(folder, checkpoint, evaluation={"metrics": ["wer"], "by": "height"}))
    assert (list(stored(folder).values), list(stored(folder).parts)) == (["wer"], ["32"])
    (folder / "output/b.parquet").unlink()
    (folder / "output/_SUCCESS").unlink()
    (folder / STORED).write_text("{}")
    run(evaluated(folder, checkpoint))
    assert stored(folder).samples["judged"] == 6


def test_finish_evaluates_as_the_recorded_job_says(folder: Path, checkpoint: Path) -> None:
    run(evaluated(folder, checkpoint))
    content = (folder / STORED).read_bytes()
    (folder / STORED).unlink()
    made: list[Evaluation] = []
    assert finish(str(folder / "output"), on_evaluated=made.append).outcome == "complete"
    assert (folder / STORED).read_bytes() == content
    assert len(made) == 1


def test_references_may_lie_in_files(folder: Path, checkpoint: Path) -> None:
    (folder / "shards/b.tar").unlink()  # whose keys are the same
    lines = [json.dumps({"key": str(key), "caption": "x"}) for key in range(2)]
    (folder / "truth.jsonl").write_text("\n".join(lines))
    run(evaluated(folder, checkpoint, evaluation={"truth": f"{folder}/truth.jsonl"}))
    samples = stored(folder).samples
    assert (samples["judged"], samples["without_truth"]) == (2, 1)


def test_changed_files_of_references_are_evaluated_anew(folder: Path, checkpoint: Path) -> None:
    (folder / "shards/b.tar").unlink()  # whose keys are the same
    truth = folder / "truths/a.jsonl"
    truth.parent.mkdir()
    truth.write_text(json.dumps({"key": "0", "caption": "x"}))
    asked = evaluated(folder, checkpoint, evaluation={"truth": f"{folder}/truths/*.jsonl"})
    run(asked)
    written = (folder / STORED).stat().st_mtime_ns
    run(asked)
    assert (folder / STORED).stat().st_mtime_ns == written
    first = stored(folder)
    truth.write_text(json.dumps({"key": "0", "caption": "longer"}))
    run(asked)
    second = stored(folder)
    assert second.values != first.values
    truth.with_name("b.jsonl").write_text(json.dumps({"key": "1", "caption": "x"}))
    run(asked)
    assert (second.samples["judged"], stored(folder).samples["judged"]) == (1, 2)


def test_an_evaluation_that_fails_is_a_warning(folder: Path, checkpoint: Path) -> None:
    (folder / "truth.jsonl").write_text(json.dumps({"key": "nobody", "truth": "x"}))
    warnings: list[str] = []
    asked = evaluated(folder, checkpoint, evaluation={"truth": f"{folder}/truth.jsonl"})
    assert run(asked, on_warning=warnings.append).outcome == "complete"
    (told,) = (line for line in warnings if line.startswith("evaluations.caption: "))
    assert "no sample can be judged" in told
    assert (folder / "output/_SUCCESS").exists()


@pytest.mark.parametrize(
    ("evaluation", "told"),
    [
        ({"truth": "nothing"}, r"evaluations\.caption\.truth: rows have no column 'nothing'"),
        ({"truth": "source_text"}, r"evaluations\.caption\.truth: rows have no column"),
        ({"by": "nothing"}, r"evaluations\.caption\.by: rows have no column 'nothing'"),
        ({"metrics": []}, r"evaluations\.caption\.metrics"),
        ({"metrics": ["cidr"]}, r"evaluations\.caption\.metrics: there is no metric 'cidr'"),
        ({"metrics": ["box_f1"]}, r"no metric 'box_f1' of a task 'caption'"),
        ({"metrics": ["paired"]}, r"needs a column 'pair': add it to input\.carry"),
        ({"truth": "no/*.jsonl"}, r"evaluations\.caption\.truth: no file matches"),
        ({"truth": "no.csv"}, r"evaluations\.caption\.truth: .* neither"),
    ],
)
def test_mistakes_are_told_by_the_plan(
    folder: Path, checkpoint: Path, evaluation: dict[str, Any], told: str
) -> None:
    with pytest.raises((JobError, ValidationError), match=told):
        plan(evaluated(folder, checkpoint, evaluation=evaluation))


@pytest.mark.parametrize("column", ["key", "truth"])
def test_a_wrong_column_of_a_file_is_told_by_the_plan(
    folder: Path, checkpoint: Path, column: str
) -> None:
    (folder / "truth.jsonl").write_text(json.dumps({column: "x"}))
    with pytest.raises(JobError, match=r"evaluations\.caption\.truth: .*has no column"):
        plan(evaluated(folder, checkpoint, evaluation={"truth": f"{folder}/truth.jsonl"}))


def test_a_task_that_is_none_is_told(folder: Path, checkpoint: Path) -> None:
    with pytest.raises(ValidationError, match="evaluations: there is no task 'no'"):
        job(folder, checkpoint, evaluations={"no": {"metrics": ["cer"], "truth": "x"}})


def test_runs_print_the_table(folder: Path, checkpoint: Path, command_line: CommandLine) -> None:
    (folder / "job.yaml").write_text(evaluated(folder, checkpoint).model_dump_json())
    printed = command_line.done("run", folder / "job.yaml")
    assert "caption, by the references in truth:" in printed
    assert "cer" in printed
    assert "references in" in command_line.done("run", folder / "job.yaml")
    assert "references in" in command_line.done("finish", folder / "output")


def test_json_and_python_have_the_values(
    folder: Path, checkpoint: Path, command_line: CommandLine
) -> None:
    asked = evaluated(folder, checkpoint)
    (folder / "job.yaml").write_text(asked.model_dump_json())
    assert "evaluations" not in json.loads(
        command_line.done("run", folder / "job.yaml", "--json", "--limit-shards", 1)
    )
    for command in (("run", folder / "job.yaml"), ("finish", folder / "output")):
        found = json.loads(command_line.done(*command, "--json"))["evaluations"]["caption"]
        assert found == stored(folder).model_dump(mode="json")
        assert found["samples"]["judged"] == 6
        assert found["values"]["cer"].keys() == {"value", "low", "high"}
    for summary in (shardmill.run(asked), shardmill.finish(asked.output)):
        assert summary.evaluations == {"caption": stored(folder)}
        assert "caption, by the references in truth:" in str(summary)


def test_rows_do_not_depend_on_evaluations(folder: Path, checkpoint: Path) -> None:
    with_one = evaluated(folder, checkpoint)
    run(with_one)
    run(with_one.model_copy(update={"evaluations": {}, "output": str(folder / "other")}))
    for name in ("a.parquet", "b.parquet"):
        assert (folder / "output" / name).read_bytes() == (folder / "other" / name).read_bytes()
    assert pq.read_table(folder / "output").num_rows == 6
