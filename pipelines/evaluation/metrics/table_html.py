"""Reads tables in HTML: as trees for TEDS, and as grids of cells for GriTS."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

MOST_NODES = 2000  # of a table; the distance of two trees takes the square of it
MOST_CELLS = 1000  # of a grid, spans repeated

_VOID = {"br", "hr", "img", "input", "wbr"}
_SECTIONS = ("thead", "tbody", "tfoot")
_CELLS = {"td", "th"}
_CLOSES = {  # what a tag ends if it is open, up to the next table
    "td": _CELLS,
    "th": _CELLS,
    "tr": {*_CELLS, "tr"},
    **{section: {*_CELLS, "tr", *_SECTIONS} for section in _SECTIONS},
}


@dataclass(slots=True)
class TableNode:
    """An element of a table; a `td` has no children, its content is a sequence of tokens."""

    tag: str
    colspan: int = 1
    rowspan: int = 1
    tokens: list[str] = field(default_factory=list)  # of a td: characters and tags
    pieces: list[str] = field(default_factory=list)  # of a cell: its texts
    children: list["TableNode"] = field(default_factory=list)

    def walk(self) -> Iterator["TableNode"]:
        """Yield the element and all below it, each before its children."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)


def read_table(text: str) -> TableNode | None:
    """Return the first table of an HTML text; None without one, and for more than 2000 elements."""
    parser = _TableParser()
    parser.feed(text)
    parser.close()
    return parser.table if parser.nodes <= MOST_NODES else None


@dataclass(frozen=True, slots=True)
class GridCell:
    """A place of a grid: the text of its cell, and where the cell lies relative to the place."""

    text: str = ""
    span: tuple[int, int, int, int] = (0, 0, 1, 1)  # left, top, right, bottom


Grid = list[list[GridCell]]


def read_grid(text: str) -> Grid | None:
    """Return the first table of an HTML text as rows of equal length; a hole is an empty cell.

    Return None for what `read_table` refuses, for a table without cells, and for a grid of more
    than 1000 cells.
    """
    table = read_table(text)
    places: dict[tuple[int, int], GridCell] = {}
    row = -1
    for node in table.walk() if table else ():
        if node.tag == "tr":
            row += 1
        elif node.tag in ("td", "th"):
            column = next(n for n in range(MOST_CELLS + 1) if (max(row, 0), n) not in places)
            if node.rowspan * node.colspan + len(places) > MOST_CELLS:
                return None
            content = " ".join(node.pieces)
            for down in range(node.rowspan):
                for right in range(node.colspan):
                    span = (-right, -down, node.colspan - right, node.rowspan - down)
                    places[max(row, 0) + down, column + right] = GridCell(content, span)
    rows = 1 + max((place[0] for place in places), default=-1)
    columns = 1 + max((place[1] for place in places), default=-1)
    if not 0 < rows * columns <= MOST_CELLS:
        return None
    return [[places.get((r, c), GridCell()) for c in range(columns)] for r in range(rows)]


class _TableParser(HTMLParser):
    """Keeps the first table."""

    def __init__(self) -> None:
        super().__init__()
        self.table: TableNode | None = None
        self.nodes = 0
        self._open: list[TableNode] = []
        self._done = False
        self._inside: list[str] = []  # open tags in a td

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._done or (not self._open and tag != "table") or self.nodes > MOST_NODES:
            return
        self._close(_CLOSES.get(tag, set()))
        if self._open and self._open[-1].tag == "td":
            self._open[-1].tokens.append(f"<{tag}>")
            self._inside.append(tag)
            if tag in _VOID:
                self._close_inside()
            return
        given = dict(attrs)
        node = TableNode(tag, _span(given.get("colspan")), _span(given.get("rowspan")))
        self.nodes += 1
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.table = node
        if tag not in _VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1].tag == "td" and tag in self._inside:
            while self._inside[-1] != tag:
                self._close_inside()
            self._close_inside()
            return
        if any(node.tag == tag for node in self._open):
            while self._open[-1].tag != tag:
                self._pop()
            self._pop()
            self._done = not self._open

    def handle_data(self, data: str) -> None:
        cell = next((node for node in reversed(self._open) if node.tag in ("td", "th")), None)
        if cell is not None:
            cell.pieces.append(data)
            if cell.tag == "td":
                cell.tokens += data

    def close(self) -> None:
        super().close()
        while self._open:
            self._pop()

    def _close(self, tags: set[str]) -> None:
        """Close what a new tag ends without an end tag of its own."""
        for place in range(len(self._open) - 1, -1, -1):
            tag = self._open[place].tag
            if tag == "table":
                return
            if tag in tags:
                while len(self._open) > place:
                    self._pop()

    def _pop(self) -> None:
        while self._inside:
            self._close_inside()
        self._open.pop()

    def _close_inside(self) -> None:
        self._open[-1].tokens.append(f"</{self._inside.pop()}>")


def _span(value: str | None) -> int:
    return min(max(int(value), 1), MOST_CELLS) if value and value.isdecimal() else 1
