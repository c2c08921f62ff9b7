"""Formats of answers: numbers, JSON, HTML tables, SMILES, MusicXML, **kern; others: `partial`."""

import json
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Literal

from inference.tasks.kern import is_kern
from inference.tasks.musicxml import is_musicxml
from inference.tasks.smiles import is_smiles
from inference.tasks.task import AnswerReader
from inference.tasks.text_task import TextTask
from schemas.generation import Generation
from schemas.sample import Sample

Format = Literal["text", "number", "json", "html_table", "smiles", "musicxml", "kern"]

_NUMBER = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?%?")
_MOST_NESTED = 100  # elements in elements
_IN_TABLE = frozenset(["table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th"])
_VOID = frozenset(["br", "hr", "img", "wbr"])  # elements without an end tag


class FormattedTask(TextTask):
    """A text task whose answers may have to be in a format."""

    format: Format = "text"
    """The format of a whole answer.

    Any text, a number, JSON, one table in HTML, a molecule in SMILES, or a score in MusicXML or in
    Humdrum's **kern.

    An answer in another form is stored as it is, with the status `partial`. Answers to choose from
    have no format: see `choices`.
    """

    def parse(
        self, generation: Generation, sample: Sample, reader: AnswerReader
    ) -> tuple[object, bool]:
        text, complete = super().parse(generation, sample, reader)
        return text, complete and is_well_formed(str(text), self.format)


def is_well_formed(text: str, format: Format) -> bool:
    """Return whether a whole answer has a format; never raises."""
    return _CHECKS[format](text)


def _is_number(text: str) -> bool:
    """Accept 12, -3.5, .5, 1,200 and 80 %."""
    written = text.replace(" %", "%")
    return any(map(str.isdigit, text)) and _NUMBER.fullmatch(written) is not None


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse, parse_int=str)  # digits of any number
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


class _TableReader(HTMLParser):
    """Follows the tags of one table; `is_whole` tells whether they are balanced and in place."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self._tables = 0
        self._cells = 0
        self._misplaced = False

    @property
    def is_whole(self) -> bool:
        return self._tables == 1 and self._cells > 0 and not self._open and not self._misplaced

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1] if self._open else ""
        self._tables += tag == "table"
        self._cells += tag in ("td", "th")
        outside = not self._open and (tag != "table" or self._tables > 1)
        rowless = tag in ("td", "th") and parent != "tr"
        in_cell = tag in _IN_TABLE and parent in ("td", "th", "caption")
        self._misplaced |= outside or rowless or in_cell or len(self._open) > _MOST_NESTED
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        elif tag not in _VOID:
            self._misplaced = True

    def handle_data(self, data: str) -> None:
        in_cell = any(tag in ("td", "th", "caption") for tag in self._open)
        self._misplaced |= bool(data.strip()) and not in_cell


def _is_table(text: str) -> bool:
    reader = _TableReader()
    reader.feed(text)
    reader.close()
    return reader.is_whole and text.rstrip().endswith(">")


_CHECKS: Mapping[Format, Callable[[str], bool]] = {
    "text": lambda _: True,
    "number": _is_number,
    "json": _is_json,
    "html_table": _is_table,
    "smiles": is_smiles,
    "musicxml": is_musicxml,
    "kern": is_kern,
}
