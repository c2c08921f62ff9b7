"""The share of sentences that the references do not entail, with a judge that is plain to see."""

import pytest
from support.plain_entailment import entails_equal

from pipelines.evaluation.metrics.metric import Scored
from pipelines.evaluation.metrics.non_entailed import Claim, NonEntailed

METRIC = NonEntailed().judged_by(entails_equal)
REFERENCE = ("A dog. It runs.",)


def share(*samples: Scored) -> float:
    return METRIC.corpus(METRIC.statistics(samples))["non_entailed"]


def test_sentences_are_counted_over_all_answers() -> None:
    samples = [
        Scored("A dog. It runs. It barks.", REFERENCE),
        Scored("A cat.", REFERENCE),
        Scored("It runs.", ("A man.", "It runs.")),
    ]
    assert METRIC.statistics(samples).tolist() == [[1, 3], [1, 1], [0, 1]]
    assert share(*samples) == 2 / 5
    assert METRIC.scores(METRIC.statistics(samples)).tolist() == [pytest.approx(1 / 3), 1, 0]


@pytest.mark.parametrize("answer", ["", " ", "...", "?!"])
def test_an_answer_without_a_sentence_counts_like_its_shortest_reference(answer: str) -> None:
    samples = [Scored(answer, REFERENCE), Scored(answer, ("A dog.", *REFERENCE, "A. B. C."))]
    assert METRIC.statistics([*samples, Scored(answer, ("",))]).tolist() == [[2, 2], [1, 1], [1, 1]]


def test_a_failed_answer_is_never_entailed() -> None:
    assert share(Scored("A dog.", REFERENCE, failed=True)) == 1


def test_equal_claims_are_judged_once() -> None:
    asked: list[Claim] = []

    def judge(claims: list[Claim]) -> list[bool]:
        asked.extend(claims)
        return [True] * len(claims)

    answer = Scored("A dog. A dog. It runs.", REFERENCE)
    statistics = NonEntailed().judged_by(judge).statistics([answer, answer])  # type: ignore[arg-type]
    assert statistics.tolist() == [[0, 3], [0, 3]]
    assert asked == [
        Claim("A dog.", (("A dog.", "It runs."),)),
        Claim("It runs.", (("A dog.", "It runs."),)),
    ]


def test_it_needs_a_judge() -> None:
    with pytest.raises(ValueError, match="judged_by"):
        NonEntailed().statistics([Scored("A dog.", REFERENCE)])
