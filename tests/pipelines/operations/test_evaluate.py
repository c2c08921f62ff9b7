"""`evaluate` scores planted answers, and counts all samples and references that it cannot use."""

import itertools
import json
import random
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command_line import CommandLine
from support.dying_commands import run_until
from support.sample_data import job, jpeg, write_shard
from support.small_s3 import BUCKET, SmallS3

from pipelines.evaluation.metrics.all_metrics import ALL_METRICS
from pipelines.operations.evaluate import Asked, evaluate
from pipelines.operations.evaluating import evaluate_rows
from pipelines.operations.run import run
from schemas.errors import JobError

# Of each sample: the answer, its status, the true answers, the language.
Planted = tuple[str | None, str, list[str] | None, str | None]
SAMPLES: dict[str, Planted] = {
    "a": ("red", "ok", ["red"], "en"),
    "b": ("blue", "ok", ["red", "blue"], "en"),
    "c": ("green", "ok", ["red"], "en"),
    "d": ("rot", "ok", ["rot"], "de"),
    "e": ("bl", "partial", ["bl"], "de"),  # not whole: counts as empty
    "f": (None, "dropped", ["x"], "de"),
    "g": (None, "skipped", ["x"], "de"),  # was not asked
    "h": ("", "ok", ["x"], None),
    "i": ("two", "ok", None, None),  # no reference
    "j": ("one", "ok", [], None),  # a wrong reference
}
RIGHT, JUDGED = 3, 7  # a, b and d; all but g, i and j


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    """An output with real rows of two shards, and one sample that is not kept."""
    folder = tmp_path_factory.mktemp("evaluate")
    keys = [*SAMPLES]
    for number, names in enumerate((keys[:6], keys[6:])):
        members = [(f"{key}.jpg", jpeg(48, 32, ord(key))) for key in names]
        texts = {key: {"text": "a text", "truth": ["t"], "language": "xx"} for key in names}
        members += [(f"{key}.json", json.dumps(text).encode()) for key, text in texts.items()]
        bad = [("z.jpg", jpeg(4, 4)), ("z.json", b'{"text": "a text"}')]
        write_shard(folder / f"shards/{number}.tar", [*sorted(members), *bad])
    carry = {"truth": "json:truth.each", "language": "json:language"}
    given = {"shards": f"{folder}/shards/*.tar", "text": "json:text", "carry": carry}
    task = {"kind": "vqa", "question": "What color?", "max_new_tokens": 2}
    filters = [{"kind": "image_size", "min_side": 20}]
    run(job(folder, checkpoint, input=given, filters=filters, tasks={"answer": task}))
    return folder / "output"


def planted(made: Path, folder: Path, samples: Mapping[str, Planted] = SAMPLES) -> str:
    """Copy the output, with these answers and references of its kept rows; return its path."""
    shutil.copytree(made, folder)
    for file in folder.glob("*.parquet"):
        table = pq.read_table(file)
        rows = table.to_pylist()
        for row in rows:
            if row["status"] == "kept":
                answer, status, truth, language = samples[row["key"]]
                row |= {"answer": answer, "truth": truth, "language": language}
                row["answer_info"]["status"] = status
        pq.write_table(pa.Table.from_pylist(rows, table.schema), file)
    return str(folder)


@pytest.fixture
def output(made: Path, tmp_path: Path) -> str:
    return planted(made, tmp_path / "output")


def by_column(**keys: Any) -> Asked:
    return Asked(**{"truth": "truth", "metrics": ["exact"], **keys})


