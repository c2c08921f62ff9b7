"""Drop texts that Google's Natural Language calls toxic, sexual, violent and the like."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from filters.base import Judge, TextFilter
from filters.classifiers.thresholds import Bounds, Thresholds
from filters.limits import Limit, drop_and_quarantine_at
from filters.services.service_filter import ServiceFilter
from filters.services.text_scores import Judged, TextScoresJudge
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict

# The categories of `moderateText`, by the names of their scores.
CATEGORIES: Mapping[str, str] = {
    "toxic": "Toxic",
    "insult": "Insult",
    "profanity": "Profanity",
    "derogatory": "Derogatory",
    "sexual": "Sexual",
    "violent": "Violent",
    "death_harm_tragedy": "Death, Harm & Tragedy",
    "firearms_weapons": "Firearms & Weapons",
    "public_safety": "Public Safety",
    "health": "Health",
    "religion_belief": "Religion & Belief",
    "illicit_drugs": "Illicit Drugs",
    "war_conflict": "War & Conflict",
    "politics": "Politics",
    "finance": "Finance",
    "legal": "Legal",
}
_DEFAULT = ("toxic", "insult", "profanity", "derogatory", "sexual", "violent")
_MAX_BYTES = 20_000  # of a window: far below the service's limits, which it does not report
_REASON = "text_unsafe"


class TextSafetyGoogle(ServiceFilter, TextFilter):
    """Keep texts whose confidences by `moderateText` are below the thresholds.

    The texts are sent to Google, and judged there. The client finds its credentials by itself. A
    text in a language that the service does not support is indeterminate, unless a score drops it.
    A text of ASCII without letters is kept without a request. Longer texts than 20,000 bytes are
    judged in windows; the highest score counts.
    """

    service: ClassVar = "Cloud Natural Language"
    sends: ClassVar = "texts"
    packages: ClassVar = ("google.cloud.language_v2",)
    thresholds: ClassVar = frozenset({"drop_at", "quarantine_at"})

    kind: Literal["text_safety_google"] = "text_safety_google"
    """The name of this filter."""
    drop_at: Thresholds = dict.fromkeys(_DEFAULT, 0.8)
    """The confidence from which a text is dropped, inclusive, by the name of the score.

    One number holds for all 16 scores, also of topics such as `health` and `religion_belief`.
    """
    quarantine_at: Thresholds | None = dict.fromkeys(_DEFAULT, 0.5)
    """The confidence from which a text is quarantined, inclusive; below `drop_at`. Null: none."""
    model_version: int = Field(2, ge=1, le=2)
    """The version of the service's model; version 2 is the newer one."""
    requests_per_minute: float | None = Field(600, gt=0)
    """The most requests that a worker process begins in a minute; null: any number.

    Several workers share the quota of a project, 600 by default: divide it by their number.
    """

    def check(self, resources: Resources) -> None:
        self.check_packages()
        self._bounds()

    def load(self, resources: Resources) -> Judge[Text]:
        self.check_packages()
        requests = self.requests(resources)
        moderation = _Moderation(self, requests)
        bounds = self._bounds()
        needed = tuple(dict.fromkeys([*bounds.drop_at, *bounds.quarantine_at]))
        return TextScoresJudge(requests, moderation.ask, bounds, _REASON, _MAX_BYTES, needed)

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        bounds = Bounds.of_stored(scores, self.drop_at, self.quarantine_at)
        return bounds.decide(scores, _REASON)

    def limits(self, score: str) -> tuple[Limit, ...]:
        return drop_and_quarantine_at(score, self.drop_at, self.quarantine_at)

    def _bounds(self) -> Bounds:
        return Bounds.resolve(tuple(CATEGORIES), self.drop_at, self.quarantine_at)


class _Moderation:
    """Google's client, and one question to it."""

    def __init__(self, configuration: TextSafetyGoogle, requests: Any) -> None:
        from google.cloud.language_v2 import LanguageServiceClient
        from google.cloud.language_v2.services.language_service.transports import (
            LanguageServiceGrpcTransport,
        )

        from filters.services.google_clients import make_client

        self._client = make_client(
            LanguageServiceClient,
            LanguageServiceGrpcTransport,
            configuration.endpoint,
            configuration.kind,
        )
        self._requests = requests
        self._version = configuration.model_version
        self._names = {name: score for score, name in CATEGORIES.items()}

    def ask(self, text: Text) -> Judged:
        from filters.services.google_clients import attempt
        from filters.services.request_failed import RequestFailed

        request = {
            "document": {"content": text.value, "type_": "PLAIN_TEXT"},
            "model_version": self._version,
        }
        try:
            answer = self._requests.send(
                lambda seconds: attempt(self._client.moderate_text, request, seconds)
            )
        except RequestFailed:  # a language that the service does not know, mostly
            return Judged({}, "service_refused")
        scores = {
            self._names[category.name]: category.confidence
            for category in answer.moderation_categories
            if category.name in self._names
        }
        return Judged(scores, "" if answer.language_supported else "language_unsupported")
