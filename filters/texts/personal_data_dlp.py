"""Redact personal data that Google's Cloud DLP finds, or drop texts that have any."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from filters.base import Judge, TextFilter
from filters.services.service_filter import ServiceFilter
from filters.texts.personal_data import DEFAULT_INFOTYPES
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, indeterminate, keep, redact

if TYPE_CHECKING:
    from filters.services.dlp import Dlp  # which imports Google's client

_CHUNK = 64  # samples that are judged together: at least one request for each such number
_CLEAN = keep()


def _as_infotype(name: str) -> str:
    if not re.fullmatch("[A-Z][A-Z0-9_]*", name):
        raise ValueError("an infotype is capitals, digits and '_', such as PERSON_NAME")
    return name


Infotype = Annotated[str, AfterValidator(_as_infotype)]


class PersonalDataDlp(ServiceFilter, TextFilter):
    """Replace what Cloud DLP finds by placeholders such as [IBAN_CODE], or drop the text.

    The texts are sent to Google, and judged there. The client finds its credentials by itself.
    """

    service: ClassVar = "Cloud DLP"
    sends: ClassVar = "texts"
    packages: ClassVar = ("google.cloud.dlp_v2",)

    kind: Literal["personal_data_dlp"] = "personal_data_dlp"
    """The name of this filter."""
    project: str = Field(pattern=r"^[a-z0-9][a-z0-9.:-]{0,100}$")
    """The project of Google Cloud that pays for the requests."""
    location: str = Field("global", pattern=r"^[a-z0-9-]{1,50}$")
    """The location in which the texts are processed, such as `europe-west1`."""
    infotypes: tuple[Infotype, ...] = Field(DEFAULT_INFOTYPES, min_length=1)
    """The infotypes of Cloud DLP that are looked for."""
    placeholders: Mapping[Infotype, Infotype] = {}
    """The names of placeholders other than the infotype: `US_PASSPORT: PASSPORT`."""
    min_likelihood: Literal["VERY_UNLIKELY", "UNLIKELY", "POSSIBLE", "LIKELY", "VERY_LIKELY"] = (
        "POSSIBLE"
    )
    """The likelihood from which a finding counts, inclusive."""
    action: Literal["redact", "drop"] = "redact"
    """`redact` replaces personal data by placeholders; `drop` drops the sample."""
    requests_per_minute: float | None = Field(600, gt=0)
    """The most requests that a worker process begins in a minute; null: any number.

    Several workers share the quota of a project, 600 by default: divide it by their number.
    """

    def load(self, resources: Resources) -> Judge[Text]:
        self.check_packages()
        from filters.services.dlp import Dlp

        parent = f"projects/{self.project}/locations/{self.location}"
        service = Dlp(
            self.requests(resources),
            self.kind,
            parent=parent,
            infotypes=self.infotypes,
            min_likelihood=self.min_likelihood,
            endpoint=self.endpoint,
        )
        return _Judge(self, service)

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        if "matches" in scores and self.action == "drop":
            return drop("personal_data", scores)
        return keep(scores)

    def count_requests(self, samples: int, texts: float, answers: int) -> int:
        return -(-samples // _CHUNK) * (bool(texts) + answers)


@dataclass(frozen=True, slots=True)
class _Judge:
    filter: PersonalDataDlp
    service: "Dlp"

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        unique = dict.fromkeys(item.value for item in items)
        verdicts = {text: verdict for text in unique if (verdict := self._unsent(text))}
        texts = [text for text in unique if text not in verdicts]
        if texts:
            answers = self.service.replace(texts)
            verdicts |= {
                text: self._verdict(text, answer)
                for text, answer in zip(texts, answers, strict=True)
            }
        return [verdicts[item.value] for item in items]

    def _unsent(self, text: str) -> Verdict | None:
        """Return the verdict on a text that is not sent; None for any other text."""
        if not text.strip():
            return _CLEAN
        try:
            fits = self.service.fits(text)
        except UnicodeEncodeError:
            return indeterminate("text_not_unicode")
        return None if fits else indeterminate("text_too_large")

    def _verdict(self, text: str, answer: str | None) -> Verdict:
        from filters.services.dlp import rename_placeholders

        if answer is None:
            return indeterminate("service_refused")
        if answer == text:
            return _CLEAN
        names = {name: self.filter.placeholders.get(name, name) for name in self.filter.infotypes}
        redacted, counts = rename_placeholders(text, answer, names)
        scores = {"matches": max(1, sum(counts.values()))}
        if self.filter.action == "drop":
            return drop("personal_data", scores)
        return redact(redacted, counts, scores)
