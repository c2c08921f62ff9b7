"""`evaluate` scores planted boxes of a task `detect`."""

import json
import shutil
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command_line import CommandLine
from support.sample_data import job, jpeg, write_shard

from pipelines.operations.evaluate import Asked, evaluate
from pipelines.operations.run import run

Box = tuple[str, int, int, int, int, float | None]
# Of each sample: the found boxes and their status, and the true boxes.
SAMPLES: dict[str, tuple[list[Box], str, list[Box]]] = {
    "a": ([("dog", 4, 4, 20, 20, 0.9)], "ok", [("dog", 4, 4, 20, 20, None)]),
    "b": ([("dog", 30, 4, 40, 20, 0.8)], "ok", [("dog", 4, 4, 20, 20, None)]),
    "c": ([], "ok", []),
    "d": ([], "partial", []),  # failed: not right
}


def objects(boxes: list[Box]) -> list[dict[str, object]]:
    names = ("label", "x_min", "y_min", "x_max", "y_max", "score")
    return [dict(zip(names, box, strict=True)) for box in boxes]


def elements(name: str, page: Path) -> Iterator[Any]:
    before = f'<script type="application/json" class="{name}">'
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith(before):
            yield json.loads(line.removeprefix(before).removesuffix("</script>"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    """An output with real rows, whose boxes are replaced by planted ones."""
    folder = tmp_path_factory.mktemp("boxes")
    members = []
    for key, (_, _, truth) in SAMPLES.items():
        text = {"text": "a text", "truth": objects(truth)}
        members += [(f"{key}.jpg", jpeg(48, 32, ord(key)))]
        members += [(f"{key}.json", json.dumps(text).encode())]
    write_shard(folder / "shards/0.tar", members)
    given = {"shards": f"{folder}/shards/*.tar", "text": "json:text"}
    given["carry"] = {"truth": "json:truth"}
    task = {"kind": "detect", "labels": ["dog"], "max_new_tokens": 2}
    run(job(folder, checkpoint, input=given, tasks={"objects": task}))
    file = folder / "output/0.parquet"
    table = pq.read_table(file)
    footer = dict(pq.read_metadata(file).metadata)
    rows = table.to_pylist()
    for row in rows:
        found, status, _ = SAMPLES[row["key"]]
        row["objects"] = objects(found)
        row["objects_info"]["status"] = status
    with pq.ParquetWriter(file, table.schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, table.schema))
        footer.pop(b"ARROW:schema", None)
        writer.add_key_value_metadata(footer)
    return folder / "output"


@pytest.fixture
def output(made: Path, tmp_path: Path) -> str:
    return str(shutil.copytree(made, tmp_path / "output"))


def test_average_precision_has_an_interval(output: str) -> None:
    found = evaluate(output, Asked(truth="truth", metrics=["coco_map", "box_f1"], by="key")).result
    assert list(found.values) == ["f1", "precision", "recall", "map", "map50", "map75"]
    # Of two references, the surest box finds one: 51 of 101 recalls are reached.
    assert found.values["map"].value == pytest.approx(51 / 101)
    assert found.values["f1"].value == pytest.approx(2 / (2 + 1 + 1 + 1))
    assert {key: each.values["map50"].value for key, each in found.parts.items()} == {
        "a": pytest.approx(1),
        "b": 0,
        "c": None,
        "d": None,
    }


def test_coco_map_alone_has_no_scores_of_samples(output: str, command_line: CommandLine) -> None:
    evaluate(output, Asked(truth="truth", metrics=["box_f1"]))  # whose scores are deleted
    asked = ("evaluate", output, "--truth", "truth", "--metrics", "coco_map")
    printed = json.loads(command_line.done(*asked, "--json"))
    assert printed["values"]["map50"]["value"] == pytest.approx(51 / 101)
    assert not Path(output, "_shardmill/evaluations/objects.scores").exists()
    assert "coco_map gives samples no scores" in command_line.mistake(*asked, "--worst", "3")


def test_coco_map_is_compared_with_another_output(
    output: str, made: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    other = tmp_path / "other"
    shutil.copytree(made, other)
    file = other / "0.parquet"
    footer, table = dict(pq.read_metadata(file).metadata), pq.read_table(file)
    rows = table.to_pylist()
    for row in rows:
        row["objects"] = objects([(*box[:5], 0.5) for box in SAMPLES[row["key"]][2]])  # all right
    with pq.ParquetWriter(file, table.schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, table.schema))
        footer.pop(b"ARROW:schema", None)
        writer.add_key_value_metadata(footer)
    asked = ("evaluate", output, "--truth", "truth", "--metrics", "coco_map", "--against", other)
    found = json.loads(command_line.done(*asked, "--json"))["comparisons"]["map"]
    assert found["difference"]["value"] == pytest.approx(1 - 51 / 101)
    assert (found["better"], found["worse"]) == (None, None)
    assert found["p_value"] > 0.4  # one sample differs: swaps are as large in half of the draws
    assert "map " in command_line.done(*asked)


def test_the_worst_samples_are_on_a_page_with_their_boxes(
    output: str, tmp_path: Path, command_line: CommandLine
) -> None:
    page = tmp_path / "worst.html"
    asked = ("--truth", "truth", "--metrics", "box_f1", "--worst", "3", "--to", str(page))
    command_line.done("evaluate", output, *asked)
    shown = [*elements("sample", page)]
    assert "framed by solid green lines" in page.read_text(encoding="utf-8")
    assert [each["key"] for each in shown] == ["b", "d", "a"]
    assert [each["summary"] for each in shown] == [
        "box_f1: 0.0000",
        "box_f1: 0.0000",
        "box_f1: 1.0000",
    ]
    truth = ["reference", "dog", 4 / 48, 4 / 32, 20 / 48, 20 / 32]
    wrong = ["answer", "dog", 30 / 48, 4 / 32, 40 / 48, 20 / 32]
    for found, expected in zip(shown[0]["boxes"], (truth, wrong), strict=True):
        assert found[:2] == expected[:2]
        assert found[2:] == pytest.approx(expected[2:], abs=1e-4)
    texts = dict(shown[0]["texts"])
    assert texts["references (truth)"] == "dog: 4, 4 to 20, 20"
    assert texts["answer of the model"] == "dog: 30, 4 to 40, 20"
    assert texts["source_text"] == "a text"
    assert "truth" not in texts
    assert dict(shown[1]["texts"])["answer of the model"].startswith("(none: it is partial")
    assert all(b64decode(each)[8:12] == b"WEBP" for each in elements("picture", page))
    assert "exists already" in command_line.mistake("evaluate", output, *asked)
    command_line.done("evaluate", output, *asked, "--force")


def test_a_page_of_shards_that_are_gone_is_a_mistake(
    made: Path, output: str, tmp_path: Path, command_line: CommandLine
) -> None:
    page = tmp_path / "worst.html"
    asked = ("evaluate", output, "--truth", "truth", "--metrics", "box_f1", "--to", str(page))
    assert "add --worst N" in command_line.mistake(*asked)
    shard = made.parent / "shards/0.tar"
    moved = shard.rename(shard.with_suffix(".moved"))
    try:
        code, _, told = command_line(*asked, "--worst", "2")
    finally:
        moved.rename(shard)
    assert code == 2
    assert "2 samples of 0.tar left out: the shard is gone" in told
    assert "no page is written" in told
    assert not page.exists()


def test_an_output_without_rows_yet_is_told(
    output: str, made: Path, command_line: CommandLine
) -> None:
    Path(output, "0.parquet").unlink()
    told = f"{output}: 1 of 1 unit not committed, so their samples are not judged"
    asked = ("--truth", "truth", "--metrics", "box_f1")
    for words in ((output, *asked), (made, "--against", output), (output, "--against", made)):
        line = command_line.mistake("evaluate", *words)
        assert line.startswith("shardmill: evaluate: no sample can be judged: ")
        assert line.endswith(told), line
