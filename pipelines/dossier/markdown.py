"""Writes Markdown in which no text of a job, a shard or a sample can become markup."""

import re
from collections.abc import Iterable, Iterator, Sequence

_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+!|~&$]")
_MOST = 300  # characters of a text


def text(value: object) -> str:
    """Return a value as one line in which every character stands for itself."""
    line = _UNPRINTABLE.sub(" ", str(value)).strip()
    line = line if len(line) <= _MOST else f"{line[:_MOST]}…"
    # Renderers make links of bare URLs and addresses, which an entity in them prevents.
    return _MARKUP.sub(r"\\\g<0>", line).replace("://", "&#58;//").replace("@", "&#64;")


def code(value: object, most: int = _MOST) -> str:
    """Return a value as code; a longer fence keeps backticks in it."""
    line = _UNPRINTABLE.sub(" ", str(value)).strip()
    line = (line if len(line) <= most else f"{line[:most]}…").replace("|", "\\|")
    longest = max(map(len, re.findall("`+", line)), default=0)
    fence, space = "`" * (longest + 1), " " * (longest > 0)
    return f"{fence}{space}{line}{space}{fence}" if line else "(empty)"


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
