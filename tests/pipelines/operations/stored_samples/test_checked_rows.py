"""Values of rows that somebody changed end each command with one line, and crash none.

pycocotools reads masks unchecked: one of these ends the process, and another one never returns.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco
from support.changed_rows import change_rows
from support.command_line import CommandLine
from support.sample_data import job, jpeg, write_shard

from pipelines.operations.run import run

HEIGHT, WIDTH = 32, 48
SECRET = "quentin"  # is told nowhere


def mask(**changed: Any) -> dict[str, Any]:
    inside = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    inside[4:20, 4:20] = 1
    return {"size": [HEIGHT, WIDTH], "counts": coco.encode(inside)["counts"].decode(), **changed}


def found(**changed: Any) -> dict[str, Any]:
    edges = {"x_min": 4.0, "y_min": 4.0, "x_max": 20.0, "y_max": 20.0}
    own = {"label": "dog", "score": 0.5, "unasked": False, "codes": [], "mask": mask()}
    return {**edges, **own, **changed}


BAD_MASKS: dict[str, dict[str, Any]] = {
    "empty": mask(counts=""),
    "no ASCII": mask(counts="é"),
    "short": mask(counts=SECRET),
    "null counts": mask(counts=None),
    "null size": mask(size=None),
    "no size": mask(size=[0, 0]),
    "large size": mask(size=[2**31 - 1, 2**31 - 1]),
}
BAD_BOXES = {
    "NaN": found(x_max=float("nan")),
    "infinite": found(y_max=float("inf")),
    "null edge": found(x_min=None),
    "null label": found(label=None),
    "null": None,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    """An output of a task `segment`, whose samples each have one planted object."""
    folder = tmp_path_factory.mktemp("masks")
    truth = json.dumps({"truth": [found()]}).encode()
    members = [
        (f"{key}.{extension}", content)
        for key in "abc"
        for extension, content in (("jpg", jpeg(WIDTH, HEIGHT, ord(key))), ("json", truth))
    ]
    write_shard(folder / "shards/0.tar", members)
    given = {"shards": f"{folder}/shards/*.tar", "text": None, "carry": {"truth": "json:truth"}}
    task = {"kind": "segment", "labels": ["dog"], "max_new_tokens": 2}
    run(job(folder, checkpoint, input=given, tasks={"objects": task}))
    plant(folder / "output", found(), None)
    return folder / "output"


def plant(output: Path, planted: object, index: int | None = 1) -> None:
    """Let the answer of a sample, or those of all, be one object."""

    def change(row: dict[str, Any]) -> None:
        if index in (None, row["index"]):
            row["objects"], row["objects_info"]["status"] = [planted], "ok"

    change_rows(output / "0.parquet", change)


@pytest.fixture
def output(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "output"))


def commands(output: Path, folder: Path) -> dict[str, tuple[object, ...]]:
    """Return commands that read the masks of an output."""
    scored = ("evaluate", output, "--truth", "truth", "--metrics")
    return {
        "inspect": ("inspect", output, "--sheet", folder / "sheet.png"),
        "inspect --random": ("inspect", output, "--random", 1, "--sheet", folder / "random.png"),
        "report": ("report", output, "--force", "--to", folder / "report.html"),
        "export": ("export", output, "--to", "coco", folder / "exported"),
        "export --shuffle": ("export", output, "--to", "coco", folder / "e", "--shuffle", 1),
        "mask_iou": (*scored, "mask_iou"),
        "coco_map": (*scored, "coco_map"),
        "box_f1": (*scored, "box_f1,coco_map,mask_iou"),
    }


def test_whole_rows_are_taken(output: Path, tmp_path: Path, command_line: CommandLine) -> None:
    for asked in commands(output, tmp_path).values():
        command_line.done(*asked)
    assert (tmp_path / "exported/_SUCCESS").exists()


@pytest.mark.parametrize("name", BAD_MASKS)
def test_a_mask_that_cannot_be_read_is_one_line(
    name: str, output: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    plant(output, found(mask=BAD_MASKS[name]))
    for command, asked in commands(output, tmp_path).items():
        if command == "coco_map":  # which reads boxes alone
            command_line.done(*asked)
            continue
        line = command_line.mistake(*asked)
        assert f"{output}/0.parquet: sample 1 of 0.tar has in 'objects' a mask " in line
        assert line.endswith("delete it and run the job again")
        assert SECRET not in line
    assert not (tmp_path / "exported").exists()


@pytest.mark.parametrize("name", BAD_BOXES)
def test_a_box_that_is_none_is_one_line(
    name: str, output: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    plant(output, BAD_BOXES[name])
    asked = commands(output, tmp_path)
    for command in ("inspect", "report"):  # which leave it out
        command_line.done(*asked[command])
    line = command_line.mistake(*asked["export"])
    assert f"{output}/0.parquet: sample 1 of 0.tar has in 'objects' an object without a " in line
    if name == "null label":
        command_line.done(*asked["coco_map"])  # as an empty one
        return
    line = command_line.mistake(*asked["coco_map"])
    assert f"{output}/0.parquet: sample 1 of 0.tar has in 'objects' a" in line


def test_what_metrics_do_not_read_may_be_anything(
    output: Path, command_line: CommandLine, tmp_path: Path
) -> None:
    """An answer that is not whole counts as an empty one, whatever it is."""
    plant(output, found(mask=BAD_MASKS["empty"]))

    def change(row: dict[str, Any]) -> None:
        row["objects_info"]["status"] = "partial" if row["index"] == 1 else "ok"

    change_rows(output / "0.parquet", change)
    found_values = json.loads(command_line.done(*commands(output, tmp_path)["mask_iou"], "--json"))
    assert found_values["samples"]["not_whole"] == 1


def test_boxes_far_outside_are_drawn(
    output: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    plant(output, found(x_min=-3e38, y_max=3e38))
    asked = commands(output, tmp_path)
    for command in ("inspect", "report", "export", "box_f1"):
        command_line.done(*asked[command])
