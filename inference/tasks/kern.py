"""Checks that a text is a score in Humdrum's **kern: its spines, tokens, bars and their ends.

Rules of the syntax: "The Humdrum User Guide" by D. Huron, chapters 2, 5 and 6. Durations are not
added up to measures. Of a note, the pitch, accidental and duration are checked alone.
"""

import re
from itertools import groupby

_KERN = "**kern"
_NEW = ""  # the type of a spine that `*+` has added, until its exclusive interpretation
_MOST_SPINES = 1_000
_TYPE = re.compile(r"\*\*\S+")
_TOKEN = re.compile(r"[!-~\u0080-\U0010ffff ]+")
_BAR = re.compile(r"=(=|\d+[a-z]?)?[^\w=]*\d*")
# A pitch is a repeated letter with its accidental; no other signifier is one of these letters.
_PITCH = re.compile(r"(?P<letter>[a-gA-G])(?P=letter)*(#{1,3}|-{1,3}|n)?")
_DURATION = re.compile(r"\d+(%\d+)?")
_OF_NO_NOTE = re.compile(r"[\d#*!=-]")  # what must not be beside pitch and duration


def is_kern(text: str) -> bool:
    """Return whether a text is a whole score: spines, at least one of notes, that all end."""
    reader = _ScoreReader()
    lines = text.strip("\r\n").replace("\r\n", "\n").split("\n")
    try:
        for line in lines:
            if not line.startswith("!!"):  # a comment about all spines
                reader.read(line.split("\t"))
    except _NotAScore:
        return False
    return reader.is_whole


class _NotAScore(Exception):
    """A line breaks a rule."""


def _require(is_right: bool) -> None:
    if not is_right:
        raise _NotAScore


class _ScoreReader:
    """Follows the spines of a score, line by line."""

    def __init__(self) -> None:
        self._spines: list[str] | None = None  # the types of the open spines; None: not begun
        self._notes = 0

    @property
    def is_whole(self) -> bool:
        return self._spines == [] and self._notes > 0

    def read(self, tokens: list[str]) -> None:
        _require(all(map(_TOKEN.fullmatch, tokens)))
        if self._spines is None:
            _require(all(map(_TYPE.fullmatch, tokens)))
            self._spines = tokens
            return
        _require(len(tokens) == len(self._spines))
        kind = tokens[0][0]
        _require(all((token[0] == kind) or {token[0], kind}.isdisjoint("*!=") for token in tokens))
        if kind == "*":
            self._spines = _follow(tokens, self._spines)
            _require(len(self._spines) <= _MOST_SPINES)
        elif kind == "=":
            _require(all(map(_BAR.fullmatch, tokens)))
        elif kind != "!":
            self._read_data(tokens, self._spines)

    def _read_data(self, tokens: list[str], spines: list[str]) -> None:
        _require(_NEW not in spines)
        for token, spine in zip(tokens, spines, strict=True):
            if spine == _KERN and token != ".":
                notes = token.split(" ")
                _require(all(map(_is_note, notes)) and _is_timed(notes[0]))
                self._notes += 1


def _follow(tokens: list[str], spines: list[str]) -> list[str]:
    """Return the spines after a line of interpretations."""
    spines = list(spines)
    exchanged = [place for place, token in enumerate(tokens) if token == "*x"]
    _require(len(exchanged) in (0, 2))
    if exchanged:
        one, other = exchanged
        spines[one], spines[other] = spines[other], spines[one]
    after: list[str] = []
    pairs = zip(tokens, spines, strict=True)
    for joins, group in groupby(pairs, lambda pair: pair[0] == "*v"):
        some = list(group)
        if joins:  # neighbors of one type become one spine
            _require(len(some) > 1 and len(set(some)) == 1)
            after.append(some[0][1])
        else:
            for token, spine in some:
                _require((spine == _NEW) == token.startswith("**"))
                after += _after(token, spine)
    return after


def _after(token: str, spine: str) -> list[str]:
    """Return what a spine becomes by an interpretation."""
    if token.startswith("**"):
        return [token]
    return {"*^": [spine, spine], "*+": [spine, _NEW], "*-": []}.get(token, [spine])


def _is_note(note: str) -> bool:
    """Return whether a note has one pitch, or is a rest, with at most one duration."""
    pitches = len(_PITCH.findall(note))
    is_rest = note.count("r") == 1
    others = _DURATION.sub("", _PITCH.sub("~", note), count=1)
    return pitches <= 1 and (pitches == 1 or is_rest) and not _OF_NO_NOTE.search(others)


def _is_timed(note: str) -> bool:
    """Return whether a note has a duration; grace notes need none."""
    return _DURATION.search(note) is not None or "q" in note or "Q" in note
