"""ImageTextSimilarityModel, compared with a plain computation by transformers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from support.sample_data import job, pairs, picture, write_shard
from support.small_image_text_models import clip, siglip
from transformers import AutoModel, AutoTokenizer, CLIPImageProcessorPil, SiglipImageProcessorPil

from filters import ImageTextSimilarityModel
from pipelines.operations.run import run
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import RGB, Sample, Text
from schemas.verdict import Verdict

IMAGES = [np.asarray(picture(20 + 7 * n, 30, n)) for n in range(3)]
TEXTS = ["a red star", "the blue moon of the red star of a moon", "a <end> moon"]
PROCESSORS = {"clip": CLIPImageProcessorPil, "siglip": SiglipImageProcessorPil}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {"clip": clip(folder / "clip"), "siglip": siglip(folder / "siglip")}


def sample(text: str | None, *frames: RGB) -> Sample:
    texts = {} if text is None else {"source_text": Text(text)}
    return Sample("s", 0, texts, b"", 1, 1, frames=frames)


def verdicts(
    resources: Resources, model: Path, *samples: Sample, lowest: float = -1
) -> list[Verdict]:
    stage = ImageTextSimilarityModel(model=str(model), min=lowest)
    return stage.load(resources).judge(samples)


def plain(kind: str, folder: Path, text: str, image: RGB) -> float:
    model: Any = AutoModel.from_pretrained(folder).eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    tokens = tokenizer(
        text.replace("<end>", "< end >"),  # unknown words, and not the special token
        padding="max_length",
        truncation=True,
        max_length=8,
        return_tensors="pt",
    )
    processor: Any = PROCESSORS[kind].from_pretrained(folder)
    pixels = processor(Image.fromarray(image), return_tensors="pt")
    with torch.no_grad():
        outputs = model(**tokens, **pixels)
    image_vector, text_vector = outputs.image_embeds[0], outputs.text_embeds[0]
    return float(image_vector @ text_vector / image_vector.norm() / text_vector.norm())


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_the_score_is_the_cosine_similarity_of_transformers(
    resources: Resources, models: dict[str, Path], kind: str
) -> None:
    samples = [sample(text, image) for text, image in zip(TEXTS, IMAGES, strict=True)]
    judged = verdicts(resources, models[kind], *samples)
    expected = [
        plain(kind, models[kind], text, image) for text, image in zip(TEXTS, IMAGES, strict=True)
    ]
    scores = [verdict.scores["similarity"] for verdict in judged]
    assert scores == pytest.approx(expected, abs=1e-5)
    assert len({round(score, 4) for score in scores}) == 3
    assert verdicts(resources, models[kind], samples[1])[0].scores == judged[1].scores


def test_the_least_similar_frame_decides_and_the_bound_is_inclusive(
    resources: Resources, models: dict[str, Path]
) -> None:
    single = [
        verdicts(resources, models["clip"], sample(TEXTS[0], image))[0].scores["similarity"]
        for image in IMAGES
    ]
    least = min(single)
    together = sample(TEXTS[0], *IMAGES)
    (kept,) = verdicts(resources, models["clip"], together, lowest=least)
    assert (kept.action, kept.scores) == ("keep", {"similarity": least})
    (dropped,) = verdicts(resources, models["clip"], together, lowest=least + 1e-4)
    assert (dropped.action, dropped.reason) == ("drop", "image_text_dissimilar")
    assert dropped.scores == {"similarity": least}
    stage = ImageTextSimilarityModel(model=str(models["clip"]), min=least)
    assert stage.decide(dropped.scores) == kept
    assert stage.decide({}) is None


def test_without_a_text_the_sample_is_indeterminate(
    resources: Resources, models: dict[str, Path]
) -> None:
    samples = [sample(None, IMAGES[0]), sample(TEXTS[0], IMAGES[0]), sample(" \n", IMAGES[0])]
    judged = verdicts(resources, models["clip"], *samples)
    assert [verdict.action for verdict in judged] == ["indeterminate", "keep", "indeterminate"]
    assert judged[0].reason == judged[2].reason == "text_absent"


def test_other_models_are_refused_when_planned(
    resources: Resources, placards: Path, models: dict[str, Path]
) -> None:
    ImageTextSimilarityModel(model=str(models["clip"]), min=0).check(resources)
    with pytest.raises(JobError, match=r"model: .* is of the type .*: take one of the types clip"):
        ImageTextSimilarityModel(model=str(placards), min=0).check(resources)


def test_missing_weights_are_refused(
    resources: Resources, models: dict[str, Path], changed: Callable[..., Path]
) -> None:
    other = changed(models["clip"], projection_dim=24)
    with pytest.raises(JobError, match=r"model: weights are missing in .*: take a whole model"):
        verdicts(resources, other, sample(TEXTS[0], IMAGES[0]))


def test_a_job_runs_it_and_pins_its_model(tmp_path: Path, models: dict[str, Path]) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(2))
    stage = {"kind": "image_text_similarity_model", "model": str(models["clip"]), "min": -1}
    summary = run(job(tmp_path, model=None, tasks={}, filters=[stage]))
    assert summary.counts is not None
    assert summary.counts.kept == 2
    record = json.loads((tmp_path / "output/_shardmill/job.record").read_bytes())
    assert list(record["resolved"]["models"]) == [f"{models['clip']}@main"]
    with pytest.raises(ValidationError, match="has nothing to judge: name source texts"):
        job(tmp_path, model=None, tasks={}, filters=[stage], input={"shards": "a", "text": None})
