"""The judge of texts by scores that a service gives, one text or window at a time."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from filters.classifiers.thresholds import Bounds, verdict_from_scores
from filters.services.requests import Requests
from filters.services.windows import windows
from schemas.sample import Text
from schemas.verdict import Verdict, indeterminate, keep

# Texts of ASCII without letters, such as numeric keys: they are not judged.
_WITHOUT_LETTERS = re.compile(r"[\s\x00-@\[-`{-\x7f]*")


@dataclass(frozen=True, slots=True)
class Judged:
    """A service's scores of a text; `reason` says why they do not suffice, or is empty."""

    scores: Mapping[str, float]
    reason: str = ""


Ask = Callable[[Text], Judged]


@dataclass(frozen=True, slots=True)
class TextScoresJudge:
    """Asks about each different text; long texts in windows, of which the highest scores count."""

    requests: Requests
    ask: Ask
    bounds: Bounds
    reason: str
    max_bytes: int  # of a window
    needed: tuple[str, ...]  # scores that an answer must have

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        verdicts: dict[Text, Verdict] = {}
        pieces: list[tuple[Text, Text]] = []  # a text, and one of its windows
        for item in dict.fromkeys(items):
            if _WITHOUT_LETTERS.fullmatch(item.value):
                verdicts[item] = keep()
                continue
            try:
                values = windows(item.value, self.max_bytes)
            except UnicodeEncodeError:
                verdicts[item] = indeterminate("text_not_unicode")
                continue
            pieces += [(item, Text(value, item.language)) for value in values]
        answers = self.requests.each(self.ask, [piece for _, piece in pieces])
        judged: dict[Text, list[Judged]] = {}
        for (item, _), answer in zip(pieces, answers, strict=True):
            judged.setdefault(item, []).append(answer)
        verdicts |= {item: self._verdict(answers) for item, answers in judged.items()}
        return [verdicts[item] for item in items]

    def _verdict(self, answers: Sequence[Judged]) -> Verdict:
        """Return the verdict on a text from the answers about its windows."""
        names = dict.fromkeys(name for answer in answers for name in answer.scores)
        values = {
            name: np.array([a.scores[name] for a in answers if name in a.scores], np.float32)
            for name in names
        }
        verdict = verdict_from_scores(values, self.bounds, reason=self.reason)
        if verdict.action == "drop":
            return verdict
        for answer in answers:
            if answer.reason:
                return indeterminate(answer.reason, verdict.scores)
            if any(name not in answer.scores for name in self.needed):
                return indeterminate("service_score_missing", verdict.scores)
        return verdict
