"""ImageSafetyGoogle against a server that speaks Vision's protocol and keeps its limits."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.google_services import BLUE, GRAY, GREEN, RED, GoogleServices

from filters import ImageSafetyGoogle
from filters.base import Judge
from filters.services.frame_file import frame_file
from schemas.errors import JobError, ServiceFault
from schemas.resources import Resources
from schemas.sample import RGB, Sample
from schemas.verdict import Verdict

Color = tuple[int, int, int]


def frame(color: Color, height: int = 24, width: int = 32) -> RGB:
    return np.full((height, width, 3), color, np.uint8)


def sample(*colors: Color) -> Sample:
    return Sample("s", 0, {}, b"", 32, 24, tuple(map(frame, colors)))


def load(services: GoogleServices, resources: Resources, **settings: Any) -> Judge[Sample]:
    return ImageSafetyGoogle(endpoint=services.endpoint, **settings).load(resources)


def shown(verdicts: list[Verdict]) -> list[tuple[str, str]]:
    return [(verdict.action, verdict.reason) for verdict in verdicts]


def test_every_frame_counts_and_unknown_is_indeterminate(
    services: GoogleServices, resources: Resources
) -> None:
    verdicts = load(services, resources).judge(
        [
            sample(GRAY),
            sample(RED),
            sample(BLUE),
            sample(GREEN),
            sample(GRAY, RED),
            sample(GRAY, BLUE),
            sample(GREEN, GRAY),
            sample(BLUE, GREEN, RED),
        ]
    )
    assert shown(verdicts) == [
        ("keep", ""),
        ("drop", "image_unsafe"),
        ("indeterminate", "likelihood_unknown"),
        ("indeterminate", "service_refused"),
        ("drop", "image_unsafe"),
        ("indeterminate", "likelihood_unknown"),
        ("indeterminate", "service_refused"),
        ("drop", "image_unsafe"),
    ]
    assert verdicts[0].scores == pytest.approx(
        {"adult": 0.2, "spoof": 0.2, "medical": 0.2, "violence": 0.2, "racy": 0.2}
    )
    assert verdicts[1].scores["adult"] == 1.0
    assert len(services.asked) == 1  # equal frames are sent once
    assert len(services.asked[0].items) == 4
    for verdict in verdicts[:2]:
        assert ImageSafetyGoogle().decide(verdict.scores) == verdict


def test_thresholds_follow_the_likelihoods(services: GoogleServices, resources: Resources) -> None:
    strict = load(services, resources, drop_at=0.2, quarantine_at=None)
    assert shown(strict.judge([sample(GRAY)])) == [("drop", "image_unsafe")]
    later = load(services, resources, drop_at={"violence": 1.0}, quarantine_at={"adult": 1.0})
    assert shown(later.judge([sample(RED)])) == [("quarantine", "image_unsafe")]
    other = load(services, resources, drop_at={"violence": 1.0}, quarantine_at=None)
    assert shown(other.judge([sample(BLUE)])) == [("keep", "")]  # adult decides nothing here
    with pytest.raises(JobError, match="drop_at: there is no score 'porn'"):
        ImageSafetyGoogle(drop_at={"porn": 0.8}).check(resources)


def test_a_request_has_16_images_and_the_order_is_kept(
    services: GoogleServices, resources: Resources
) -> None:
    samples = []
    for number in range(40):
        pixels = frame(RED if number % 7 == 3 else GRAY)
        pixels[:2, :2] = 6 * number  # each frame differs
        samples.append(Sample("s", number, {}, b"", 32, 24, (pixels,)))
    verdicts = load(services, resources).judge(samples)
    dropped = [number for number, verdict in enumerate(verdicts) if verdict.action == "drop"]
    assert dropped == list(range(3, 40, 7))
    assert sorted(len(each.items) for each in services.asked) == [8, 16, 16]


@pytest.mark.parametrize("wrong", ["fewer", "more", "none"])
def test_a_wrong_number_of_items_fails_the_unit(
    services: GoogleServices, resources: Resources, wrong: str
) -> None:
    def alter(answer: Any) -> None:
        if wrong == "more":
            answer.responses.append(answer.responses[0])
        else:
            del answer.responses[0 if wrong == "none" else -1 :]

    services.alter = alter
    with pytest.raises(ServiceFault, match="service_answer_incomplete"):
        load(services, resources).judge([sample(GRAY), sample(RED)])


def test_an_empty_annotation_is_unknown(services: GoogleServices, resources: Resources) -> None:
    def alter(answer: Any) -> None:
        answer.responses[0].safe_search_annotation = None

    services.alter = alter
    assert shown(load(services, resources).judge([sample(GRAY)])) == [
        ("indeterminate", "likelihood_unknown")
    ]


def test_frames_are_sent_small_and_without_metadata() -> None:
    for shape, size in (
        ((24, 32), (32, 24)),
        ((2048, 1024), (512, 1024)),
        ((1, 9000), (1024, 1)),
        ((1, 1), (1, 1)),
    ):
        encoded = frame_file(frame(GRAY, *shape))
        with Image.open(io.BytesIO(encoded)) as image:
            assert (image.format, image.size) == ("JPEG", size)
            assert not image.getexif()
    noise = np.random.default_rng(1).integers(0, 256, (1024, 1024, 3), np.uint8)
    assert len(frame_file(noise)) < 2_000_000


def test_large_frames_share_a_request_by_their_bytes(
    services: GoogleServices, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filters.services.safe_search._MAX_BYTES", 1500)
    samples = [sample((100 + 10 * number,) * 3) for number in range(6)]
    load(services, resources).judge(samples)
    assert all(len(each.items) <= 2 for each in services.asked)
    assert sum(len(each.items) for each in services.asked) == 6


def test_a_batch_that_is_refused_is_judged_image_by_image(
    services: GoogleServices, resources: Resources
) -> None:
    bad = frame_file(frame(GREEN))
    services.answer_after = lambda asked: "INVALID_ARGUMENT" if bad in asked.items else ""
    verdicts = load(services, resources).judge([sample(GRAY), sample(GREEN), sample(RED)])
    assert shown(verdicts) == [
        ("keep", ""),
        ("indeterminate", "service_refused"),
        ("drop", "image_unsafe"),
    ]
