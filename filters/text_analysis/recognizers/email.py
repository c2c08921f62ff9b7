"""Recognize e-mail addresses: plain, international, and obfuscated ("name at host dot com")."""

import re
from collections.abc import Iterator
from functools import cache

from filters.text_analysis.recognizers.prefilter import EMAIL_SIGN
from filters.text_analysis.recognizers.recognizer import Recognizer, Span

# Scripts without spaces between words: their characters can touch an address and not belong to it.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
    r"\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W_{_UNSPACED}]"
_ATOM = rf"(?:[^\W{_UNSPACED}]|[.+'~-])"  # and the underscore
_UNSPACED_CHAR = rf"[{_UNSPACED}]"
_LABEL = rf"(?:{_LETTER}(?:{_LETTER}|-)*+|{_UNSPACED_CHAR}++)"
_ENDING = rf"(?:xn--[A-Za-z0-9-]{{2,59}}|[^\W\d_{_UNSPACED}]{{2,63}}|{_UNSPACED_CHAR}{{2,63}})"
_DOMAIN = rf"{_LABEL}(?:[.。]{_LABEL})*[.。]{_ENDING}(?!{_LETTER}|-{_LETTER})"
_MIXED = rf"[^\W_](?:[^\W_]|-)*+(?:[.。][^\W_](?:[^\W_]|-)*+)*[.。]{_ENDING}"
_SIGN = r"(?P<sign>@|%40|&#64;| @ |\n@|@\n)"
_LOCAL = rf"(?:(?<!{_ATOM}){_ATOM}++|(?<!{_UNSPACED_CHAR}){_UNSPACED_CHAR}++)"
_PLAIN = rf"(?P<local>{_LOCAL}){_SIGN}(?:{_DOMAIN}|{_MIXED})"


def _disguised(words: str) -> str:
    """Return a regular expression for one of `words` in brackets or signs, as in [at] and _at_."""
    pairs = (r"\[ \]", r"\( \)", r"\{ \}", "< >")
    inside = "|".join(f"{a}\\s?(?:{words})\\s?{b}" for a, b in (pair.split() for pair in pairs))
    return rf"\s{{0,2}}(?:{inside}|[_*-](?:{words})[_*-])\s{{0,2}}"


# Words for @ and for the dot: Spanish and Portuguese, French, Italian, Dutch, German, Russian,
# Polish, Czech and Slovak, Hungarian, Scandinavian, Finnish.
_AT_ALONE = "arroba|arr?ob(?:ase|as|e)|chiocciola"  # these need no spelled dot
_AT = (
    rf"at|{_AT_ALONE}|apenstaartje|klammeraffe|ät|собак[аи]|собачка|małpa|zavin[áa]č?c?|kukac"
    r"|snabel-?a|miukumauku"
)
_DOT = (
    r"dot|punto|ponto|point|punkt|punt|точка|крапка|kropka|te[čc]ka|bodka|pont|nokta|punct|prikk?"
    r"|piste"
)
_AT_WORD = rf"(?:{_disguised(f'{_AT}|@')}| (?:{_AT}) )"
_DOT_WORD = rf"(?:{_disguised(f'{_DOT}|[.]')}| (?:{_DOT}) )"
_NEEDS_SPELLED_DOT = re.compile(rf" (?!(?:{_AT_ALONE}) )(?:{_AT}) |@", re.IGNORECASE)
_SPELLED_DOT = re.compile(_DOT_WORD, re.IGNORECASE)
_WORD = rf"{_LETTER}(?:{_LETTER}|-)*+"
_SPELLED = (
    rf"(?P<local>(?<!{_ATOM}){_ATOM}++(?:{_DOT_WORD}{_ATOM}++)?)(?P<at>{_AT_WORD}|@)"
    rf"(?P<domain>{_WORD}(?:(?:\.|{_DOT_WORD}){_WORD})*(?:\.|{_DOT_WORD})"
    rf"(?P<ending>{_LETTER}{{2,24}}))(?!{_LETTER})"
)
# File extensions that are not top-level domains: icon@2x.png is an image file.
_FILES = re.compile(
    r"(?:png|jpe?g|gif|svg|webp|bmp|tiff?|avif|heic|ico|psd|pdf|txt|csv|json|xml|html?|css|js|ts|mp[34]"
    r"|avi|wav|exe|dll|tar|gz|dat|log|ya?ml|ini|cfg|docx?|xlsx?|pptx?)\Z",
    re.IGNORECASE,
)
_COMMON = re.compile(
    r"(?:com|net|org|edu|gov|mil|int|info|biz|name|pro|io|co|ai|app|dev|tv|cc|xyz|site|photography"
    r"|gallery|uk|ca|au|nz|ie|de|ch|fr|nl|lu|es|pt|pl|cz|sk|hu|ro|bg|gr|tr|ru|ua|se|dk|fi|ee|lv|lt|pk|bd|lk|cn"
    r"|hk|tw|jp|kr|sg|my|th|vn|id|ph|br|mx|ar|cl|pe|za|ng|ke|eg|il|ae|sa|ir|eu|asia)\Z",
    re.IGNORECASE,
)
_WORD_LIKE = re.compile(
    r"(?:in|is|at|it|no|by|me|be|us|so|art|shop|store|online|blog|studio)\Z", re.IGNORECASE
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern when it is first needed: both take 0.2 s, a fifth of loading a job."""
    return re.compile(pattern, re.IGNORECASE)


def _find(text: str) -> Iterator[Span]:
    for match in _compiled(_PLAIN).finditer(text):
        local = match["local"]
        stripped = local.lstrip(".'~-+")
        if not stripped.strip("_"):
            continue
        ending = _last_label(match[0])
        is_spaced = text[match.end("local")] in " \n" or match["sign"][-1] == "\n"
        if not _FILES.match(ending) and (not is_spaced or _COMMON.match(ending)):
            yield match.end("local") - len(stripped), match.end()
    for match in _compiled(_SPELLED).finditer(text):
        spells_dots = _SPELLED_DOT.search(match["domain"])
        # "Look at example.com" is no address: without brackets, "at" and "dot" must both be words.
        # So do the words for "at" that name an animal in other languages.
        if _NEEDS_SPELLED_DOT.fullmatch(match["at"]) and not spells_dots:
            continue
        ending = match["ending"]
        if _COMMON.match(ending) or (match["at"].lower() != " at " and _WORD_LIKE.match(ending)):
            yield match.start(), match.end()


def _last_label(address: str) -> str:
    return re.split("[.。]", address)[-1]


EMAIL_ADDRESS = Recognizer("EMAIL_ADDRESS", EMAIL_SIGN, _find)
