"""Tests jobs whose tasks are about regions: each region is drawn into an image of its own."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from support.sample_data import described, job, jpeg, write_shard

from inference import load_engine
from inference.tasks.regions import draw_region, read_region
from pipelines.config.input import Limits
from pipelines.images import EncodedImage
from pipelines.operations.run import run
from pipelines.planning.resolve import resolve
from schemas.generation import Request
from schemas.resources import Resources
from schemas.sample import Sample, Text

BOXES = ["[5, 4, 30, 20]", "no box", "[0, 0, 48, 32]"]
TASKS = {
    "caption": {"kind": "caption", "max_new_tokens": 4},
    "part": {"kind": "caption", "region_field": "box", "max_new_tokens": 4},
    "answer": {"kind": "vqa", "region_field": "box", "question": "why?", "max_new_tokens": 4},
    "named": {"kind": "caption", "region_field": "box", "region": "tokens", "max_new_tokens": 4},
}


def test_a_region_is_drawn_for_its_tasks_alone(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", described({"box": box} for box in BOXES))
    source = {"shards": f"{tmp_path}/shards/*.tar", "text": None, "carry": ["json:box"]}
    made = job(tmp_path, checkpoint, input=source, tasks=TASKS)
    run(made)
    rows = pq.read_table(tmp_path / "output/a.parquet").to_pylist()

    work = resolve(made)
    assert work.job.model is not None
    assert work.resolved.checkpoint is not None
    engine = load_engine(work.job.model, work.resolved.checkpoint, Resources(open))
    for number, (box, row) in enumerate(zip(BOXES, rows, strict=True)):
        opened = EncodedImage.open(jpeg(48, 32, number), Limits())
        image = opened.upright().fit(engine.image_spec)
        sample = Sample("", 0, {"box": Text(box)}, b"", 48, 32)
        region = read_region(sample, "box")
        drawn = image if region is None else draw_region(image, region, 48, 32)
        assert np.array_equal(image, drawn) == (region is None)
        asked = {"caption": image, "part": drawn, "answer": drawn, "named": image}
        for name, pixels in asked.items():
            task = work.job.tasks[name]
            prompt = engine.family.task_prompt(task, sample)
            if prompt is None:
                assert row[f"{name}_info"]["status"] == "skipped"
                continue
            ((answer,),) = engine.generate([Request((pixels,), ((prompt, 4),))])
            assert row[name] == answer.text.strip(), name
    assert [row["part_info"]["status"] == "skipped" for row in rows] == [False, True, False]
