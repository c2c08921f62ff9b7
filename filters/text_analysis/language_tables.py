"""Language detection as data: neighbors of languages, letters of Cyrillic, romanized words."""

from typing import Literal

# ISO 639 codes of the languages that the term lists cover.
SupportedLanguage = Literal["en", "es", "de", "fr", "pt", "it", "ru", "zh", "ja"]
SUPPORTED_LANGUAGES: tuple[SupportedLanguage, ...] = (
    "en",
    "es",
    "de",
    "fr",
    "pt",
    "it",
    "ru",
    "zh",
    "ja",
)
# A text in a neighbor counts as a text in each of the languages beside it, because captions of the
# two cannot be told apart with certainty, and most words of the term lists are common to them.
NEIGHBORS: dict[str, tuple[SupportedLanguage, ...]] = {
    "an": ("es",),  # Aragonese: Spanish with other articles; hardly any captions are written in it
    "ext": ("es",),  # Extremaduran: between Spanish and Leonese, written like Spanish
    "gl": ("es", "pt"),  # Galician: written like Spanish, with the words of Portuguese
    "lb": ("de",),  # Luxembourgish: a Moselle Franconian dialect with a spelling of its own
    "lij": ("it",),  # Ligurian: written in Italy beside Italian
    "vec": ("it",),  # Venetian: written in Italy beside Italian
    "pcm": ("en",),  # Nigerian Pidgin: most of its written words are English
    "wuu": ("zh",),  # Wu: captions in Han characters are written in Standard Chinese
    "yue": ("zh",),  # Cantonese: differs from Standard Chinese in a few characters
    "bg": ("ru",),  # Bulgarian: short texts without ё, ы or э have the letters of both
    "mk": ("ru",),  # Macedonian: short texts without its own letters look like Russian
}
# Cyrillic letters that Russian has not, and the language that their presence tells. Letters of
# several languages (ә, ғ, қ, ң, ө, ү, ұ, һ, ҳ, ҷ ...) are left to the models.
CYRILLIC_LETTERS = {
    "be": "ўЎ",
    "mk": "ѓѕќЃЅЌ",
    "sr": "ђјљњћџЂЈЉЊЋЏ",  # ј, љ, њ and џ are Macedonian too: its own letters come first
    "uk": "іїєґІЇЄҐ",  # і is Belarusian too: ў comes first
}
RUSSIAN_ONLY = frozenset("ёыэЁЫЭ")  # which neither Ukrainian, Bulgarian, Serbian nor Macedonian has
NOT_RUSSIAN = frozenset(map(chr, range(0x400, 0x530))).difference(
    map(chr, [*range(0x410, 0x450), 0x401, 0x451])
)  # Cyrillic letters that Russian has not
# Words of Hindi and Urdu in Latin letters, which no model knows. A text is Hindi with two of them,
# of which one is hardly a word in other languages.
_HINDI_ONLY = """
apne apni aur bahut hai hain hamare hota hoti kaise karna karne karte kuch kuchh kya liye nahi nahin
raha rahe rahi saath sabse waale waali wala wale wali woh yeh
"""
_HINDI = (
    "aaj ab aurat ek ghar hum jab ka kar kaun ke ki ko mein mera meri phir sab se tab tha thi yah"
)
ROMANIZED_HINDI_ONLY = frozenset(_HINDI_ONLY.split())
ROMANIZED_HINDI = ROMANIZED_HINDI_ONLY.union(_HINDI.split())
