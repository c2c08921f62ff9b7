"""Scores the demo's answers by the ground truth of its scenes, with `shardmill evaluate`."""

import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from demo.scenes.kinds import Kind
from inference.tasks.detections import Box
from pipelines.display.table_parts import borderless
from pipelines.evaluation.results import Value
from pipelines.operations.evaluate import Asked, evaluate

METRICS: Mapping[str, tuple[str, ...]] = {  # of each task, which is also a column of references
    "caption": ("exact", "cider"),
    "caption_es": ("exact", "cider"),
    "caption_de": ("exact", "cider"),
    "ocr": ("exact", "cer"),
    "objects": ("box_f1", "coco_map"),
    "answer": ("exact",),
}


def write_true_answers(shards: Iterable[Path], file: Path) -> None:
    """Write the key and the true answers of each scene as a line of JSON.

    Scenes that show an e-mail address have no true texts: the job redacts the address.
    """
    with file.open("w", encoding="utf-8") as lines:
        for key, scene in _scenes(shards):
            answers = {"key": key, **_true_answers(scene)}
            lines.write(json.dumps(answers, ensure_ascii=False) + "\n")


def results_table(output: str, truth: Path) -> Table:
    """Evaluate each task, and build a table of the values with their intervals."""
    table = borderless()
    for name in ("task", "metric", "value", "95 %", "samples"):
        table.add_column(name, justify="left" if name in ("task", "metric") else "right")
    for task, metrics in METRICS.items():
        found = evaluate(output, Asked(task=task, truth=str(truth), metrics=metrics)).result
        for metric, value in found.values.items():
            table.add_row(task, metric, *_cells(value), str(found.samples["judged"]))
    return table


def _scenes(shards: Iterable[Path]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for shard in shards:
        with tarfile.open(shard) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.name.endswith(".json") else None
                if content is not None:
                    yield member.name.removesuffix(".json"), json.load(content)


def _true_answers(scene: Mapping[str, Any]) -> Mapping[str, object]:
    is_redacted = scene["kind"] == Kind.PERSONAL_PICTURE
    captions = {
        language: None if is_redacted else text for language, text in scene["caption"].items()
    }
    return {
        "caption": captions["en"],
        "caption_es": captions["es"],
        "caption_de": captions["de"],
        "ocr": None if is_redacted else " ".join(scene["texts"]),
        "objects": [
            {"label": each["label"], **Box(*each["box"])._asdict()} for each in scene["objects"]
        ],
        "answer": scene["answer"],
    }


def _cells(value: Value) -> tuple[str, str]:
    low, high = value.low or 0.0, value.high or 0.0
    return f"{value.value or 0.0:.4f}", f"{low:.4f} to {high:.4f}"