def write_lines(path: Path, rows: Sequence[object]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_answers_are_scored_by_a_carried_column(output: str) -> None:
    found = evaluate(output, by_column()).result
    value = found.values["exact"]
    assert value.value == pytest.approx(RIGHT / JUDGED)
    assert value.low is not None
    assert value.high is not None
    assert value.low < RIGHT / JUDGED < value.high
    assert found.samples == {
        "kept": 10,
        "not_asked": 1,
        "judged": JUDGED,
        "not_whole": 2,
        "empty": 1,
        "without_truth": 1,
        "wrong_truth": 1,
    }


def test_a_file_in_place_of_the_folder_of_evaluations_is_named(
    output: str, command_line: CommandLine
) -> None:
    file = Path(output, "_shardmill/evaluations")
    shutil.rmtree(file, ignore_errors=True)
    file.write_bytes(b"")
    asked = ("evaluate", output, "--truth", "truth", "--metrics", "exact")
    line = f"{file}: is a file where a folder must be: move it away, or choose another"
    assert command_line.mistake(*asked) == f"shardmill: {line}"


@pytest.mark.faults
def test_a_killed_evaluation_leaves_no_scores_of_another_one(output: str, tmp_path: Path) -> None:
    evaluated = Path(output, "_shardmill/evaluations")
    words = ("evaluate", output, "--truth", "truth", "--name", "same", "--metrics")

    def stored() -> tuple[str, list[str]]:
        scores = evaluated / "same.scores"
        columns = pq.read_schema(scores).names[3:] if scores.exists() else []
        return ",".join(json.loads((evaluated / "same.record").read_text())["values"]), columns

    assert run_until(-1, *words, "exact") == 0
    shutil.copytree(evaluated, tmp_path / "before")
    seen = []
    for number in itertools.count():
        code = run_until(number, *words, "anls")
        seen.append(stored())
        if code == 0:
            break
        assert code == -signal.SIGKILL
        shutil.rmtree(evaluated)
        shutil.copytree(tmp_path / "before", evaluated)
    assert seen == [
        ("exact", ["exact"]),
        ("exact", []),
        ("anls", []),
        ("anls", ["anls"]),
    ]


def test_files_of_references_are_joined_by_key(output: str, tmp_path: Path) -> None:
    rows = [{"key": key, "truth": truth} for key, (_, _, truth, _) in SAMPLES.items() if key != "h"]
    rows += [{"key": "nobody", "truth": "x"}, {"key": ["a"], "truth": "x"}]
    rows += [{"key": "c", "truth": "x"}, {"key": "z", "truth": "not kept"}]
    files = tmp_path / "truths"
    files.mkdir()
    write_lines(files / "0.jsonl", rows[::2])
    write_lines(files / "1.jsonl", rows[1::2])
    found = evaluate(output, by_column(truth=f"{files}/*.jsonl")).result
    assert found.samples == {
        "kept": 10,
        "not_asked": 1,
        "judged": 5,  # a, b, d, e, f
        "not_whole": 2,
        "empty": 0,
        "without_truth": 1,  # h
        "null_truth": 1,  # i
        "wrong_truth": 1,  # j
        "truth_repeated": 1,  # c
        "truth_without_sample": 2,  # nobody, and z, which is not kept
        "key_repeated": 0,
        "truth_without_key": 1,
    }
    assert found.values["exact"].value == pytest.approx(3 / 5)


def test_formats_of_references_give_the_same(output: str, tmp_path: Path) -> None:
    rows = [{"key": key, "answer": each[2]} for key, each in SAMPLES.items() if each[2]]
    lines = write_lines(tmp_path / "truth.jsonl", rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "truth.parquet")
    first = evaluate(output, by_column(truth=lines)).result
    second = evaluate(output, by_column(truth=str(tmp_path / "truth.parquet"))).result
    assert first.values == second.values == evaluate(output, by_column()).result.values
    assert first.samples == second.samples


def test_samples_with_one_key_are_not_judged_by_key(made: Path, tmp_path: Path) -> None:
    output = planted(made, tmp_path / "output")
    file = tmp_path / "output/1.parquet"
    table = pq.read_table(file)
    rows = [row | {"key": "a"} if row["key"] == "h" else row for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, table.schema), file)
    lines = write_lines(tmp_path / "t.jsonl", [{"key": key, "truth": "red"} for key in "ab"])
    found = evaluate(output, by_column(truth=lines)).result
    assert (found.samples["judged"], found.samples["key_repeated"]) == (1, 2)
    assert evaluate(output, by_column()).result.samples["judged"] == JUDGED


def test_an_evaluation_is_stored_and_the_same_each_time(output: str) -> None:
    found = evaluate(output, by_column())
    assert found.file == f"{output}/_shardmill/evaluations/answer.record"
    content = Path(found.file).read_bytes()
    assert json.loads(content) == found.result.model_dump(mode="json")
    assert found.scores is not None
    scores = Path(found.scores).read_bytes()
    table = {row["key"]: row["exact"] for row in pq.read_table(found.scores).to_pylist()}
    assert table == {key: float(key in "abd") for key in "abcdefh"}
    evaluate(output, by_column())
    assert (Path(found.file).read_bytes(), Path(found.scores).read_bytes()) == (content, scores)


