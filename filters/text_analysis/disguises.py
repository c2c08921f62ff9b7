"""Undo disguises of words in a folded text: leetspeak, stretched letters, separated letters.

Most texts have none of these. The classes of a text's bytes tell it in a tenth of the time that
regular expressions take.
"""

import re
from collections.abc import Iterator, Mapping

# Classes of the bytes of a folded text in UTF-8: a letter, a digit or sign that stands for a
# letter, a sign between letters, a part of a character beyond ASCII, anything else.
_LETTER, _LEET, _EXCLAMATION, _SIGN, _BEYOND, _OTHER = b"a1! \xff."
_SIGNS = " .*+/|,"
_CLASSES = bytes(
    _BEYOND
    if code > 127
    else _LETTER
    if "a" <= chr(code) <= "z"
    else _LEET
    if chr(code) in "013457@$"
    else _EXCLAMATION
    if chr(code) == "!"
    else _SIGN
    if chr(code) in _SIGNS
    else _OTHER
    for code in range(256)
)
_LEET_I = str.maketrans("034571!@$", "oeastiias")
_LEET_L = str.maketrans("034571!@$", "oeastllas")  # "1" and "!" stand for i or l
_STRETCHED = re.compile(r"([a-z])\1\1+")
# Single letters with one sign or space between them: s p a c e d, d.o.t.t.e.d.
_SINGLE = re.compile(rf"[{_SIGNS}][^\W\d_][{_SIGNS}][^\W\d_](?![^\W\d_])")
_SPACED = re.compile(rf"(?<![^\W\d_])[^\W\d_](?:[{_SIGNS}][^\W\d_](?![^\W\d_])){{2,}}")


def undisguised(base: str, unspaced: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield variants of a folded text without disguises, and what to pass as `disguised`.

    See `TermMatcher.find`. `unspaced` maps terms without spaces to the terms with their spaces.
    """
    data = base.encode("utf-8", "surrogatepass")
    classes = data.translate(_CLASSES)
    if _has_leetspeak(classes):
        yield base.translate(_LEET_I), base
        if "1" in base or "!" in base:
            yield base.translate(_LEET_L), base
    if _has_equal_neighbors(data) and _STRETCHED.search(base):
        for replacement in (r"\1", r"\1\1"):
            variant = _STRETCHED.sub(replacement, base)
            yield variant, variant
    if _may_have_single_letters(classes) and _SINGLE.search(base):
        yield _SPACED.sub(lambda run: _joined(run[0], unspaced), base), ""


def _has_leetspeak(classes: bytes) -> bool:
    """Return whether a digit or sign stands next to letters: f4ck, @sshole; not 1080p or a55."""
    return (_LEET in classes and (b"aa1" in classes or b"1aa" in classes or b"a1a" in classes)) or (
        _EXCLAMATION in classes and b"!a" in classes
    )


def _has_equal_neighbors(data: bytes) -> bool:
    """Return whether three bytes in a row are equal.

    As numbers, the text and itself moved by one byte differ by 0 where two neighbors are equal.
    """
    number = int.from_bytes(data, "little")
    return b"\0\0" in (number ^ number >> 8).to_bytes(len(data), "little")


def _may_have_single_letters(classes: bytes) -> bool:
    """Return whether single letters, with a sign before each, may follow each other."""
    return b" a a" in classes or b"\xff" in classes


def _joined(run: str, unspaced: Mapping[str, str]) -> str:
    """Return the term that a run of single letters spells, or else the run itself."""
    letters = run[::2]
    if letters in unspaced:
        return unspaced[letters]
    if letters[1:] in unspaced:  # after the word "a" or "i"
        return f"{letters[0]} {unspaced[letters[1:]]}"
    return run
