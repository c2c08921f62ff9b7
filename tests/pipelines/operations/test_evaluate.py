"""`evaluate` scores planted answers, and counts all samples and references that it cannot use."""

import json
import random
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command_line import CommandLine
from support.sample_data import job, jpeg, write_shard
from support.small_s3 import BUCKET, SmallS3

from pipelines.operations.evaluate import Asked, evaluate
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
    "value", [True, {"a": 1}, [["x"]], [None], 10**400, [True], "\ud800", [], None]
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


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--truth", "truth"], "--metrics: name some of cider"),
        (["--truth", "truth", "--metrics", "ciderr"], "--metrics: there is no 'ciderr'"),
        (["--truth", "truth", "--metrics", "box_f1"], "box_f1 takes no answers of a task 'vqa'"),
        (["--truth", "nothing", "--metrics", "exact"], "has no column 'nothing'"),
        (["--truth", "truth", "--metrics", "exact", "--by", "no"], "has no column 'no'"),
        (["--truth", "truth", "--metrics", "exact", "--task", "no"], "no task 'no'"),
        (["--truth", "truth", "--metrics", "paired"], "has no column 'pair'"),
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


def test_no_judged_sample_is_a_mistake(
    output: str, tmp_path: Path, command_line: CommandLine
) -> None:
    file = write_lines(tmp_path / "t.jsonl", [{"key": "nobody", "truth": "x"}])
    line = command_line.mistake("evaluate", output, "--truth", file, "--metrics", "exact")
    assert "no sample can be judged: kept 10" in line
    assert "truth_without_sample 1" in line


def test_the_terminal_shows_values_and_what_is_not_judged(
    output: str, command_line: CommandLine
) -> None:
    options = ("--truth", "truth", "--metrics", "exact,anls", "--by", "language", "--worst", 1)
    shown = command_line.done("evaluate", output, *options)
    assert "0.4286" in shown
    assert "avg1: mean of languages" in shown
    assert "1 kept samples are not judged: the model was not asked" in shown
    assert "2 answers are partial or withheld by a filter: they count as empty" in shown
    assert "green" in shown
    printed = json.loads(command_line.done("evaluate", output, *options, "--json"))
    assert printed["values"]["exact"]["value"] == pytest.approx(RIGHT / JUDGED)
    assert printed["worst"][0]["key"] == "c"