def test_stored_evaluations_are_no_rows(
    made: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    output = str(shutil.copytree(made, tmp_path / "output"))
    before = len(pq.read_table(output))
    evaluate(output, by_column())
    status = json.loads(command_line.done("status", output, "--json"))
    assert (status["complete"], status["strangers"]) == (True, [])
    assert [*Path(output).glob("**/*.parquet")] == [*Path(output).glob("*.parquet")]
    assert len(pq.read_table(output)) == before


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_samples_changes_nothing(made: Path, tmp_path: Path, seed: int) -> None:
    output = planted(made, tmp_path / "output")
    asked = by_column(metrics=["vqa", "exact", "cider", "anls"], by="language")
    before = evaluate(output, asked).result
    for file in Path(output).glob("*.parquet"):
        table = pq.read_table(file)
        rows = table.to_pylist()
        random.Random(seed).shuffle(rows)
        pq.write_table(pa.Table.from_pylist(rows, table.schema), file)
    assert evaluate(output, asked).result == before


def test_parts_are_scored_alone_and_averaged(output: str) -> None:
    found = evaluate(output, by_column(by="language")).result
    assert {part: each.samples for part, each in found.parts.items()} == {"de": 3, "en": 3}
    values = {part: each.values["exact"].value for part, each in found.parts.items()}
    assert values == {"de": pytest.approx(1 / 3), "en": pytest.approx(2 / 3)}
    assert found.averages["exact"] == pytest.approx({"en": 2 / 3, "avg1": 1 / 3, "avg": 1 / 2})


def test_the_worst_samples_are_shown(output: str) -> None:
    found = evaluate(output, by_column(worst=2, metrics=["anls"])).worst
    assert [(each.key, each.score) for each in found] == [("c", 0), ("e", 0)]
    assert (found[0].answer, found[0].truth) == ("green", ["red"])


def test_references_of_redacted_samples_are_hidden_if_they_are_from_files(
    made: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    output = planted(made, tmp_path / "output")
    for file in (tmp_path / "output").glob("*.parquet"):
        table = pq.read_table(file)
        rows = table.to_pylist()
        for row in rows:
            if row["key"] == "c":  # a text of the sample was redacted
                row["redactions"] = [{"infotype": "email", "count": 1}]
        pq.write_table(pa.Table.from_pylist(rows, table.schema), file)
    secret = "planted@example.org"
    truths = [{"key": key, "truth": f"{secret} {key}"} for key in "acf"]  # f is withheld
    lines = write_lines(tmp_path / "t.jsonl", truths)
    found = evaluate(output, by_column(truth=lines, worst=3)).worst
    assert {each.key: each.truth for each in found} == {"a": f"{secret} a", "c": None, "f": None}
    page = tmp_path / "worst.html"
    asked = ("--metrics", "exact", "--worst", 3, "--to", page)
    printed = command_line.done("evaluate", output, "--truth", lines, *asked)
    content = page.read_text(encoding="utf-8")
    assert f"{secret} a" in content
    assert "framed by" not in content  # texts have no boxes
    for each in "cf":
        assert f"{secret} {each}" not in printed + content
    column = evaluate(output, by_column(worst=10)).worst
    assert not any(each.hidden for each in column)


def test_two_outputs_are_compared(made: Path, tmp_path: Path) -> None:
    first = planted(made, tmp_path / "first")
    better: dict[str, Planted] = {**SAMPLES, "c": ("red", "ok", ["red"], "en")}
    del better["j"]
    better["j"] = ("one", "skipped", [], None)
    second = planted(made, tmp_path / "second", better)
    found = evaluate(first, by_column(against=second)).result
    compared = found.comparisons["exact"]
    assert compared.difference.value == pytest.approx(1 / JUDGED)
    assert (compared.better, compared.worse) == (1, 0)
    assert compared.p_value == pytest.approx(1, abs=0.01)  # one sample proves nothing
    assert (found.samples["judged"], found.samples["changed"]) == (JUDGED, 1)
    assert (found.samples["only_here"], found.samples["only_there"]) == (1, 0)
    alone = evaluate(first, Asked(against=second)).result
    assert (alone.samples["judged"], alone.samples["changed"]) == (8, 1)
    assert alone.values == {}


def test_an_output_and_references_in_a_bucket(output: str, small_s3: SmallS3) -> None:
    bucket = small_s3.objects[BUCKET]
    for file in filter(Path.is_file, Path(output).rglob("*")):
        bucket[f"out/{file.relative_to(output)}"] = file.read_bytes()
    bucket["truths/0.jsonl"] = b'{"key": "a", "truth": "red"}\n{"key": "c", "truth": "red"}\n'
    found = evaluate(f"s3://{BUCKET}/out", by_column(truth=f"s3://{BUCKET}/truths/*.jsonl"))
    assert found.result.values["exact"].value == 1 / 2
    assert json.loads(bucket["out/_shardmill/evaluations/answer.record"])["task"] == "answer"
    scores = pq.read_table(pa.BufferReader(bucket["out/_shardmill/evaluations/answer.scores"]))
    assert scores["exact"].to_pylist() == [1, 0]


HOSTILE = {
    "no object": b"[1]\n",
    "no JSON": b"{\n",
    "too deep": b'{"key": "a", "truth": ' + b"[" * 200_000 + b"\n",
    "no UTF-8": b'{"key": "\xff", "truth": "x"}\n',
    "no key": b'{"truth": "x"}\n',
    "no truth": b'{"key": "a"}\n',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_bad_lines_are_named(output: str, tmp_path: Path, name: str) -> None:
    file = tmp_path / "t.jsonl"
    file.write_bytes(b'{"key": "b", "truth": "x"}\n' + HOSTILE[name])
    with pytest.raises(JobError, match=r"--truth: .*t\.jsonl, line 2: "):
        evaluate(output, by_column(truth=str(file)))


@pytest.mark.parametrize(
    "value",
    [True, {"a": 1}, [["x"]], [None], 10**400, [True], "\ud800", [], None, float("nan"), [1e400]],
)
def test_wrong_references_are_counted(output: str, tmp_path: Path, value: object) -> None:
    rows = [{"key": "a", "truth": "red"}, {"key": "b", "truth": value}]
    found = evaluate(output, by_column(truth=write_lines(tmp_path / "t.jsonl", rows))).result
    unused = sum(found.samples[name] for name in ("wrong_truth", "null_truth"))
    usable = isinstance(value, str) or value == 10**400
    assert (found.samples["judged"], unused) == ((2, 0) if usable else (1, 1))


@pytest.mark.parametrize("key", [None, 1.5, True, ["a"], {}, "\ud800", 10**40])
def test_wrong_keys_are_counted(output: str, tmp_path: Path, key: object) -> None:
    rows = [{"key": "a", "truth": "red"}, {"key": key, "truth": "red"}]
    found = evaluate(output, by_column(truth=write_lines(tmp_path / "t.jsonl", rows))).result
    assert (found.samples["judged"], found.samples["truth_without_key"]) == (1, 1)


def test_a_damaged_parquet_file_is_told(output: str, tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"key": ["a"], "truth": ["red"]}), file)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(JobError, match="damaged"):
        evaluate(output, by_column(truth=str(file)))


def test_bytes_that_cannot_be_decompressed_are_told(output: str, tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    texts = [f"{number} red" for number in range(1000)]
    pq.write_table(pa.table({"key": texts, "truth": texts}), file, use_dictionary=False)
    content = file.read_bytes()
    file.write_bytes(
        content[:100] + bytes(~each & 0xFF for each in content[100:600]) + content[600:]
    )
    with pytest.raises(JobError, match="damaged"):
        evaluate(output, by_column(truth=str(file)))


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["key", "key", "truth"], "has several columns 'key': keep one"),
        (["key", "truth", "truth"], "has several columns 'truth': keep one"),
        (["name", "id", "truth"], "has no column 'key': rename"),
        (["key", "id", "name"], "has no column 'answer' or 'truth': name it with --truth-column"),
    ],
)
def test_columns_of_a_parquet_file_that_do_not_fit_are_told(
    output: str, tmp_path: Path, names: list[str], fault: str
) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table([pa.array(["a"])] * 3, names=names), file)
    with pytest.raises(JobError, match=fault):
        evaluate(output, by_column(truth=str(file)))


