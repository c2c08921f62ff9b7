"""Splits captions into words as coco-caption does, whose tokenizer is Stanford's PTBTokenizer.

The rules of version 3.4.1 that captions meet are written here: quotes, contractions, numbers,
abbreviations, brackets. Afterwards coco-caption removes some marks by their exact form, so that
`(` stays as `-lrb-`, and `!!` stays. What differs from the Java program, where each word is
split alone:

- an abbreviation at the end of a line (`in the U.S.`) keeps its period and gets no second one;
- emoticons, SGML tags with attributes and fractions after a whole number are not recognized;
- units with a period (`5 ft.`) are split.
"""

import re
from functools import lru_cache

_REMOVED = {'"', "''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"}
_ESCAPED = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "--", "—": "--", "…": "...", "½": "1/2"}
    | {"¼": "1/4", "¾": "3/4", "£": "#", "€": "$", "\u00ad": None}
)
_WHOLE = {
    **dict.fromkeys(("cannot",), ("can", "not")),
    **{word: (word[:3], word[3:]) for word in ("gonna", "gotta", "lemme", "gimme", "wanna")},
    "'tis": ("'t", "is"),
    "'twas": ("'t", "was"),
    "y'all": ("y'", "all"),
}
_ABBREVIATIONS = (
    "mr mrs ms dr prof st mt ave blvd rd gen col sgt capt lt gov sen rep rev hon pres jr sr inc "
    "ltd co corp bros vs etc jan feb mar apr jun jul aug sept sep oct nov dec mo ph.d m.d no"
)
_TOKEN = re.compile(
    r"""
    https?://[^\s"<>]*[^\s"<>.,;:!?()'] | www\.[^\s"<>]*[^\s"<>.,;:!?()']
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
    | [@\#][^\W\d_]\w* | </?[a-z]+/?> | &(?:amp|lt|gt|quot);
    | (?:[^\W\d_]\.){2,} | (?:ABBREVIATIONS)\.(?![^\W_]) | [^\W\d_]\.(?![\w.])
    | '\d\ds\b | '(?:s|m|d|re|ve|ll)\b | ma'am\b
    | [+-]?(?:\d+(?:[.,:/]\d+)*|\.\d+)(?![^\W_]|[-&][^\W_])
    | [^\W_](?:[\w\u0300-\u036f]|[-.&/](?=[^\W_])|(?<=\b[old])'(?=[^\W_])
        |(?<=\bqu)'(?=[^\W_])|(?<=\b[cn])'(?=[^\W_]{2})
        |'(?:s|m|d|re|ve|ll|t(?<=n't))(?![^\W_]))*
    | \.\.+ | -+ | [?!]+ | . """.replace(
        "ABBREVIATIONS", re.escape(_ABBREVIATIONS).replace("\\ ", "|")
    ),
    re.VERBOSE | re.DOTALL,
)
_CONTRACTION = re.compile(r"(n't|'(?:s|m|d|re|ve|ll))(?![^\W_])")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"'}


def caption_tokens(text: str) -> list[str]:
    """Return the words of a caption in lower case, without the marks that coco-caption removes."""
    return [token for part in text.lower().split() for token in part_tokens(part)]


@lru_cache(1 << 17)
def part_tokens(part: str) -> tuple[str, ...]:
    """Return the tokens of a part of a caption, which has no white space and is in lower case."""
    if part.isalpha() and part.isascii() and part not in _WHOLE:
        return (part,)
    return tuple(token for token in _split(part.translate(_PLAIN)) if token not in _REMOVED)


def _split(part: str) -> list[str]:
    if part in _WHOLE:
        return [*_WHOLE[part]]
    found: list[str] = []
    for token in _TOKEN.findall(part):
        if token in _WHOLE:
            found += _WHOLE[token]
        elif token[0].isalpha() and "'" in token and "@" not in token:
            found += _uncontracted(token)
        elif token.startswith("--"):
            found.append("--")
        elif token.startswith(".."):
            found.append("...")
        else:
            token = _ENTITIES.get(token, token)
            found.append(_ESCAPED.get(token, token))
    return found


def _uncontracted(word: str) -> list[str]:
    """Return a word with apostrophes as its parts: `shouldn't've` as `should`, `n't`, `'ve`."""
    pieces = _CONTRACTION.split(word)
    if len(pieces) == 1:
        return [word]
    return [each for piece in pieces if piece for each in _outside_slashes(piece)]


def _outside_slashes(piece: str) -> list[str]:
    """Return what follows a contraction, with its leading slash alone: `man's/woman's`."""
    return [piece[0], piece[1:]] if piece[0] in "/-.&" and len(piece) > 1 else [piece]
