"""Jobs whose answers are chosen by likelihood: true answers, hostile choices, equal bytes."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.sample_data import described, job, write_shard

from demo.scenes.kinds import Kind
from demo.scenes.scenes import draw_scene
from inference import load_engine
from inference.tasks.choices import MOST_CHOICES
from pipelines.config.input import Limits
from pipelines.images import EncodedImage
from pipelines.operations.run import run
from pipelines.planning.resolve import resolve
from schemas.generation import Request
from schemas.resources import Resources

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "demo/checkpoint"
SCENES = 24


def rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / "output/a.parquet").to_pylist()
    return found


def source(folder: Path, *fields: str) -> dict[str, Any]:
    carry = {field: f"json:{field}" for field in fields}
    return {"shards": f"{folder}/shards/*.tar", "text": None, "carry": carry}


def test_the_demo_checkpoint_chooses_the_true_answers(tmp_path: Path) -> None:
    scenes = [draw_scene(11, index, Kind.PLAIN) for index in range(SCENES)]
    answers = list(dict.fromkeys(scene.answer for scene in scenes))
    assert len(answers) > 3
    members = []
    for (name, description), scene in zip(
        list(described({"prompt": f"answer en {scene.question}"} for scene in scenes))[1::2],
        scenes,
        strict=True,
    ):
        members += [(name.replace("json", "jpg"), scene.image), (name, description)]
    write_shard(tmp_path / "shards/a.tar", members)
    asked = {"kind": "prompt", "text_field": "prompt", "choices": answers, "logprobs": True}
    tasks = {
        "caption": {"kind": "caption", "max_new_tokens": 24},
        "sum": {**asked, "choose_by": "likelihood"},
        "mean": {**asked, "choose_by": "mean_logprob"},
        "written": {"kind": "prompt", "text_field": "prompt"},
    }
    run(job(tmp_path, DEMO, input=source(tmp_path, "prompt"), tasks=tasks))
    stored = rows(tmp_path)
    for name in ("sum", "mean"):
        right = sum(row[name] == scene.answer for row, scene in zip(stored, scenes, strict=True))
        assert right >= 0.95 * SCENES, f"{name}: {right} of {SCENES}"
        for row in stored:
            info, values = row[f"{name}_info"], row[f"{name}_logprobs"]
            assert (info["status"], info["finish_reason"]) == ("ok", "stop")
            assert len(values) == len(answers)
            assert row[name] == answers[values.index(max(values))]
            tokens = info["num_tokens"] if name == "sum" else 1
            assert max(values) == pytest.approx(tokens * info["mean_logprob"], abs=1e-4)
    assert sum(row["sum"] == row["written"] for row in stored) >= 0.95 * SCENES
    assert all(row["caption"] for row in stored)


CHOICES: list[tuple[list[str], str, int]] = [  # a sample's choices, the status, the number compared
    (["red", "blue"], "ok", 2),
    (["red\nblue", "", "red"], "ok", 2),
    (["only"], "ok", 1),
    ([], "skipped", 0),
    (["  \n "], "skipped", 0),
    (list(map(str, range(100))), "partial", MOST_CHOICES),
    (["\n".join(map(str, range(10_000)))], "partial", MOST_CHOICES),
    (["red", "x" * 5_000], "partial", 2),
    (["<eos>", "\x00\u202e", "<image><bos>", "\U0001f642"], "ok", 4),
]


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_choices_of_samples_may_be_anything(tmp_path: Path, checkpoint: Path, engine: str) -> None:
    descriptions = [*({"choices": choices} for choices, _, _ in CHOICES), {}]
    write_shard(tmp_path / "shards/a.tar", described(descriptions))
    asked = {"question": "which?", "choices_field": "choices", "choose_by": "likelihood"}
    given = source(tmp_path)
    given["carry"] = {"choices": "json:choices.each"}
    tasks = {"which": {"kind": "vqa", **asked, "logprobs": True}}
    made = job(tmp_path, checkpoint, input=given, tasks=tasks)
    run(made.model_copy(update={"model": made.model.model_copy(update={"engine": engine})}))  # type: ignore[union-attr]
    *stored, without = rows(tmp_path)
    assert (without["which"], without["which_info"]["status"]) == (None, "skipped")
    for row, (_, status, compared) in zip(stored, CHOICES, strict=True):
        assert row["status"] == "kept", row["reason"]
        assert row["which_info"]["status"] == status
        assert len(row["which_logprobs"] or ()) == compared


def test_a_region_is_drawn_for_choices_too_and_a_restart_gives_equal_bytes(
    tmp_path: Path, checkpoint: Path
) -> None:
    shard = write_shard(
        tmp_path / "shards/a.tar", described([{"box": "[5, 4, 30, 20]"}, {"box": "no box"}] * 3)
    )
    shutil.copy(shard, tmp_path / "shards/b.tar")
    asked = {"question": "which?", "choices": ["red", "blue", "a green star"], "logprobs": True}
    tasks = {
        "whole": {"kind": "vqa", **asked, "choose_by": "likelihood"},
        "part": {"kind": "vqa", **asked, "choose_by": "likelihood", "region_field": "box"},
        "caption": {"kind": "caption", "region_field": "box", "max_new_tokens": 4},
    }
    made = job(tmp_path, checkpoint, input=source(tmp_path, "box"), tasks=tasks)
    run(made)
    first, second = rows(tmp_path)[:2]
    assert first["part_logprobs"] != first["whole_logprobs"]
    assert (second["part"], second["part_info"]["status"]) == (None, "skipped")
    files = sorted((tmp_path / "output").glob("*.parquet"))
    contents = [file.read_bytes() for file in files]
    files[1].unlink()
    run(made)
    assert [file.read_bytes() for file in files] == contents

    work = resolve(made)
    assert work.job.model is not None
    assert work.resolved.checkpoint is not None
    engine = load_engine(work.job.model, work.resolved.checkpoint, Resources(open))
    encoded = dict(described([{}]))["0.jpg"]
    image = EncodedImage.open(encoded, Limits()).upright().fit(engine.image_spec)
    prompt = "answer en which? choose from: red \t blue \t a green star"
    (((*scored,),),) = engine.score([Request((image,), (), ((prompt, tuple(asked["choices"])),))])
    values = [sum(token.logprob for token in choice.tokens) for choice in scored]
    assert first["whole_logprobs"] == pytest.approx(values, abs=1e-3)
