"""Normalizes answers as the evaluation code of VQA does, its slips included."""

import re
from functools import lru_cache

_MARKS = ';/[]"{}()=+\\_-><@`,?!'
_DIGIT_COMMA = re.compile(r"\d,\d")
_PERIOD = re.compile(r"\.(?!\d)")
_PERIODS = 32  # the most that are removed: VQA's code passes re.UNICODE, 32, as the count
_ARTICLES = {"a", "an", "the"}
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_CONTRACTIONS = (
    "ain't aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's "
    "how'd how'll how's isn't it'd it'll ma'am mightn't might've mustn't must've needn't not've "
    "o'clock oughtn't shan't should've shouldn't somebody'll somebody's someone'd someone'll "
    "someone's something'd something'll that's there'd there're there's they'd they'll they're "
    "they've 'twas wasn't we've weren't what'll what're what's what've when's where'd where's "
    "where've who'd who'll who's who've why'll why're why's won't would've wouldn't y'all you'd "
    "you'll you're you've couldn't've hadn't've he'd've it'd've mightn't've she'd've shouldn't've "
    "somebody'd've someone'd've something'd've there'd've they'd've we'd've who'd've wouldn't've "
    "you'd've y'all'll y'all'd've 'ow's'at"
)


def _replacements() -> dict[str, str]:
    """Return each word that is replaced: a contraction that lacks one apostrophe, or a number."""
    contractions = {
        word[:place] + word[place + 1 :]: word
        for word in _CONTRACTIONS.split(" ")
        for place, letter in enumerate(word)
        if letter == "'"
    }
    numbers = {word: str(number) for number, word in enumerate(_NUMBERS)}
    return {**contractions, **numbers, "none": "0", "somebody'd": "somebodyd"}


_REPLACEMENTS = _replacements()


def stripped(answer: str) -> str:
    """Return an answer on one line, without spaces at its ends."""
    return answer.replace("\n", " ").replace("\t", " ").strip()


@lru_cache(1 << 17)
def normalized(answer: str) -> str:
    """Return an answer without marks and articles, with digits, and in lower case.

    A mark becomes a space, and nothing if one of its kind touches a space or the answer has a
    comma between digits. A period is removed unless a digit follows.
    """
    joined = _DIGIT_COMMA.search(answer) is not None
    text = answer
    for mark in _MARKS:
        if mark in answer:
            touches = f"{mark} " in answer or f" {mark}" in answer
            text = text.replace(mark, "" if joined or touches else " ")
    words = _PERIOD.sub("", text, count=_PERIODS).lower().split()
    return " ".join(_REPLACEMENTS.get(word, word) for word in words if word not in _ARTICLES)
