"""Writes Markdown in which no text of a job, a shard or a sample can become markup."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

_JOINERS = "\u200c\u200d"  # kept: Persian, Indic scripts and emoji need them
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # marks of the writing direction are of Cf
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+!|~&$]")
# Renderers make links of bare URLs and addresses, and lists and headings of what begins a line.
_LINKS = re.compile(r":(?=//)|@|(?<=www)\.", re.IGNORECASE)
_FIRST = re.compile(r"(^[0-9]{0,9})([-=.])")
_IN_CODE = re.compile(r"[^\w ,;/-]|_")
_MOST = 300  # characters of a text


def text(value: object) -> str:
    """Return a value as one line in which every character stands for itself."""
    line = _MARKUP.sub(r"\\\g<0>", _line(value, _MOST))
    line = _LINKS.sub(lambda found: _entity(found[0]), line)
    return _FIRST.sub(lambda found: f"{found[1]}{_entity(found[2])}", line)


def code(value: object, most: int = _MOST) -> str:
    """Return a value as code: in backticks, or as HTML if it has backticks or pipes itself.

    Renderers of tables disagree about pipes in backticks.
    """
    line = _line(value, most)
    if "`" in line or "|" in line:
        return f"<code>{_IN_CODE.sub(lambda found: _entity(found[0]), line)}</code>"
    return f"`{line}`" if line else "(empty)"


def _line(value: object, most: int) -> str:
    """Return a value as one line, without characters that are not seen, cut after `most`."""
    shown = "".join(" " if _is_hidden(each) else each for each in str(value))
    line = shown.strip()
    return line if len(line) <= most else f"{line[:most]}…"


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN and character not in _JOINERS


def _entity(character: str) -> str:
    return f"&#{ord(character)};"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table whose cells are Markdown; nothing if there are no rows."""
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    if lines:
        yield f"| {' | '.join(titles)} |"
        yield f"|{'---|' * len(titles)}"
        yield from lines
        yield ""


def number(value: int) -> str:
    return f"{value:,}"


def share(part: int, whole: int) -> str:
    """Return a part in percent; a dash if the whole is 0."""
    return f"{part / whole:.2%}" if whole else "–"
