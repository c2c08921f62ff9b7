"""Words and phrases of an operator's list match whole, in any case and script."""

import io
from collections.abc import Callable
from typing import Any, BinaryIO

import pytest

from filters import Words
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict


def opens(content: bytes) -> Callable[[str], BinaryIO]:
    return lambda path: io.BytesIO(content)


def judged(text: str, listed: str, **settings: Any) -> Verdict:
    judge = Words(path="list.txt", **settings).load(Resources(opens(listed.encode())))
    (verdict,) = judge.judge([Text(text)])
    return verdict


@pytest.mark.parametrize(
    ("listed", "text", "matches"),
    [
        ("casino", "A CASINO!", 1),
        ("casino", "casinos", 0),
        ("casino*", "Casinos, casino", 1),
        ("*casino", "onlinecasino", 1),
        ("*casino*", "onlinecasinos", 1),
        ("casino\ncasino*", "casinos", 1),
        ("free  money", "get free-money\nnow", 1),
        ("free money", "free of money", 0),
        ("# casino\n\ncasino", "# casino", 1),
        ("42", "1420 or 421", 0),
        ("42", "the 42nd; 42", 1),
        ("iphone", "iphone15", 0),
        ("cat 4\ncat", "cat 42", 1),
        ("c++", "c++ code", 1),
        ("\u8d4c\u573a", "\u5728\u8d4c\u573a\u91cc", 1),
        ("M\u00dcNCHEN", "m\u00fcnchen", 1),
        ("strasse", "STRA\u00dfE", 1),
        ("casino", "\uff23\uff21\uff33\uff29\uff2e\uff2f", 1),
        ("casino", "ca\u200bsino", 1),
        ("a\nb\nc", "c b c", 2),
        ("casino", "", 0),
    ],
)
def test_whole_words_match_after_normalization(listed: str, text: str, matches: int) -> None:
    verdict = judged(text, listed)
    assert verdict.scores == {"matches": matches}
    assert (verdict.action, verdict.reason) == (
        ("drop", "word_listed") if matches else ("keep", "")
    )


def test_max_matches_is_inclusive_and_action_decides() -> None:
    assert judged("a b", "a\nb", max_matches=2).action == "keep"
    assert judged("a b", "a\nb", max_matches=1).action == "drop"
    assert judged("a b", "a\nb", max_matches=1, action="quarantine").action == "quarantine"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\n***\n", "path: line 2 of list.txt has no letter and no digit: remove it"),
        (b"a*b\n", r"path: line 1 of list.txt has a \* between other characters"),
        (b"# a\n", "path: list.txt lists no word: fill it"),
        (b"\xff", "path: list.txt is not UTF-8 text"),
    ],
)
def test_wrong_lists_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(JobError, match=message):
        Words(path="list.txt").check(Resources(opens(content)))
