"""Finds the noun phrases of English captions by rules: no model, and no dictionary of nouns.

A phrase is a run of words between words that cannot be part of it: articles, prepositions,
pronouns, conjunctions, verbs and punctuation. Only common verbs of captions are listed, and words
in -ing or -ed after a noun count as verbs. So an unlisted verb in the present tense ("a dog
catches a ball") joins its subject's phrase, and a name such as "United States" may be cut.
"""

import re

MOST_PHRASES = 32  # of a caption; further ones are left out

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+|[^\w\s]")


def _listed(*words: str) -> frozenset[str]:
    return frozenset(" ".join(words).split())


_DETERMINERS = _listed(
    "a an the this that these those some any each every another other both all several many few "
    "more most no its his her their our my your one two three four five six seven eight nine ten "
    "eleven twelve dozens hundreds"
)
_BREAKS = _listed(
    # prepositions and particles
    "of in on at by with without from to into onto over under above below beneath behind beside "
    "besides between among through across along around near against toward towards inside outside "
    "within off up down out for as like about during before after while next upon past via away "
    # conjunctions, pronouns, adverbs
    "and or but nor so than then that which who whom whose where when what how if because it he "
    "she they them him we us you i me himself herself itself themselves there here not very also "
    "together apart outdoors indoors just only too "
    # verbs
    "is are was were be been being am has have had do does did can could will would may might must "
    "shall should sits sit sat stands stand stood lies lie lay holds hold held wears wear wore "
    "rides ride rode walks walk runs run ran plays play looks look eats eat hangs hang hung shows "
    "show says say reads read takes take took makes make made flies fly flew rests rest leans lean "
    "contains contain features includes include depicts depict surrounds covers appears seems seen "
    "shown made written parked filled covered surrounded dressed topped lined"
)
_NOUNS_IN_ING = _listed(
    "building painting ceiling wedding ring king string spring wing clothing railing awning "
    "evening morning thing lightning drawing sling swing earring crossing parking frosting topping "
    "stuffing dressing bedding flooring siding icing sibling pudding dumpling duckling"
)
_PLACES = _listed(  # "the left side", "the background": no objects
    "image picture photo photograph view scene top bottom front back side left right middle center "
    "centre corner edge background foreground distance air group pair couple number bunch lot row "
    "piece part set variety color colour day night time"
)
_WRITING = _listed("word words text letter letters")  # what follows is what they read


def noun_phrases(text: str) -> list[str]:
    """Return the distinct noun phrases of an English text, in lower case and without articles."""
    phrases: dict[str, None] = {}
    words: list[str] = []
    before = ""  # the word before
    for word in [*_WORD.findall(text.lower().replace("’", "'")), "."]:
        if _ends(word, words, before) or word in _DETERMINERS:
            phrases[_phrase(words)] = None
            words = []
        else:
            words.append(word)
        before = word
    phrases.pop("", None)
    return list(phrases)[:MOST_PHRASES]


def head_noun(phrase: str) -> str:
    """Return the last word of a noun phrase, which names the object."""
    return phrase.rsplit(maxsplit=1)[-1]


def _ends(word: str, words: list[str], before: str) -> bool:
    """Return whether a word is no part of a phrase; `words` are those of the phrase so far."""
    if not word[0].isalpha() or word in _BREAKS:
        return True
    if len(word) <= 4 or word in _NOUNS_IN_ING or not word.endswith(("ing", "ed")):
        return False
    return bool(words) or before not in _DETERMINERS  # "a running dog", "a dog running"


def _phrase(words: list[str]) -> str:
    """Return words as a phrase; empty if they name no object."""
    names_none = not words or words[0] in _WRITING or words[-1] in _PLACES
    return "" if names_none else " ".join(words)
