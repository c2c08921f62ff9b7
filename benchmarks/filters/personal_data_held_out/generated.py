"""Generate telephone numbers of many regions and harmless lines with digits, from a seed."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

DATA = Path(__file__).parent
FRAMES = ("label", "sentence", "other word", "no label")
FORMATS = {"national": PhoneNumberFormat.NATIONAL, "international": PhoneNumberFormat.INTERNATIONAL}
KINDS = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE)
RANGE = re.compile(r"<(\d+)(?:-(\d+))?>")


def draw_number(region: str, kind: int, random: Random) -> phonenumbers.PhoneNumber:
    """Return the example number of `region` with its last five digits drawn, still a valid number.

    The examples themselves end in runs such as 123456, which no subscriber has.
    """
    example = phonenumbers.example_number_for_type(region, kind)
    number = str(example.national_number)
    while True:
        drawn = number[:-5] + "".join(random.choices("0123456789", k=5))
        copy = phonenumbers.PhoneNumber()
        copy.merge_from(example)
        copy.national_number = int(drawn)
        if phonenumbers.is_valid_number_for_region(copy, region):
            return copy


def phone_lines(seed: int = 0) -> Iterator[tuple[str, str, str, str]]:
    """Yield frame, format, text and the digits of the number that the text has."""
    for line in _lines("phone_frames.tsv", FRAMES, [*FORMATS], Random(seed)):
        _, frame, shape, text, digits = line
        yield frame, shape, text, digits


def national_lines(seed: int = 20261129, copies: int = 4) -> Iterator[tuple[str, str, str, str]]:
    """Yield language, frame, text and the digits of a number in national format."""
    shapes = ["national"] * copies
    for line in _lines("national_frames.tsv", FRAMES[:2], shapes, Random(seed)):
        language, frame, _, text, digits = line
        yield language, frame, text, digits


def _lines(
    file: str, names: Sequence[str], shapes: Sequence[str], random: Random
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield place, name of the frame, format, text and digits; a place ends with its region."""
    for row in (DATA / file).read_text("utf-8").splitlines():
        place, *frames = row.split("\t")
        for name, frame in zip(names, frames, strict=True):
            for kind in KINDS:
                for shape in shapes:
                    number = draw_number(place[-2:], kind, random)
                    written = phonenumbers.format_number(number, FORMATS[shape])
                    yield place, name, shape, frame.format(written), re.sub(r"\D", "", written)


def harmless_lines(seed: int = 0, copies: int = 10) -> Iterator[str]:
    """Yield the harmless lines of the third set."""
    templates = (DATA / "harmless_templates.txt").read_text("utf-8").splitlines()
    return _drawn(templates, seed, copies)


def look_alikes(half: int, seed: int = 20261129, copies: int = 4) -> Iterator[str]:
    """Yield numbers in forms of telephone numbers behind words for other numbers.

    The first byte of the SHA-256 of a template is even in half 0 and odd in half 1.
    """
    templates = (DATA / "look_alike_templates.txt").read_text("utf-8").splitlines()
    first_bytes = {each: hashlib.sha256(each.encode()).digest()[0] for each in templates}
    return _drawn([each for each in templates if first_bytes[each] % 2 == half], seed, copies)


def _drawn(templates: Sequence[str], seed: int, copies: int) -> Iterator[str]:
    """Yield each template `copies` times, with every <low-high> drawn from that range."""
    random = Random(seed)

    def draw(found: re.Match[str]) -> str:
        low, high = found[1], found[2] or found[1]
        return str(random.randint(int(low), int(high))).zfill(len(low))

    for template in templates:
        for _ in range(copies):
            yield RANGE.sub(draw, template)
