"""Drop toxic texts by the Perspective API, which ends after 2026: see docs/filters.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from pydantic import Field

from filters.base import Judge, TextFilter
from filters.classifiers.thresholds import Bounds, Thresholds
from filters.limits import Limit, drop_and_quarantine_at
from filters.services.request_failed import RequestFailed
from filters.services.requests import Requests
from filters.services.service_filter import ServiceFilter
from filters.services.text_scores import Judged, TextScoresJudge
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict

if TYPE_CHECKING:
    from filters.services.perspective import Perspective  # which imports the HTTP client

Attribute = Literal[
    "toxicity", "severe_toxicity", "identity_attack", "insult", "profanity", "threat"
]
_ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)
_MAX_BYTES = 3_000  # of a comment
_REASON = "text_toxic"
_LANGUAGE = "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"


class ToxicityPerspective(ServiceFilter, TextFilter):
    """Keep texts whose probabilities by the Perspective API are below the thresholds.

    The texts are sent to Google, and judged there. The service ends after 2026 and takes no new
    users; its successor is Natural Language, the filter `text_safety_google`. A text in a language
    that the service does not know is indeterminate. A text of ASCII without letters is kept without
    a request. Longer texts than 3,000 bytes are judged in windows; the highest score counts.
    """

    service: ClassVar = "Perspective API"
    sends: ClassVar = "texts"
    thresholds: ClassVar = frozenset({"drop_at", "quarantine_at"})

    kind: Literal["toxicity_perspective"] = "toxicity_perspective"
    """The name of this filter."""
    attributes: tuple[Attribute, ...] = Field(_ATTRIBUTES, min_length=1)
    """The attributes that are asked for and decide."""
    drop_at: Thresholds = 0.8
    """The probability from which a text is dropped, inclusive: of all attributes, or by name."""
    quarantine_at: Thresholds | None = 0.5
    """The probability from which a text is quarantined, inclusive; below `drop_at`. Null: none."""
    key_variable: str = Field("PERSPECTIVE_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """The environment variable with the key of the API."""
    requests_per_minute: float | None = Field(60, gt=0)
    """The most requests that a worker process begins in a minute; null: any number.

    Several workers share the quota of a project, 60 by default: divide it by their number.
    """

    def check(self, resources: Resources) -> None:
        self._bounds()

    def load(self, resources: Resources) -> Judge[Text]:
        from filters.services.perspective import Perspective

        requests = self.requests(resources)
        service = Perspective(self.kind, self.key_variable, self.endpoint)
        question = _Question(requests, service, self.attributes)
        bounds = self._bounds()
        return TextScoresJudge(requests, question.ask, bounds, _REASON, _MAX_BYTES, self.attributes)

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        bounds = Bounds.of_stored(scores, self.drop_at, self.quarantine_at)
        return bounds.decide(scores, _REASON)

    def limits(self, score: str) -> tuple[Limit, ...]:
        return drop_and_quarantine_at(score, self.drop_at, self.quarantine_at)

    def _bounds(self) -> Bounds:
        return Bounds.resolve(self.attributes, self.drop_at, self.quarantine_at)


@dataclass(frozen=True, slots=True)
class _Question:
    requests: Requests
    service: "Perspective"
    attributes: tuple[Attribute, ...]

    def ask(self, text: Text) -> Judged:
        def attempt(seconds: float) -> dict[str, float]:
            return self.service.attempt(text.value, text.language, self.attributes, seconds)

        try:
            return Judged(self.requests.send(attempt))
        except RequestFailed as failed:
            is_language = failed.detail == _LANGUAGE
            return Judged({}, "language_unsupported" if is_language else "service_refused")
