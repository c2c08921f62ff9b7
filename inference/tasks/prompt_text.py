"""Texts in prompts: fixed ones from the job, and those of a sample, which may be anything."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Annotated

from pydantic import AfterValidator

from schemas.sample import Sample
from schemas.tables import element_name

LONGEST = 512  # characters of a text on one line; the rest is cut
LONGEST_RAW = 2048  # characters of a raw prompt
SEPARATOR = " ; "  # between the labels of a prompt, and the objects of an answer
_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")  # what str.splitlines breaks at


def one_line(text: str) -> str:
    """Replace runs of white space by one space, and cut the text to `LONGEST` characters.

    A newline ends the prompts that checkpoints were trained with, so most prompts are one line.
    """
    return " ".join(text.split())[:LONGEST].rstrip()


def raw_prompt(text: str) -> str:
    r"""Return a prompt as it is, without white space at its ends, cut to `LONGEST_RAW` characters.

    Any line break becomes "\n".
    """
    return _BREAK.sub("\n", text.strip())[:LONGEST_RAW].rstrip()


def texts_in(sample: Sample, field: str) -> Iterator[str]:
    """Yield the text of a field, or each element of a carried list."""
    if (text := sample.texts.get(field)) is not None:
        yield text.value
    for number in count():
        element = sample.texts.get(element_name(field, number))
        if element is None:
            return
        yield element.value


def _worded(text: str) -> str:
    if not text or one_line(text) != text:
        raise ValueError(f"must be one line of 1 to {LONGEST} characters, single-spaced")
    return text


def _raw(text: str) -> str:
    if raw_prompt(text) != text:
        raise ValueError(
            f"must have at most {LONGEST_RAW} characters, and no white space at its ends"
        )
    return text


Line = Annotated[str, AfterValidator(_worded)]
RawText = Annotated[str, AfterValidator(_raw)]