def test_half_a_surrogate_pair_is_shown_as_a_question_mark(
    output: str, tmp_path: Path, command_line: CommandLine
) -> None:
    lines = write_lines(tmp_path / "t.jsonl", [{"key": "c", "truth": "\ud83d\ude00 \ud800"}])
    options = ("--truth", lines, "--metrics", "exact", "--worst", 1)
    printed = command_line.done("evaluate", output, *options, "--json")
    assert json.loads(printed)["worst"][0]["truth"] == "\U0001f600 ?"
    page = tmp_path / "worst.html"
    command_line.done("evaluate", output, *options, "--to", page)
    assert "\U0001f600 ?" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--truth", "truth"], "--metrics: name some of cider"),
        (["--truth", "truth", "--metrics", "ciderr"], "--metrics: there is no metric 'ciderr'"),
        (["--truth", "truth", "--metrics", "box_f1"], "no metric 'box_f1' of a task 'vqa'"),
        (["--truth", "nothing", "--metrics", "exact"], "has no column 'nothing'"),
        (["--truth", "truth", "--metrics", "exact", "--by", "no"], "has no column 'no'"),
        (
            ["--truth", "truht", "--metrics", "exact"],
            "has no column 'truht': it has truth",
        ),
        (["--truth", "truth", "--metrics", "exact", "--task", "no"], "no task 'no'"),
        (["--truth", "truth", "--metrics", "paired"], "has no column 'pair'"),
        (["--truth", "answer", "--metrics", "exact"], "--truth: 'answer' holds the answers to be"),
        (["--truth", "truth", "--metrics", "exact", "--threshold", "1"], "--threshold: is for"),
        (
            ["--truth", "truth", "--metrics", "exact", "--by", "redactions"],
            "--by: the column 'redactions' holds lists or objects",
        ),
        (["--truth", "none/*.jsonl", "--metrics", "exact"], "no file matches"),
        (["--truth", "none.jsonl", "--metrics", "exact"], "cannot be read"),
        (["--truth", "truth.csv", "--metrics", "exact"], "end in .parquet or .jsonl"),
        (["--truth", "truth", "--metrics", "exact", "--name", "../a"], "--name"),
        (["--metrics", "exact"], "--truth: name"),
        ([], "--truth, or an output with --against"),
        (["--against", "output"], "the same output"),
    ],
)
def test_mistakes_are_told(
    output: str, options: list[str], told: str, command_line: CommandLine
) -> None:
    assert told in command_line.mistake("evaluate", output, *options)


