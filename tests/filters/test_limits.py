"""The limits that filters state agree with their decisions, on both sides of every limit."""

from collections.abc import Mapping

import pytest

from filters.base import Filter, float32
from filters.fields.number import Number
from filters.images.aesthetic_model import AestheticModel
from filters.images.image_quality import ImageQuality
from filters.images.image_safety_google import ImageSafetyGoogle
from filters.images.image_size import ImageSize
from filters.images.image_text_similarity_model import ImageTextSimilarityModel
from filters.images.open_nsfw import OpenNsfw
from filters.images.porn_image_model import PornImageModel
from filters.limits import Limit
from filters.texts.text_quality import TextQuality
from filters.texts.text_safety_google import TextSafetyGoogle
from filters.texts.text_safety_rules import TextSafetyRules
from filters.texts.toxicity_model import ToxicityModel
from filters.texts.toxicity_perspective import ToxicityPerspective
from filters.texts.toxicity_rules import ToxicityRules
from filters.texts.words import Words

QUALITY = {"words": 10, "characters": 50, "repetition": 0.1}
# A filter, the name of a score, the other scores of an item that is kept, and the limits' fields.
CASES: list[tuple[Filter, str, Mapping[str, float], list[str]]] = [
    (OpenNsfw(), "nsfw", {}, ["drop_at", "quarantine_at"]),
    (OpenNsfw(quarantine_at=None), "nsfw", {}, ["drop_at"]),
    (PornImageModel(model="m", label="porn"), "porn", {}, ["drop_at"]),
    (ImageSafetyGoogle(), "adult", {"racy": 0.2}, ["drop_at", "quarantine_at"]),
    (ImageSafetyGoogle(), "racy", {"adult": 0.2}, ["quarantine_at"]),
    (ToxicityModel(model="m", quarantine_at=0.3), "insult", {}, ["drop_at", "quarantine_at"]),
    (ToxicityModel(model="m", drop_at={"threat": 0.7}), "threat", {"insult": 1}, ["drop_at"]),
    (ToxicityPerspective(), "threat", {}, ["drop_at", "quarantine_at"]),
    (TextSafetyGoogle(), "toxic", {}, ["drop_at", "quarantine_at"]),
    (ToxicityRules(), "insult", {}, ["drop_at", "quarantine_at"]),
    (TextSafetyRules(), "pornography", {}, ["pornography_at", "quarantine_at"]),
    (AestheticModel(model="m", min=4.7), "aesthetic", {}, ["min"]),
    (ImageTextSimilarityModel(model="m", min=0.21), "similarity", {}, ["min"]),
    (ImageQuality(min_contrast=2.3), "contrast", {}, ["min_contrast"]),
    (ImageSize(), "short_side", {"aspect": 1}, ["min_side"]),
    (ImageSize(max_aspect=2.7), "aspect", {"short_side": 500}, ["max_aspect"]),
    (TextQuality(), "words", QUALITY, ["min_words", "max_words"]),
    (TextQuality(), "characters", QUALITY, ["min_characters", "max_characters"]),
    (TextQuality(max_repetition=0.3), "repetition", QUALITY, ["max_repetition"]),
    (Number(column="c", min=2.0, max=8.0), "value", {}, ["min", "max"]),
    (Words(path="w.txt", max_matches=3, action="quarantine"), "matches", {}, ["max_matches"]),
]


@pytest.mark.parametrize(("stage", "score", "others", "fields"), CASES)
def test_limits_agree_with_decisions(
    stage: Filter, score: str, others: Mapping[str, float], fields: list[str]
) -> None:
    limits = stage.limits(score)
    assert [limit.field for limit in limits] == fields
    for limit in limits:
        at = float32(limit.value)
        step = abs(at) * 1e-6  # more than the distance of two numbers in single precision
        worse = at + step if limit.worse == "higher" else at - step
        better = at - step if limit.worse == "higher" else at + step
        assert action(stage, {**others, score: worse}) == limit.action
        assert action(stage, {**others, score: better}) != limit.action
        if not isinstance(stage, Number):  # which does not decide on a bound itself
            assert (action(stage, {**others, score: at}) == limit.action) == limit.inclusive


def action(stage: Filter, scores: Mapping[str, float]) -> str:
    verdict = stage.decide(scores)
    assert verdict is not None
    return verdict.action


@pytest.mark.parametrize(
    "stage",
    [OpenNsfw(), PornImageModel(model="m"), ToxicityRules(), ImageSize(), TextQuality()],
)
def test_a_score_that_decides_nothing_has_no_limits(stage: Filter) -> None:
    assert stage.limits("severe_toxicity") == ()


def test_a_fixed_threshold_is_no_limit() -> None:
    assert TextSafetyRules().limits("sexual_minors") == ()
    assert TextSafetyRules(vulgarity_at=None).limits("vulgarity") == ()
    assert Limit("drop_at", 0.8, "drop") in OpenNsfw().limits("nsfw")
