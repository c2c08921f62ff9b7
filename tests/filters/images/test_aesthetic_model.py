"""AestheticModel: the probability of a label, or the only output of a regression."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from support.sample_data import picture
from transformers import (
    AutoModelForImageClassification,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessorPil,
)

from filters import AestheticModel
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import RGB, Sample
from schemas.verdict import Verdict

IMAGES = [np.asarray(picture(20 + 7 * n, 30, n)) for n in range(3)]


def small_model(folder: Path, **config: Any) -> Path:
    torch.manual_seed(0)
    tower = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    vit = ViTConfig(**tower, num_attention_heads=2, image_size=16, patch_size=8, **config)
    model = ViTForImageClassification(vit)
    with torch.no_grad():
        model.classifier.weight.mul_(100)  # so that scores of images differ
    model.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_model(tmp_path_factory.mktemp("regression"), num_labels=1)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = {0: "ugly", 1: "beautiful"}
    return small_model(tmp_path_factory.mktemp("classifier"), id2label=labels)


def verdicts(resources: Resources, *frames: tuple[RGB, ...], **keys: Any) -> list[Verdict]:
    samples = [Sample("s", 0, {}, b"", 1, 1, frames=each) for each in frames]
    return AestheticModel.model_validate(keys).load(resources).judge(samples)


def logits(folder: Path, image: RGB) -> torch.Tensor:
    model: Any = AutoModelForImageClassification.from_pretrained(folder).eval()
    processor: Any = ViTImageProcessorPil.from_pretrained(folder)
    with torch.no_grad():
        return model(**processor(Image.fromarray(image), return_tensors="pt")).logits[0]


def test_a_regression_scores_by_its_only_output(resources: Resources, regression: Path) -> None:
    judged = verdicts(resources, *((image,) for image in IMAGES), model=str(regression), min=-1000)
    expected = [float(logits(regression, image)[0]) for image in IMAGES]
    assert [verdict.scores["aesthetic"] for verdict in judged] == pytest.approx(expected, abs=1e-4)
    assert len({round(value, 3) for value in expected}) == 3


def test_a_classifier_scores_by_the_probability_of_the_label(
    resources: Resources, classifier: Path
) -> None:
    (judged,) = verdicts(resources, (IMAGES[0],), model=str(classifier), label="Beautiful", min=0)
    expected = float(logits(classifier, IMAGES[0]).softmax(-1)[1])
    assert judged.scores["aesthetic"] == pytest.approx(expected, abs=1e-5)


def test_the_worst_frame_decides_and_the_bound_is_inclusive(
    resources: Resources, regression: Path
) -> None:
    keys = {"model": str(regression)}
    single = verdicts(resources, *((image,) for image in IMAGES), **keys, min=-1000)
    least = min(verdict.scores["aesthetic"] for verdict in single)
    (kept,) = verdicts(resources, tuple(IMAGES), **keys, min=least)
    assert (kept.action, kept.scores) == ("keep", {"aesthetic": least})
    (dropped,) = verdicts(resources, tuple(IMAGES), **keys, min=least + 1e-3)
    assert (dropped.action, dropped.reason) == ("drop", "image_unaesthetic")
    stage = AestheticModel.model_validate({**keys, "min": least})
    assert stage.decide(dropped.scores) == kept
    assert stage.decide({}) is None


def test_wrong_heads_are_refused_when_planned(
    resources: Resources, classifier: Path, regression: Path
) -> None:
    for keys, message in (
        ({"model": str(classifier), "min": 5}, "label: is missing: the model has several outputs"),
        ({"model": str(classifier), "label": "nice", "min": 0.5}, "no label 'nice'"),
        ({"model": str(classifier), "label": "ugly", "min": 5}, "min: 5 is no probability"),
    ):
        with pytest.raises(JobError, match=message):
            AestheticModel.model_validate(keys).check(resources)
    AestheticModel(model=str(regression), min=5).check(resources)
