"""PornImageModel, with the demo's placard classifier in place of a pornography classifier."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from demo.scenes.encoded_image import decode_image
from demo.scenes.kinds import Kind
from demo.scenes.scenes import draw_scene
from filters import PornImageModel
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import RGB, Sample
from schemas.verdict import Verdict

GOOD = [decode_image(draw_scene(1, index, Kind.PLAIN).image) for index in range(3)]
BAD = [decode_image(draw_scene(1, index, Kind.PLACARD).image) for index in range(3)]


def sample(*frames: RGB) -> Sample:
    return Sample("s", 0, {}, b"", 1, 1, frames)


def verdicts(resources: Resources, *samples: Sample, **keys: Any) -> list[Verdict]:
    return PornImageModel.model_validate(keys).load(resources).judge(samples)


def test_a_frame_anywhere_is_enough(resources: Resources, placards: Path) -> None:
    samples = [sample(*GOOD), sample(GOOD[0], BAD[0]), sample(BAD[1]), sample(GOOD[1])]
    samples.append(sample(GOOD[0], GOOD[1], BAD[2], GOOD[2]))
    results = verdicts(resources, *samples, model=str(placards))
    assert [verdict.action for verdict in results] == ["keep", "drop", "drop", "keep", "drop"]
    assert {verdict.reason for verdict in results} == {"", "pornographic_image"}
    assert all(verdict.scores.keys() == {"nsfw"} for verdict in results)


def test_a_label_is_found_by_name_at_any_index(
    resources: Resources, placards: Path, changed: Callable[..., Path]
) -> None:
    turned = changed(placards, id2label={"0": "NSFW", "1": "normal"}, label2id=None)
    (good, bad) = verdicts(resources, sample(GOOD[0]), sample(BAD[0]), model=str(turned))
    assert (good.action, bad.action) == ("drop", "keep")


def test_a_label_that_is_not_there_is_an_error_when_planned_and_when_loaded(
    resources: Resources, placards: Path
) -> None:
    stage = PornImageModel(model=str(placards), label="porn")
    for attempt in (stage.check, stage.load):
        with pytest.raises(JobError, match=r"label: the model has no label 'porn': .*normal, nsfw"):
            attempt(resources)


def test_between_the_thresholds_an_image_is_quarantined(
    resources: Resources, placards: Path
) -> None:
    keys = {"model": str(placards), "drop_at": 0.9999, "quarantine_at": 0.5}
    good, bad = verdicts(resources, sample(GOOD[0]), sample(BAD[0]), **keys)
    assert (good.action, bad.action) == ("keep", "quarantine")
    assert bad.reason == "pornographic_image"


def test_the_activation_comes_from_the_model_or_the_job(
    resources: Resources, placards: Path, changed: Callable[..., Path]
) -> None:
    def score(folder: Path, **keys: Any) -> float:
        (verdict,) = verdicts(resources, sample(BAD[0]), model=str(folder), **keys)
        return verdict.scores["nsfw"]

    several = changed(placards, problem_type="multi_label_classification")
    assert score(several) == score(placards, heads="sigmoid") < score(placards)
    assert score(several, heads="softmax") == score(placards)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 3), (3, 64), (2, 5000)])
def test_every_shape_is_judged(
    resources: Resources, placards: Path, shape: tuple[int, int]
) -> None:
    frame = np.full((*shape, 3), 200, np.uint8)
    (verdict,) = verdicts(resources, sample(frame), model=str(placards))
    assert verdict.action == "keep"


def test_thresholds_out_of_order_are_refused(resources: Resources, placards: Path) -> None:
    stage = PornImageModel(model=str(placards), drop_at=0.5, quarantine_at=0.5)
    with pytest.raises(JobError, match=r"quarantine_at: 0.5 is not below drop_at"):
        stage.check(resources)


@pytest.mark.parametrize("keys", [{}, {"model": ""}, {"model": "m", "drop_at": 0}])
def test_a_model_must_be_named_and_thresholds_be_probabilities(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PornImageModel.model_validate(keys)
