"""Entailment of sentences by a real model: windows of long texts, batches, refused models."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.small_classifiers import FILLING, bert_config
from support.small_entailment import LABELS, LONGEST, THINGS, WORDS, pair_tokenizer
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertForSequenceClassification,
)

from filters.classifiers import hugging_face
from filters.classifiers.entailment import EntailmentModel, Sentences
from schemas.errors import JobError
from schemas.resources import Resources

Claims = list[tuple[str, Sequence[Sentences]]]
SENTENCE = LONGEST // 4  # the most tokens
WINDOW = LONGEST - 3 - SENTENCE


@pytest.fixture(scope="module")
def model(entailment_model: Path, resources: Resources) -> EntailmentModel:
    return EntailmentModel(entailment_model, resources, "entailment")


def random_claims(number: int, most_sentences: int) -> Claims:
    random = Random(3)
    claims: Claims = []
    for _ in range(number):
        texts = [
            tuple(
                " ".join(random.choices([*FILLING, *THINGS], k=random.randint(1, 12)))
                for _ in range(random.randint(0, most_sentences))
            )
            for _ in range(random.randint(1, 3))
        ]
        claims.append((f"the {random.choice(THINGS)} sees a star", texts))
    return claims


def test_a_sentence_is_entailed_by_one_of_several_texts(model: EntailmentModel) -> None:
    one, two = ("the cat sees a star.",), ("a dog near the moon.",)
    assert model.entails(
        [
            ("a small cat.", (one, two)),
            ("a small dog.", (one, two)),
            ("a small bird.", (one, two)),
            ("a small star.", (one, two)),  # neutral
            ("a small cat.", (two,)),
            ("a small cat.", ()),
            ("a small cat.", ((),)),
        ]
    ) == [True, True, False, False, False, False, False]
    assert model.entails([]) == []


def test_it_decides_like_the_model_alone(tmp_path: Path, resources: Resources) -> None:
    """Compare BERT of random weights with transformers' own calls, pair by pair, on short texts."""
    torch.manual_seed(0)
    tokenizer: Any = pair_tokenizer()
    config = bert_config(LABELS, len(WORDS), LONGEST, initializer_range=0.5)
    plain: Any = BertForSequenceClassification(config).eval()
    plain.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    claims = random_claims(60, 2)
    entailed = 0
    for number, label in enumerate(LABELS):
        expected = []
        for sentence, texts in claims:
            pairs = [(" ".join(text), sentence) for text in texts if text]
            found = (plain(**tokenizer(*pair, return_tensors="pt")).logits for pair in pairs)
            expected.append(any(int(logits.argmax()) == number for logits in found))
        assert EntailmentModel(tmp_path, resources, label).entails(claims) == expected
        entailed += sum(expected)
    assert 30 < entailed < 150


def test_batches_as_on_a_gpu_decide_the_same(
    model: EntailmentModel,
    entailment_model: Path,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claims = random_claims(80, 20)
    alone = model.entails(claims)
    monkeypatch.setattr(hugging_face, "_BATCH_SIZES", {"cpu": 8})
    assert EntailmentModel(entailment_model, resources, "ENTAILMENT").entails(claims) == alone


def test_a_long_text_is_read_to_its_end(model: EntailmentModel) -> None:
    filling = [f"the {word} star sees the moon near a star." for word in FILLING[:12]]
    for place in (0, 5, 12):
        text = (*filling[:place], "the old cat.", *filling[place:])
        assert model.entails([("a cat.", (text,)), ("a bird.", (text,))]) == [True, False]


def test_a_sentence_longer_than_its_share_is_not_entailed(model: EntailmentModel) -> None:
    def cat(words: int) -> str:
        return " ".join(["cat", *["star"] * (words - 1)])

    claims = [(cat(SENTENCE), (("the cat.",),)), (cat(SENTENCE + 1), (("the cat.",),))]
    assert model.entails(claims) == [True, False]


@given(st.lists(st.integers(0, 3 * WINDOW), max_size=12))
def test_windows_have_every_word_and_fit(model: EntailmentModel, lengths: list[int]) -> None:
    words = iter(range(sum(lengths)))
    sentences = tuple(" ".join(f"w{next(words)}" for _ in range(each)) for each in lengths)
    windows = [each.split() for each in model._split(sentences)]
    assert all(0 < len(each) <= WINDOW for each in windows)
    seen = dict.fromkeys(word for each in windows for word in each)
    assert list(seen) == [word for each in sentences for word in each.split()]
    # Short sentences stand together with the one before them.
    for one, two in pairwise(lengths):
        if one > 0 and two > 0 and one + two <= WINDOW // 2:
            place = lengths.index(one)
            if lengths[place : place + 2] == [one, two]:
                pair = [*sentences[place].split(), *sentences[place + 1].split()]
                assert any(set(pair) <= set(each) for each in windows)


@pytest.fixture
def spoiled(entailment_model: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a copy of the model with other weights or settings."""

    def change(**settings: Any) -> Path:
        model: Any = AutoModelForSequenceClassification.from_pretrained(entailment_model)
        if settings.pop("nan", False):
            with torch.no_grad():
                model.scale.fill_(float("nan"))
        model.config.update(settings)
        model.save_pretrained(tmp_path)
        AutoTokenizer.from_pretrained(entailment_model).save_pretrained(tmp_path)
        return tmp_path

    return change


def test_what_is_no_number_is_refused(spoiled: Callable[..., Path], resources: Resources) -> None:
    broken = EntailmentModel(spoiled(nan=True), resources, "entailment")
    with pytest.raises(JobError, match=r"^model: its output is not finite"):
        broken.entails([("a cat.", (("the cat.",),))])


def test_the_label_must_be_one_of_the_model(
    spoiled: Callable[..., Path], resources: Resources
) -> None:
    names = {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
    folder = spoiled(id2label=names, label2id={name: n for n, name in names.items()})
    with pytest.raises(JobError, match=r"^label: the model has no label 'entailment': .*LABEL_2"):
        EntailmentModel(folder, resources, "entailment")
    named = EntailmentModel(folder, resources, "label_2")
    assert named.entails([("a cat.", (("the cat.",),)), ("a dog.", (("the cat.",),))]) == [
        True,
        False,
    ]


def test_independent_labels_are_as_likely_as_not(
    spoiled: Callable[..., Path], resources: Resources
) -> None:
    folder = spoiled(problem_type="multi_label_classification")
    model = EntailmentModel(folder, resources, "entailment")
    assert model._is_entailed(np.float32([0.9, 0.2, 0.5]))
    assert not model._is_entailed(np.float32([0.1, 0.2, 0.49]))
