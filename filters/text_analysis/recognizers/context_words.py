"""Context words: words before a number that say what the number is."""

import re

_REACH = 48  # characters searched before the number
# Punctuation and short words that may separate a context word from its number.
_SEPARATORS = (
    r"[\s:;#=.,\-/\"'(*|>]|[：、]"
    r"|\b(?:no|nos|nr|num|number|numbers|nummer|numer|numero|número|numéro|n|is|was|are|of|at|on|us|me"
    r"|to|the|my|our|her|his|id|code|es|ist|est|é|è|jest|är|er|lautet|al|au|aux|ao|de|del|do|da|di|nu"
    r"|номер|это|на|по|số|là|nomor)\b|[№º°]|号码|号碼|番号|号|번호|은|는|は|是"
)


class ContextWords:
    """Context words, given as one regular expression."""

    def __init__(self, words: str, links: str = r"(?!)") -> None:
        """`links` are words that may separate these words from their number, besides others."""
        between = rf"(?:{_SEPARATORS}|{links})*"
        self._pattern = re.compile(rf"(?:{words}){between}\Z", re.IGNORECASE)

    def precede(self, position: int, text: str) -> bool:
        """Return whether a context word comes before `position`, within `_REACH` characters.

        Only punctuation and short words such as "no.", "is" and "at" may lie between.
        """
        return self._pattern.search(text, max(0, position - _REACH), position) is not None


# Groups of digits before a unit are a quantity. Inches are left out: "in" is also a word, and the
# inch sign is also a quotation mark.
_UNIT = re.compile(
    r"\s?(?:[mck]m|ft|kg|lbs?|oz|ml|px|pcs|pieces|kr|zł|eur|usd|sek|nok|dkk|czk|huf|rub|views|likes"
    r"|copies)\b|\s?[€$£¥₹₽%°]",
    re.IGNORECASE,
)


def is_quantity(start: int, end: int, text: str) -> bool:
    """Return whether text[start:end] is groups of digits separated by spaces, before a unit."""
    groups = text[start:end].split(" ")
    return all(map(str.isdecimal, groups)) and _UNIT.match(text, end) is not None


# Words before numbers that do not identify a person, such as order and serial numbers. Plurals,
# "photo" and "model" are left out: a telephone number follows in "orders: 212-..." and
# "photo: 212-...".
OTHER_NUMBER_WORDS = ContextWords(
    r"\b(?:order|bestell|invoice|tracking|parcel|shipment|serial|s/n|sn|isbn(?:-1[03])?|issn|imei|sku"
    r"|item|article|ean|upc|gtin|asin|nsn|oclc|batch|lot|ticket|case|ref|reference|part|p/n|pn|mpn"
    r"|product|catalogu?e|barcode|timestamp|patent|doi|arxiv|version|shutterstock)\b"
)
