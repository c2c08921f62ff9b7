"""DataComp's basic filtering: drop short or non-English captions and small or elongated images."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from filters.base import ImageFilter, Judge, float32
from filters.text_analysis.language_detection import most_likely_language
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, keep

_MIN_WORDS = 3  # "more than two", split at white space
_MIN_CHARACTERS = 6  # "more than five"
_MIN_SIDE = 200  # pixels of the shorter side, inclusive
_MAX_ASPECT = 3.0  # long:short ratio, inclusive


class DatacompBasic(ImageFilter):
    """Keep pairs that pass the basic filtering of arXiv 2304.14108.

    A pair must have an English text of more than two words and five characters, and an image whose
    shorter side has at least 200 pixels and whose ratio is at most 3. The bounds are taken from
    `load_uids_with_basic_filter` in DataComp's baselines; eldc detects the language in place of
    fastText. The reason names the first rule that fails, in the order language, words,
    characters, side, aspect. The scores of all rules are stored. A sample without source text is
    dropped.
    """

    rules: ClassVar = "3"
    reads: ClassVar = "header"  # judged before decoding; the sample includes its texts
    kind: Literal["datacomp_basic"] = "datacomp_basic"
    """The name of this filter."""

    def load(self, resources: Resources) -> Judge[Sample]:
        return self  # nothing to load

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(item) for item in items]

    def _judge(self, sample: Sample) -> Verdict:
        text = sample.texts.get("source_text")
        caption = text.value if text else ""  # a job with `text: null` keeps nothing
        short, long = sorted((sample.width, sample.height))
        scores = {
            "english": float(most_likely_language(caption) == "en"),
            "words": len(caption.split()),
            "characters": len(caption),
            "short_side": short,
            "aspect": long / short,
        }
        return self._decide(scores)

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self._decide(scores) if "aspect" in scores else None

    def _decide(self, scores: Mapping[str, float]) -> Verdict:
        if not scores["english"]:
            return drop("caption_not_english", scores)
        if scores["words"] < _MIN_WORDS:
            return drop("caption_too_few_words", scores)
        if scores["characters"] < _MIN_CHARACTERS:
            return drop("caption_too_few_characters", scores)
        if scores["short_side"] < _MIN_SIDE:
            return drop("image_too_small", scores)
        if float32(scores["aspect"]) > _MAX_ASPECT:
            return drop("image_too_elongated", scores)
        return keep(scores)
