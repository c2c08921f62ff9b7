"""Entities from token labels: label prefixes, windows, whole words and placeholders."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.classifiers.class_labels import ClassLabels
from filters.classifiers.hugging_face import Window
from filters.text_analysis.entity_spans import InfotypeMapping, find_entities
from filters.text_analysis.redaction import Match, redact_matches
from schemas.errors import JobError

LABELS = ClassLabels(("O", "B-PER", "I-PER", "B-LOC", "I-LOC"))
WANTED = {"PER": "PERSON_NAME", "LOC": "LOCATION"}
INFOTYPES = InfotypeMapping.of(LABELS, WANTED)


def window(text: str, tokens: Sequence[tuple[str, str]], start: int = 0) -> Window:
    """A window of tokens with labels; each token is searched in the text after the one before."""
    spans, rows = [], []
    for token, label in tokens:
        start = text.index(token, start)
        spans.append((start, start + len(token)))
        start += len(token)
        rows.append([0.9 if own == label else 0.025 for own in LABELS.names])
    return Window(spans, np.array(rows, np.float32).reshape(-1, len(LABELS.names)))


def redacted(text: str, *windows: Window, min_score: float = 0.5) -> str:
    return redact_matches(text, find_entities(text, windows, INFOTYPES, min_score))[0]


@pytest.mark.parametrize(
    ("text", "tokens", "after"),
    [
        ("by Ada King", [("by", "O"), ("Ada", "B-PER"), ("King", "I-PER")], "by [PERSON_NAME]"),
        ("Ada Bob", [("Ada", "B-PER"), ("Bob", "B-PER")], "[PERSON_NAME] [PERSON_NAME]"),
        ("Ada, Bob", [("Ada", "I-PER"), ("Bob", "I-PER")], "[PERSON_NAME], [PERSON_NAME]"),
        ("Ada Rome", [("Ada", "I-PER"), ("Rome", "I-LOC")], "[PERSON_NAME] [LOCATION]"),
        ("Lovelace", [("Love", "B-PER"), ("lace", "B-PER")], "[PERSON_NAME]"),
        ("Lovelace", [("Love", "O"), ("lace", "B-PER")], "[PERSON_NAME]"),
        ("Lovelace", [("Love", "B-PER"), ("lace", "B-LOC")], "[PERSON_NAME]"),
        ("by Ada.", [("by", "O"), (" Ada", "B-PER"), (".", "O")], "by [PERSON_NAME]."),
        ("by Ada", [("by", "O"), (" Ada", "O")], "by Ada"),
        ("東京の星", [("東京", "B-LOC"), ("の星", "O")], "[LOCATION]の星"),
        (
            "[EMAIL_ADDRESS] Ada",
            [("EMAIL", "B-PER"), ("Ada", "B-PER")],
            "[EMAIL_ADDRESS] [PERSON_NAME]",
        ),
        (
            "Ada [IBAN_CODE] King",
            [("Ada", "B-PER"), ("IBAN", "I-PER"), ("King", "I-PER")],
            "[PERSON_NAME] [IBAN_CODE] [PERSON_NAME]",
        ),
        ("", [], ""),
    ],
)
def test_entities(text: str, tokens: list[tuple[str, str]], after: str) -> None:
    assert redacted(text, window(text, tokens)) == after


def test_windows_that_overlap_find_one_entity() -> None:
    text = "by Ada King Noel"
    first = window(text, [("by", "O"), ("Ada", "B-PER"), ("King", "I-PER")])
    second = window(text, [("King", "B-PER"), ("Noel", "I-PER")], start=7)
    assert redacted(text, first, second) == "by [PERSON_NAME]"
    assert redacted(text, second, first) == "by [PERSON_NAME]"


def test_an_entity_in_one_of_two_windows_counts() -> None:
    text = "Ada sees"
    blind = window(text, [("Ada", "O"), ("sees", "O")])
    assert redacted(text, blind, window(text, [("Ada", "B-PER")])) == "[PERSON_NAME] sees"


def test_probabilities_of_an_infotypes_labels_add_up_and_the_bound_is_inclusive() -> None:
    torn = Window([(0, 3)], np.array([[0.5, 0.25, 0.25, 0, 0]], np.float32))
    assert redacted("Ada", torn, min_score=0.5) == "[PERSON_NAME]"
    assert redacted("Ada", torn, min_score=0.51) == "Ada"


@pytest.mark.parametrize(
    "names",
    [
        ("O", "B-PER", "I-PER", "L-PER", "U-PER"),
        ("O", "B-PER", "I-PER", "E-PER", "S-PER"),
        ("O", "PER"),
        ("o", "b-per", "i-per"),
        ("O", "B_PER", "I_PER"),
    ],
)
def test_every_scheme_is_read(names: tuple[str, ...]) -> None:
    if names[1] != "b-per":
        infotypes = InfotypeMapping.of(ClassLabels(names), {"per": "PERSON_NAME"})
        assert infotypes.members[:, 0].tolist() == [0] + [1] * (len(names) - 1)
        begins = [name[0] in "BUS" and len(name) > 3 for name in names]
        assert infotypes.begins.tolist() == begins
    else:
        with pytest.raises(JobError, match="labels: the model has no label 'per'"):
            InfotypeMapping.of(ClassLabels(names), {"per": "PERSON_NAME"})


def test_several_labels_may_map_to_one_infotype_and_others_to_none() -> None:
    infotypes = InfotypeMapping.of(
        ClassLabels(("O", "GIVEN", "SURNAME", "ORG")),
        {"GIVEN": "PERSON_NAME", "SURNAME": "PERSON_NAME"},
    )
    assert infotypes.names == ("PERSON_NAME",)
    assert infotypes.members[:, 0].tolist() == [0, 1, 1, 0]


WORDS = st.lists(
    st.tuples(
        st.sampled_from(["Ada", "of", "Rome", "[IBAN_CODE]", "東京"]), st.sampled_from(LABELS.names)
    ),
    max_size=12,
)


@given(WORDS)
def test_every_labeled_word_is_replaced_and_placeholders_stay(words: list[tuple[str, str]]) -> None:
    text = " ".join(word for word, _ in words)
    tokens = [(word.strip("[]"), label) for word, label in words]
    after = redacted(text, window(text, tokens))
    left = [word for word, label in words if label == "O" and word[0] != "["]
    assert [word for word in after.split() if word[0] != "["] == left
    assert after.count("[IBAN_CODE]") == text.count("[IBAN_CODE]")


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 29), st.integers(1, 9))))
def test_matches_lie_in_the_text_and_cover_the_labeled_tokens(
    text: str, labeled: list[tuple[int, int]]
) -> None:
    spans = sorted(
        (start, min(start + size, len(text))) for start, size in labeled if start < len(text)
    )
    tokens = Window(spans, np.tile(np.array([[0, 1, 0, 0, 0]], np.float32), (len(spans), 1)))
    matches: list[Match] = find_entities(text, [tokens], INFOTYPES, 0.5)
    assert all(0 <= match.start < match.end <= len(text) for match in matches)
    hidden = "[" in text
    covered = {position for match in matches for position in range(match.start, match.end)}
    assert hidden or covered >= {
        position
        for start, end in spans
        for position in range(start, end)
        if not text[position].isspace()
    }