def test_an_unknown_metric_is_answered_by_those_that_fit(
    output: str, command_line: CommandLine
) -> None:
    line = command_line.mistake("evaluate", output, "--truth", "truth")
    offered = set(line.rpartition(": name some of ")[2].split(", "))
    fitting = {name for name, metric in ALL_METRICS.items() if "vqa" in metric.tasks}
    assert offered == fitting
    assert "box_f1" not in offered
    line = command_line.mistake("evaluate", output, "--truth", "truth", "--metrics", "ciderr")
    more = len(fitting) - 2
    assert f"name some of cider, cer and {more} more: docs/evaluation.md explains them" in line


def test_a_column_with_too_many_values_is_refused(
    output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate_rows, "_MOST_PARTS", 6)
    with pytest.raises(JobError, match=r"--by: key has more than 6 values"):
        evaluate(output, by_column(by="key"))
    assert len(evaluate(output, by_column(by="language")).result.parts) == 2


def test_no_judged_sample_is_a_mistake(
    output: str, tmp_path: Path, command_line: CommandLine
) -> None:
    file = write_lines(tmp_path / "t.jsonl", [{"key": "nobody", "truth": "x"}])
    line = command_line.mistake("evaluate", output, "--truth", file, "--metrics", "exact")
    assert "no sample can be judged: 1 kept sample not judged: the model was not asked; 9 " in line
    assert "1 reference not used: no kept sample has the key" in line


def test_the_terminal_shows_values_and_what_is_not_judged(
    output: str, command_line: CommandLine
) -> None:
    options = ("--truth", "truth", "--metrics", "exact,anls", "--by", "language", "--worst", 1)
    shown = command_line.done("evaluate", output, *options)
    assert "0.4286" in shown
    assert "avg1: mean of languages" in shown
    assert "1 kept sample not judged: the model was not asked" in shown
    assert "2 answers counted as failed: partial, or withheld by a filter" in shown
    assert "green" in shown
    printed = json.loads(command_line.done("evaluate", output, *options, "--json"))
    assert printed["values"]["exact"]["value"] == pytest.approx(RIGHT / JUDGED)
    assert printed["worst"][0]["key"] == "c"


def test_a_card_of_results_is_written(
    output: str, tmp_path: Path, command_line: CommandLine
) -> None:
    options = ("--truth", "truth", "--metrics", "exact", "--benchmark", "GQA", "--markdown")
    file = tmp_path / "card.md"
    assert "0.4286" in command_line.done("evaluate", output, *options, file)
    page = file.read_text()
    assert "| `exact` |  | 42.86 |" in page
    assert "not published" in page  # of the checkpoint of this test
    assert command_line.done("evaluate", output, *options, "-") == page
    assert "is on no card" in command_line.mistake(
        "evaluate", output, "--benchmark", "X", "--markdown", "-"
    )
    assert "add --markdown" in command_line.mistake("evaluate", output, *options[:-1])
    missing = command_line.mistake("evaluate", output, *options, tmp_path / "no/card.md")
    assert "card.md" in missing
