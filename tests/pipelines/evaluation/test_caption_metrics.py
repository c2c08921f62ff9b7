"""The values come from pycocoevalcap 1.2 with its Java tokenizer, on the same captions."""

import random

import numpy as np
import pytest
from caption_samples import SAMPLES
from hypothesis import given
from hypothesis import strategies as st

from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.caption_tokens import caption_tokens
from pipelines.evaluation.metrics.metric import Floats, Metric, Scored

CAPTION_METRICS = [METRICS[name] for name in ("cider", "bleu4", "rouge_l")]


def scored(metric: Metric, samples: tuple[Scored, ...]) -> tuple[Floats, dict[str, float]]:
    ready = metric.prepared(sample.references for sample in samples)
    statistics = ready.statistics(samples)
    return ready.scores(statistics), dict(ready.corpus(statistics))


def test_cider_is_coco_captions() -> None:
    scores, corpus = scored(METRICS["cider"], SAMPLES)
    assert corpus == pytest.approx({"cider": 1.689492530951004}, abs=1e-12)
    assert scores == pytest.approx(
        [
            1.8307567309262216,
            1.856008113081942,
            0.050083274125723456,
            2.976489742471635,
            6.275995057022985,
            0.3125,
            0.0,
            0.21410732997952392,
        ],
        abs=1e-12,
    )


def test_bleu_is_coco_captions() -> None:
    scores, corpus = scored(METRICS["bleu4"], SAMPLES)
    expected = [0.6666666666560846, 0.47559486559765, 0.3463433989823127, 0.2651919669685683]
    assert [corpus[f"bleu{size}"] for size in range(1, 5)] == pytest.approx(expected, abs=1e-12)
    assert scores[:4] == pytest.approx(
        [0.3264971028279502, 1.2574334292645396e-08, 2.2360679767823846e-12, 0.4160751651882288]
    )


def test_rouge_is_coco_captions() -> None:
    scores, corpus = scored(METRICS["rouge_l"], SAMPLES)
    assert corpus == pytest.approx({"rouge_l": 0.5527109568160176}, abs=1e-12)
    expected = [0.8102466793168881, 0.7142857142857143, 0.44309927360774815, 0.6545064377682404]
    assert scores[:4] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("caption", "tokens"),
    [  # as PTBTokenizer of CoreNLP 3.4.1 splits them, less the marks that coco-caption removes
        ("A man's dog, isn't it? (yes)", "a man 's dog is n't it -lrb- yes -rrb-"),
        ("I can't won't shouldn't've they're", "i ca n't wo n't should n't 've they 're"),
        ("cannot gonna 'tis o'clock y'all", "can not gon na 't is o'clock y' all"),
        ("3,000.5 at 5:30 p.m. 1/2 $5.99 50%", "3,000.5 at 5:30 p.m. 1/2 $ 5.99 50 %"),
        ("what?! yes!! ok... a -- b", "what ?! yes !! ok a b"),
        ("4-year-old wi-fi black/white AT&T", "4-year-old wi-fi black/white at&t"),
        ("Mr. Smith, J. Doe, the letter x.", "mr. smith j. doe the letter x."),
        ("don’t “hi” ‘a’ a–b c…", "do n't hi a a b c"),
        ("l'homme n'avez un'oca dall'arte", "l'homme n'avez un oca dall arte"),
        ("1990's '90s man's/woman's", "1990 's '90s man 's / woman 's"),
        ("foo@bar.com http://x.com/y #tag @user", "foo@bar.com http://x.com/y #tag @user"),
        ("ọkọ̀ é naïve 中文字", "ọkọ̀ é naïve 中文字"),
    ],
)
def test_tokens(caption: str, tokens: str) -> None:
    assert caption_tokens(caption) == tokens.split()


words = st.sampled_from(["a", "the", "dog", "cat", "red", "runs", "it's", "(x)", "!!", "3.5"])
captions = st.lists(words, max_size=12).map(" ".join)
samples = st.lists(
    st.builds(Scored, captions, st.lists(captions, min_size=1, max_size=3).map(tuple)),
    min_size=2,
    max_size=8,
).map(tuple)


@pytest.mark.parametrize("metric", CAPTION_METRICS, ids=lambda metric: metric.name)
@given(samples=samples, seed=st.integers(0, 9))
def test_order_changes_nothing(metric: Metric, samples: tuple[Scored, ...], seed: int) -> None:
    order = random.Random(seed).sample(range(len(samples)), len(samples))
    scores, corpus = scored(metric, samples)
    moved, same = scored(metric, tuple(samples[place] for place in order))
    assert same == pytest.approx(corpus, abs=1e-12)
    assert moved == pytest.approx(scores[order], abs=1e-12)
    assert (scores >= metric.lowest).all()
    assert (scores <= metric.highest + 1e-9).all()


@pytest.mark.parametrize("metric", CAPTION_METRICS, ids=lambda metric: metric.name)
def test_perfect_captions_are_best_and_empty_ones_worst(metric: Metric) -> None:
    texts = ["a red dog runs in the park", "two cats sleep on an old sofa", "one bus at a stop"]
    _, perfect = scored(metric, tuple(Scored(text, (text,)) for text in texts))
    _, empty = scored(metric, tuple(Scored("", (text,)) for text in texts))
    assert perfect[metric.results[0]] == pytest.approx(metric.highest)
    assert empty[metric.results[0]] == pytest.approx(metric.lowest)


def test_many_samples_are_scored_like_few() -> None:
    many = SAMPLES * 800  # more than one chunk of CIDEr
    scores, _ = scored(METRICS["cider"], many)
    ready = METRICS["cider"].prepared(sample.references for sample in many)
    assert scores[-8:] == pytest.approx(ready.scores(ready.statistics(SAMPLES)), abs=1e-12)


def test_cider_needs_the_references_of_all_samples() -> None:
    with pytest.raises(ValueError, match="not prepared"):
        METRICS["cider"].statistics(SAMPLES)


@pytest.mark.parametrize("metric", CAPTION_METRICS, ids=lambda metric: metric.name)
def test_no_samples_have_no_value(metric: Metric) -> None:
    _, corpus = scored(metric, ())
    assert all(np.isnan(value) for value in corpus.values())
