"""The demo's job runs over the demo's shards and checkpoint, and can be looked at."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from demo import __main__ as demo
from demo import random_checkpoint, scenes, words
from inference.location_tasks import Detect
from pipelines import show
from pipelines.show.selection import select
from shardmill import Job, run

JOB = Path(__file__).parents[2] / demo.JOB
SAMPLES = 16


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("demo")
    scenes.write_shards(folder / "shards", shards=1, samples=SAMPLES, seed=demo.SEED)
    random_checkpoint.build(folder / "checkpoint")
    settings = {
        "input.shards": folder / "shards" / "*.tar",
        "model.checkpoint": folder / "checkpoint",
        "output": folder / "annotated",
    }
    run(Job.load(JOB, [f"{path}='{value}'" for path, value in settings.items()]))
    return str(settings["output"])


def test_it_asks_for_every_shape() -> None:
    objects = Job.load(JOB).tasks["objects"]
    assert isinstance(objects, Detect)
    assert objects.labels == words.SHAPES


def test_its_paths_are_where_the_demo_writes() -> None:
    job = Job.load(JOB)
    assert job.input.patterns() == (f"{demo.FOLDER}/shards/*.tar",)
    assert job.model.checkpoint == f"{demo.FOLDER}/checkpoint"
    assert Path(job.output).parent == demo.FOLDER


def test_most_scenes_are_kept_and_the_filters_have_something_to_do(output: str) -> None:
    rows = pq.read_table(f"{output}/00000.parquet").to_pylist()
    assert len(rows) == SAMPLES
    kept = [row for row in rows if row["status"] == "kept"]
    assert SAMPLES / 2 < len(kept) < SAMPLES
    drawn = {f"{index:08}": scenes.draw_scene(demo.SEED, index) for index in range(SAMPLES)}
    for row in kept:
        scene = drawn[row["key"]]
        assert (row["width"], row["height"]) == (scene.width, scene.height)
        assert (row["source_text"], row["question"]) == (scene.alt_text, scene.question)
    assert len({row["caption"] for row in kept}) > len(kept) / 2


def test_it_can_be_looked_at(output: str) -> None:
    found = select(output, SAMPLES)
    assert show.sheet(found).height > show.sheet(found[:1]).height
    assert [picture.image is None for picture in found] == [
        picture.row["status"] != "kept" for picture in found
    ]


def test_the_query_can_be_pasted(output: str) -> None:
    query = demo.QUERY.format(python=sys.executable, output=output)
    assert query.count("\n") == 1
    shown = subprocess.run(["bash", "-c", query], capture_output=True, text=True, check=True).stdout
    assert "kept" in shown
    assert "image_too_small" in shown
