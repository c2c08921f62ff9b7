"""E-mail addresses, plain, international, and written so that machines should not read them."""

import re
from collections.abc import Iterator

from filters.recognisers.recogniser import AT, Recogniser, Span

# Scripts without spaces, which an address can touch without them belonging to it.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff"
_LETTER = rf"[^\W_{_UNSPACED}]"
_ATOM = rf"(?:[^\W{_UNSPACED}]|[.+'~-])"  # and the underscore
_CLOSED = rf"[{_UNSPACED}]"
_LABEL = rf"(?:{_LETTER}(?:{_LETTER}|-)*+|{_CLOSED}++)"
_ENDING = rf"(?:xn--[A-Za-z0-9-]{{2,59}}|[^\W\d_{_UNSPACED}]{{2,63}}|{_CLOSED}{{2,63}})"
_DOMAIN = rf"{_LABEL}(?:[.。]{_LABEL})*[.。]{_ENDING}(?!{_LETTER}|-{_LETTER})"
_MIXED = rf"[^\W_](?:[^\W_]|-)*+(?:[.。][^\W_](?:[^\W_]|-)*+)*[.。]{_ENDING}"
_SIGN = r"(?:@|%40|&#64;| @ |\n@|@\n)"
_LOCAL = rf"(?:(?<!{_ATOM}){_ATOM}++|(?<!{_CLOSED}){_CLOSED}++)"
_PLAIN = re.compile(rf"(?P<local>{_LOCAL}){_SIGN}(?:{_DOMAIN}|{_MIXED})", re.IGNORECASE)
_AT_WORD = r"(?:\s{0,2}(?:\[\s?(?:at|@)\s?\]|\(\s?(?:at|@)\s?\)|\{\s?(?:at|@)\s?\}|<\s?(?:at|@)\s?>|[_*-]at[_*-])\s{0,2}| at )"
_DOT_WORD = (
    r"(?:\s{0,2}(?:\[\s?(?:dot|\.)\s?\]|\(\s?(?:dot|\.)\s?\)|\{\s?(?:dot|\.)\s?\}|<\s?(?:dot|\.)\s?>"
    r"|[_*-]dot[_*-])\s{0,2}| dot )"
)
_WORD = rf"{_LETTER}(?:{_LETTER}|-)*+"
_SPELT = re.compile(
    rf"(?P<local>(?<!{_ATOM}){_ATOM}++(?:{_DOT_WORD}{_ATOM}++)?)(?P<at>{_AT_WORD}|@)"
    rf"(?P<domain>{_WORD}(?:(?:\.|{_DOT_WORD}){_WORD})*(?:\.|{_DOT_WORD})"
    rf"(?P<ending>{_LETTER}{{2,24}}))(?!{_LETTER})",
    re.IGNORECASE,
)
# Endings of files that are none of domains: icon@2x.png is a picture.
_FILES = frozenset(
    "png jpg jpeg gif svg webp bmp tif tiff avif heic ico psd pdf txt csv json xml html htm css js ts "
    "mp3 mp4 avi wav exe dll tar gz dat log yaml yml ini cfg doc docx xls xlsx ppt pptx".split()
)
_COMMON = frozenset(
    "com net org edu gov mil int info biz name pro io co ai app dev me tv cc xyz online site shop store "
    "blog art photo photography gallery studio design us uk ca au nz ie de at ch fr be nl lu it es pt "
    "pl cz sk hu ro bg gr tr ru ua by se no dk fi is ee lv lt in pk bd lk cn hk tw jp kr sg my th vn id "
    "ph br mx ar cl pe za ng ke eg il ae sa ir eu asia".split()
)


def _find(text: str) -> Iterator[Span]:
    for match in _PLAIN.finditer(text):
        local = match["local"]
        start = match.start() + len(local) - len(local.lstrip(".'~-+"))
        spaced = text[match.end("local")] in " \n"
        if not local.strip(".'~-+_"):
            continue
        ending = re.split("[.。]", match[0])[-1].lower()
        if ending in _FILES or (spaced and ending not in _COMMON):
            continue
        yield start, match.end()
    for match in _SPELT.finditer(text):
        words = match["domain"].lower()
        is_spelt = bool(re.search(_DOT_WORD, words))
        # "Look at example.com" says where to look; at least one of the two must be disguised.
        if match["at"] in (" at ", "@") and not is_spelt:
            continue
        if match["ending"].lower() in _COMMON:
            yield match.start(), match.end()


EMAIL_ADDRESS = Recogniser("EMAIL_ADDRESS", AT, _find)
