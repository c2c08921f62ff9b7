"""A job annotates its golden set before its corpus, and stops if that falls short."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.command_line import CommandLine
from support.export_outputs import no_progress
from support.sample_data import described, job, pairs, write_shard

from pipelines.operations.evaluate import Asked, evaluate
from pipelines.operations.report import gather_report
from pipelines.operations.run import run
from pipelines.planning.golden_set import golden_task
from pipelines.planning.plan import plan
from schemas.errors import GoldenSetFailed, JobError
from shardmill import Job

RUNNERS = {
    "local": {"kind": "local"},
    "processes": {"kind": "local", "workers": 2},
    "ray": {"kind": "ray", "workers": 1},
    "beam": {"kind": "beam"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "ab":
        write_shard(tmp_path / f"shards/{name}.tar", pairs(3, ord(name)))
    golden = [{"truth": ["red", "green"]}, {"truth": ["blue"]}, {"truth": ["a cat"]}]
    members = [
        (name.replace("json", "txt"), b"a text") for name, _ in described(golden) if "json" in name
    ]
    write_shard(tmp_path / "golden/0.tar", sorted([*described(golden), *members]))
    return tmp_path


def gated(folder: Path, checkpoint: Path, require: dict[str, str], **keys: Any) -> Job:
    canary = {
        "golden": f"{folder}/golden/*.tar",
        "truth": {"caption": "truth"},
        "columns": {"truth": "json:truth.each"},
        "require": require,
        **keys.pop("canary", {}),
    }
    return job(folder, checkpoint, canary=canary, **keys)


def rows(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "output").glob("*.parquet"))


def golden_files(folder: Path) -> list[tuple[str, int]]:
    files = (folder / "output-golden").rglob("*")
    return sorted((str(path), path.stat().st_mtime_ns) for path in files if path.is_file())


def test_a_run_stops_before_its_corpus_and_goes_on_when_less_is_required(
    folder: Path, checkpoint: Path
) -> None:
    with pytest.raises(GoldenSetFailed) as caught:
        run(gated(folder, checkpoint, {"caption.cer": "<= 0.01", "caption.cider": ">= 0"}))
    assert rows(folder) == []
    (golden,) = (folder / "output-golden").iterdir()
    asked = Asked(task="caption", truth="truth", metrics=["cer"])
    value = evaluate(str(golden), asked).result.values["cer"]
    assert f"caption.cer is {value.value:.4g} (95 % interval {value.low:.4g} to" in str(
        caught.value
    )
    assert "must be <= 0.01" in str(caught.value)
    assert "cider" not in str(caught.value)  # which is met
    before = golden_files(folder)
    summary = run(gated(folder, checkpoint, {"caption.cer": "<= 1e6"}))
    assert (summary.outcome, rows(folder)) == ("complete", ["a.parquet", "b.parquet"])
    assert golden_files(folder) == before  # nothing was annotated or evaluated again
    assert summary.counts is not None
    assert summary.counts.read == 6  # none of the golden set
    report = gather_report(f"{folder}/output", samples=0, seed=0, progress=no_progress).report
    ((name, told),) = report.evaluations.items()
    assert golden_task(name) == "caption"
    assert told.values["cer"].value == pytest.approx(value.value)


def test_the_golden_set_is_asked_and_filtered_as_the_corpus(folder: Path, checkpoint: Path) -> None:
    filters = [{"kind": "image_size", "min_side": 40}]
    with pytest.raises(GoldenSetFailed, match="keep no sample of the golden set"):
        run(gated(folder, checkpoint, {"caption.cer": "<= 1e6"}, filters=filters))
    given = job(folder, checkpoint, input={"shards": f"{folder}/golden/*.tar"})
    plain = run(given.model_copy(update={"output": f"{folder}/plain"}))
    assert plain.outcome == "complete"
    run(gated(folder, checkpoint, {"caption.cer": "<= 1e6"}))
    caption = Asked(task="caption", against=f"{folder}/plain")
    outputs = sorted((folder / "output-golden").iterdir(), key=lambda path: path.stat().st_mtime)
    changed = evaluate(str(outputs[-1]), caption).result.samples
    assert (changed["judged"], changed["changed"]) == (3, 0)


def test_another_model_or_golden_set_is_judged_anew(folder: Path, checkpoint: Path) -> None:
    made = gated(folder, checkpoint, {"caption.cer": "<= 0"})
    digests = {plan(made).golden.digest}  # type: ignore[union-attr]
    longer = {"caption": {"kind": "caption", "max_new_tokens": 5}}
    for keys in ({"tasks": longer}, {"filters": [{"kind": "image_size", "min_side": 8}]}):
        changed = gated(folder, checkpoint, {"caption.cer": "<= 0"}, **keys)
        digests.add(plan(changed).golden.digest)  # type: ignore[union-attr]
    write_shard(folder / "golden/1.tar", pairs(2))
    digests.add(plan(made).golden.digest)  # type: ignore[union-attr]
    assert len(digests) == 4
    less = gated(folder, checkpoint, {"caption.cer": "<= 9"})
    assert plan(less).golden.digest in digests  # type: ignore[union-attr]


def test_a_finished_output_needs_no_golden_set(folder: Path, checkpoint: Path) -> None:
    run(job(folder, checkpoint))
    made = gated(folder, checkpoint, {"caption.cer": "<= 0"})
    assert run(made).outcome == "complete"
    assert golden_files(folder) == []


def test_references_may_lie_in_files(folder: Path, checkpoint: Path) -> None:
    truths = [{"key": str(number), "caption": "a cat"} for number in range(3)]
    file = folder / "truth.jsonl"
    file.write_text("\n".join(map(json.dumps, truths)))
    canary = {"truth": {"caption": str(file)}, "columns": {}}
    made = gated(folder, checkpoint, {"caption.cer": "<= 1e6"}, canary=canary)
    before = plan(made).golden.digest  # type: ignore[union-attr]
    assert run(made).outcome == "complete"
    file.write_text("\n".join(map(json.dumps, [*truths, {"key": "9", "caption": "x"}])))
    assert plan(made).golden.digest != before  # type: ignore[union-attr]


def test_a_job_that_reuses_verdicts_judges_the_golden_set_by_its_own_filters(
    folder: Path, checkpoint: Path
) -> None:
    filters = [{"kind": "image_size", "min_side": 8}]
    run(job(folder, None, model=None, tasks={}, filters=filters, output=f"{folder}/filtered"))
    made = gated(folder, checkpoint, {"caption.cer": "<= 1e6"}, filters_from=f"{folder}/filtered")
    assert run(made).outcome == "complete"


def test_evaluations_of_the_corpus_are_not_made_of_the_golden_set(
    folder: Path, checkpoint: Path
) -> None:
    corpus = {"caption": {"truth": "source_text", "metrics": ["cer"]}}
    made = gated(folder, checkpoint, {"caption.cer": "<= 1e6"}, evaluations=corpus)
    assert run(made).outcome == "complete"
    records = {path.name for path in folder.rglob("job-caption.record")}
    assert records == {"job-caption.record"}
    assert not list((folder / "output-golden").rglob("job-caption.record"))


def test_plan_shows_what_is_required(
    folder: Path, checkpoint: Path, command_line: CommandLine
) -> None:
    made = gated(folder, checkpoint, {"caption.cer": "<=.5", "caption.bleu4.bleu1": "> 1e-1"})
    (folder / "job.yaml").write_text(made.model_dump_json())
    shown = " ".join(command_line.done("plan", "job.yaml").split())
    assert "golden set 1 shard: caption.cer <= 0.5, caption.bleu4.bleu1 > 0.1" in shown


def test_a_damaged_golden_shard_stops_the_run(folder: Path, checkpoint: Path) -> None:
    shard = folder / "golden/0.tar"
    shard.write_bytes(b"")
    with pytest.raises(GoldenSetFailed, match="1 of 1 shard of the golden set could not"):
        run(gated(folder, checkpoint, {"caption.cer": "<= 1"}))
    assert rows(folder) == []


@pytest.mark.parametrize(
    ("canary", "said"),
    [
        ({"require": {"caption.cidre": ">= 1"}}, "no metric 'cidre' of a task 'caption'"),
        ({"require": {"caption.miou": ">= 1"}}, "no metric 'miou'"),
        ({"require": {"caption.cider.f1": ">= 1"}}, "cider has no result 'f1'"),
        ({"require": {"caption.paired": ">= 1"}}, "needs a column 'pair'"),
        ({"require": {"caption": ">= 1"}}, "'caption' names no metric of a task"),
        ({"require": {"caption.cider": "1"}}, "'1' is no comparison with a number"),
        ({"require": {"caption.cider": "== 1"}}, "'== 1' is no comparison"),
        ({"require": {"answer.cider": ">= 1"}}, "the task 'answer' has no references"),
        ({"require": {}}, "canary.require"),
        ({"truth": {"caption": "truth", "x": "truth"}}, "canary.truth: there is no task 'x'"),
        ({"truth": {"caption": "nowhere"}}, "'nowhere' is not read from the golden set"),
        ({"truth": {"caption": "none.jsonl"}}, "canary.truth.caption: "),
        ({"truth": {"caption": "a.txt"}}, "canary.truth.caption: "),
        ({"golden": "nowhere/*.tar"}, "canary.golden: "),
        ({"columns": {"truth": "json:"}}, "canary.columns.truth: "),
        ({"columns": {"truth": "json:truth", "caption": "json:x"}}, "caption"),
    ],
)
def test_plan_names_what_is_wrong(
    folder: Path, checkpoint: Path, canary: dict[str, Any], said: str
) -> None:
    with pytest.raises((JobError, ValueError)) as caught:
        plan(gated(folder, checkpoint, {"caption.cider": ">= 1"}, canary=canary))
    assert said in str(caught.value)


@pytest.mark.parametrize(("bound", "code"), [("<= 1e6", 0), ("<= 0", 3)])
def test_the_exit_code_and_the_log_tell(
    folder: Path, checkpoint: Path, command_line: CommandLine, bound: str, code: int
) -> None:
    made = gated(folder, checkpoint, {"caption.cer": bound})
    (folder / "job.yaml").write_text(made.model_dump_json())
    done = command_line("run", "job.yaml", "--log-format", "json")
    assert done.code == code
    events = [json.loads(line) for line in done.err.splitlines()]
    (judged,) = [each for each in events if each["event"] == "golden_judged"]
    assert (judged["requirement"], judged["passed"]) == ("caption.cer", code == 0)
    assert judged["low"] <= judged["value"] <= judged["high"]
    last = events[-1]
    if code:
        assert (last["event"], last["exit_code"]) == ("command_failed", 3)
        assert "the golden set falls short" in last["message"]
    assert bool(rows(folder)) == (code == 0)
