"""Drop pairs whose image Google's SafeSearch calls adult, violent and the like, in any frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from filters.base import ImageFilter, Judge
from filters.classifiers.thresholds import Bounds, Thresholds, verdict_from_scores
from filters.limits import Limit, drop_and_quarantine_at
from filters.services.safe_search import CATEGORIES, MAX_IMAGES, SafeSearch, Scores
from filters.services.service_filter import ServiceFilter
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, indeterminate

_REASON = "image_unsafe"


class ImageSafetyGoogle(ServiceFilter, ImageFilter):
    """Keep images whose likelihoods by SafeSearch are below the thresholds in every frame.

    The images are sent to Google, and judged there: each sampled frame as a JPEG of at most 1,024
    pixels a side, without metadata. The client finds its credentials by itself. The scores are
    likelihoods: VERY_UNLIKELY is 0.2, UNLIKELY 0.4, POSSIBLE 0.6, LIKELY 0.8, VERY_LIKELY 1. An
    image whose likelihood is UNKNOWN is indeterminate.
    """

    service: ClassVar = "Cloud Vision"
    sends: ClassVar = "images"
    packages: ClassVar = ("google.cloud.vision_v1",)
    judges_safety: ClassVar = True
    thresholds: ClassVar = frozenset({"drop_at", "quarantine_at"})

    kind: Literal["image_safety_google"] = "image_safety_google"
    """The name of this filter."""
    drop_at: Thresholds = Field({"adult": 0.8})
    """The score from which an image is dropped, inclusive: of all categories, or by name.

    The categories are adult, spoof, medical, violence and racy.
    """
    quarantine_at: Thresholds | None = Field({"adult": 0.6, "racy": 1.0})
    """The score from which an image is quarantined, inclusive; below `drop_at`. Null: none."""
    model: Literal["builtin/stable", "builtin/latest"] = "builtin/stable"
    """The model of the service."""
    requests_per_minute: float | None = Field(1800, gt=0)
    """The most requests that a worker process begins in a minute; null: any number.

    Several workers share the quota of a project, 1,800 by default: divide it by their number.
    """

    def check(self, resources: Resources) -> None:
        self.check_packages()
        self._bounds()

    def load(self, resources: Resources) -> Judge[Sample]:
        self.check_packages()
        service = SafeSearch(self.requests(resources), self.kind, self.model, self.endpoint)
        return _Judge(service, self._bounds())

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        bounds = self._bounds()
        known = any(name in scores for name in CATEGORIES)
        return bounds.decide(scores, _REASON) if known else None

    def limits(self, score: str) -> tuple[Limit, ...]:
        return drop_and_quarantine_at(score, self.drop_at, self.quarantine_at)

    def count_requests(self, samples: int, texts: float, answers: int) -> int:
        return -(-samples // MAX_IMAGES)

    def _bounds(self) -> Bounds:
        return Bounds.resolve(CATEGORIES, self.drop_at, self.quarantine_at)


@dataclass(frozen=True, slots=True)
class _Judge:
    service: SafeSearch
    bounds: Bounds

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        from filters.services.frame_file import frame_file

        files = [frame_file(frame) for item in items for frame in item.frames]
        unique = list(dict.fromkeys(files))
        answers = dict(zip(unique, self.service.judge(unique), strict=True))
        found = iter([answers[file] for file in files])
        return [self._verdict([next(found) for _ in item.frames]) for item in items]

    def _verdict(self, frames: Sequence[Scores | None]) -> Verdict:
        """Return the verdict on an image from the scores of its frames."""
        judged = [scores for scores in frames if scores is not None]
        if not judged:
            return indeterminate("service_refused")
        needed = {*self.bounds.drop_at, *self.bounds.quarantine_at}
        values: dict[str, npt.NDArray[np.float32]] = {}
        for name in CATEGORIES:
            each = np.array([scores[name] for scores in judged], np.float32)
            # A score that decides nothing may be unknown.
            each = each if name in needed else each[np.isfinite(each)]
            if each.size:
                values[name] = each
        verdict = verdict_from_scores(values, self.bounds, reason=_REASON)
        if verdict.action == "drop":
            return verdict
        if verdict.action == "indeterminate":
            return indeterminate("likelihood_unknown", verdict.scores)
        if len(judged) < len(frames):
            return indeterminate("service_refused", verdict.scores)
        return verdict
