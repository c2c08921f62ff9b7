"""Runs jobs about phrases, regions, pairs and clips, and scores the rows that they write.

These tasks need carried columns, several images or videos, so whole jobs are measured: shards are
written, read, decoded and answered as a user's are.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from webdataset import TarWriter

from demo.evaluation.scoring import MIN_IOU, Score
from demo.scenes.clips import draw_clip
from demo.scenes.encoded_clip import mp4
from demo.scenes.pairs import compare
from demo.scenes.referring import refer
from demo.scenes.regions import box_around
from demo.scenes.scenes import Scene
from demo.training.clip_dataset import FRAMES
from demo.training.later_examples import REGION_QUESTION, describe
from inference.tasks.detections import Box
from pipelines.config.job import Job
from pipelines.evaluation.metrics.box_matching import iou
from pipelines.evaluation.metrics.values import BoxedLabel
from pipelines.operations.run import run

TARGETS: Mapping[str, float] = {  # target scores of the checkpoint on scenes it was not trained on
    "phrase": 0.95,
    "region_tokens": 0.95,
    "region_drawn": 0.95,
    "pair": 0.95,
    "clip": 0.95,
    "clip_caption": 0.95,
}

Settings = Mapping[str, Any]  # a part of a job file
_QUESTION: Settings = {"kind": "vqa", "question_field": "source_text", "max_new_tokens": 8}
_REGION: Settings = {"region_field": "box", "max_new_tokens": 8}


@dataclass(frozen=True, slots=True)
class Trial:
    """A job, its samples, and the true value of each task for each sample."""

    input: Settings  # without the shards
    tasks: Mapping[str, Settings]
    members: Sequence[Mapping[str, bytes]]  # of each sample, by extension
    truths: Sequence[Mapping[str, Any]]


def measure(
    folder: Path, model: Settings, scenes: Sequence[Scene], seed: int
) -> Mapping[str, Score]:
    """Score a checkpoint by task; shards and outputs are written below an empty folder.

    `model` is the job's. There are as many clips, of this seed, as scenes.
    """
    random = Random(seed)
    trials = {
        "scenes": about_scenes(random, scenes),
        "pairs": about_pairs(random, scenes),
        "clips": about_clips(seed, len(scenes)),
    }
    is_right: dict[str, list[bool]] = {name: [] for name in TARGETS}
    for name, trial in trials.items():
        for row, truth in zip(_run(folder / name, model, trial), trial.truths, strict=True):
            for task, true in truth.items():
                is_right[task].append(_is_right(row[task], true))
    return {task: Score(float(np.mean(rights)), len(rights)) for task, rights in is_right.items()}


def about_scenes(random: Random, scenes: Sequence[Scene]) -> Trial:
    """A phrase and a box for each scene with shapes; true are the shape meant and its name."""
    members, truths = [], []
    for scene in (each for each in scenes if each.things):
        phrase, target, _ = refer(random, scene.things)
        thing = random.choice(scene.things)
        carried = {"referring": phrase, "box": [*box_around(random, thing, scene)]}
        members.append({"jpg": scene.image, "json": json.dumps(carried).encode()})
        meant = None if target is None else scene.things[target].box
        name = describe(thing)
        truths.append({"phrase": meant, "region_tokens": name, "region_drawn": name})
    tasks: Mapping[str, Settings] = {
        "phrase": {"kind": "detect", "labels_field": "referring", "max_new_tokens": 16},
        "region_tokens": {"kind": "caption", "region": "tokens", **_REGION},
        "region_drawn": {"kind": "vqa", "question": REGION_QUESTION, **_REGION},
    }
    return Trial({"carry": ["json:referring", "json:box"], "text": None}, tasks, members, truths)


def about_pairs(random: Random, scenes: Sequence[Scene]) -> Trial:
    """A question that compares each scene with the one before it."""
    members, truths = [], []
    for at, right in enumerate(scenes):
        left = scenes[at - 1]
        question, answer = compare(random, left.things, right.things)
        members.append({"left.jpg": left.image, "right.jpg": right.image, "txt": question.encode()})
        truths.append({"pair": answer})
    return Trial({"images": ["left.jpg", "right.jpg"]}, {"pair": _QUESTION}, members, truths)


def about_clips(seed: int, number: int) -> Trial:
    """A question about each clip and its caption."""
    clips = [draw_clip(seed, index, FRAMES) for index in range(number)]
    return Trial(
        {"video": {"frames": FRAMES}},
        {"clip": _QUESTION, "clip_caption": {"kind": "caption", "max_new_tokens": 12}},
        [{"mp4": mp4(clip), "txt": clip.question.encode()} for clip in clips],
        [{"clip": clip.direction, "clip_caption": clip.caption} for clip in clips],
    )


def _run(folder: Path, model: Settings, trial: Trial) -> Sequence[Mapping[str, Any]]:
    """Write the samples to a shard, run the job, and return its rows in their order."""
    shards = folder / "shards"
    shards.mkdir(parents=True)
    with TarWriter(str(shards / "0.tar"), mtime=0) as writer:
        for number, members in enumerate(trial.members):
            writer.write({"__key__": f"{number:06}", **members})
    job = Job.model_validate(
        {
            "name": folder.name,
            "input": {"shards": f"{shards}/*.tar", **trial.input},
            "model": model,
            "tasks": trial.tasks,
            "output": str(folder / "output"),
        }
    )
    run(job)
    rows: Sequence[Mapping[str, Any]] = pq.read_table(folder / "output/0.parquet").to_pylist()
    return rows


def _is_right(value: Any, true: str | Sequence[float] | None) -> bool:
    """Whether a text is the true one, or a box the one that is meant; None: no box is."""
    if true is None or isinstance(true, str):
        return bool(value == (true or []))
    found = [BoxedLabel("", *(each[edge] for edge in Box._fields)) for each in value]
    return len(found) == 1 and iou(found[0], BoxedLabel("", *true)) >= MIN_IOU
