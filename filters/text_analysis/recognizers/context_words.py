"""Words that stand before a number and say what it is."""

import re

_REACH = 48  # characters that are looked at
# What may stand between a label and its number.
_LINK = (
    r"(?:[\s:;#=.,\-/\"'(*|>]|[：、]"
    r"|\b(?:no|nos|nr|num|number|numbers|nummer|numero|número|numéro|n|is|was|are|of|at|on|us|me|to"
    r"|the|my|our|her|his|id|code|номер)\b|[№º°]|号码|号碼|番号|号)*"
)


class Label:
    """Words, as a regular expression, that are looked for before a position."""

    def __init__(self, words: str) -> None:
        self._pattern = re.compile(rf"(?:{words}){_LINK}\Z", re.IGNORECASE)

    def stands_before(self, position: int, text: str) -> bool:
        """Whether one ends there, with nothing but punctuation and "no.", "is", "at" between."""
        return self._pattern.search(text, max(0, position - _REACH), position) is not None


# A unit behind digits in groups: then they are a quantity. (No "in" and no inch sign, which are a
# word and a quotation mark too.)
_UNIT = re.compile(
    r"\s?(?:[mck]m|ft|kg|lbs?|oz|ml|px|pcs|pieces|kr|zł|eur|usd|sek|nok|dkk|czk|huf|rub|views|likes"
    r"|copies)\b|\s?[€$£¥₹₽%°]",
    re.IGNORECASE,
)


def is_quantity(start: int, end: int, text: str) -> bool:
    """Whether what stands there is groups of digits between spaces, and a unit follows."""
    groups = text[start:end].split(" ")
    return all(map(str.isdecimal, groups)) and _UNIT.match(text, end) is not None


# What is numbered by others than states, banks and telephone companies. No plurals, and neither
# "photo" nor "model": "orders: 212-..." and "photo: 212-..." are followed by whom to call.
OTHER_NUMBER = Label(
    r"\b(?:order|bestell|invoice|tracking|parcel|shipment|serial|s/n|sn|isbn(?:-1[03])?|issn|imei|sku"
    r"|item|article|ean|upc|gtin|asin|nsn|oclc|batch|lot|ticket|case|ref|reference|part|p/n|pn|mpn"
    r"|product|catalogu?e|barcode|timestamp|patent|doi|arxiv|version|shutterstock)\b"
)
