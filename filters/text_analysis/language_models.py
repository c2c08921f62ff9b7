"""The two language models: eldc, which is fast, and py3langid, which knows more languages."""

import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# ISO 639 codes of the languages that py3langid knows; they include those of eldc.
_KNOWN = """
ace af am an ar ary arz as az ba bcl be bg bn br bs ca crh cs cy da de dz el en eo es et
eu ext fa fi fo fr fuv fy ga gcf gcr gd gl gom grc gu gug guw ha hbo he hi hr ht hu hy
id ig is it ja jv ka kab kik kk km kn ko ku ky la lb lg lij ln lo lt ltg lv mg mk ml mn
mr ms mt my ne nl nn no nso oc om or pa pcm pl ps pt qu ro ru rw sa sdh se si sk sl sn
so sq sr st sv sw ta te tg th tk tl tr tt ug uk ur uz uzs vec vi vo wa wuu xh yo yue zh
zu zxx
"""
KNOWN_LANGUAGES = frozenset(_KNOWN.split())
_RANKED = 6  # languages; the best supported one is among the best six, or scores far less
_NUL_OR_SURROGATE = re.compile("[\0\ud800-\udfff]")  # eldc stops at one, and refuses the other


class Scores(NamedTuple):
    """What eldc says of a text: its best language, and scores in [0, 1].

    Texts of several words score 0.5 or more in their own language. Texts in a language that eldc
    does not know score 0.5 or less in all others.
    """

    language: str  # "" for a text without words
    reliable: bool
    ranking: dict[str, float]  # the best languages, from the best one on

    @property
    def score(self) -> float:
        return self.ranking.get(self.language, 0.0)

    def lead(self, least: float) -> float:
        """Return the best score less the second one, or less `least` if that is more."""
        best, second, *_ = (*self.ranking.values(), 0.0, 0.0)
        return best - (second if second > least else least)

    def best_of(self, languages: Collection[str]) -> float:
        """Return the best score of one of the languages; 0 if none is among the best six."""
        return next((self.ranking[name] for name in self.ranking if name in languages), 0.0)


def eldc_scores(text: str) -> Scores:
    """Score a text in normal form C with eldc, which reads the first 1,000 bytes."""
    if not text.isascii() or "\0" in text:
        text = _NUL_OR_SURROGATE.sub(" ", text)
    result = _eldc().detect_details(text)
    ranking = result.scores
    return Scores(result.language if ranking else "", result.reliable, ranking)


def py3langid_probability(text: str) -> tuple[str, float]:
    """Return the most probable language by py3langid, and its probability."""
    language, probability = _py3langid().classify(text)
    return str(language), float(probability)


@cache
def eldc_languages() -> frozenset[str]:
    """Return the ISO 639 codes of the languages that eldc knows."""
    import eldc

    return frozenset(eldc.LANGUAGES)


@cache
def _eldc() -> Any:
    """Return a detector with settings of its own; its model is part of the extension module."""
    import eldc

    eldc.init()
    detector = eldc.instance()
    detector.set_scores(_RANKED)
    return detector


@cache
def _py3langid() -> "LanguageIdentifier":
    """Load py3langid's bundled model, once and only when needed: it takes 1 s and 60 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
