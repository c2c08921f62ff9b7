"""Checks that a text is a MusicXML score: well-formed XML with parts of measures.

The parser is expat. Entities are refused, so that no text becomes larger than it is.
"""

from xml.parsers import expat

_ROOTS = {  # the elements of a score, and of those in them
    "score-partwise": ("part", "measure"),
    "score-timewise": ("measure", "part"),
}
_MOST_NESTED = 100  # elements in elements


def is_musicxml(text: str) -> bool:
    """Return whether a text is a score whose parts are those that its part list declares."""
    reader = _ScoreReader()
    parser = expat.ParserCreate(namespace_separator=None)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = parser.ExternalEntityRefHandler = reader.refuse
    try:
        parser.Parse(text.strip().encode(), True)
    except (expat.ExpatError, _NotAScore, UnicodeEncodeError):
        return False
    return reader.is_whole


class _NotAScore(Exception):
    """The text is XML, but no score."""


class _ScoreReader:
    """Follows the elements of a score."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._declared: set[str] = set()  # ids in the part list
        self._parts: set[str] = set()  # ids of parts with measures
        self._measures = 0

    @property
    def is_whole(self) -> bool:
        return self._measures > 0 and bool(self._parts) and self._parts == self._declared

    def refuse(self, *_: object) -> int:
        raise _NotAScore

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > _MOST_NESTED or (not self._open and name not in _ROOTS):
            raise _NotAScore
        self._open.append(name)
        outer, inner = _ROOTS[self._open[0]]
        if self._open[1:] == ["part-list", "score-part"]:
            self._declared.add(attributes.get("id", ""))
        elif self._open[1:] == [outer, inner]:
            self._measures += 1
        if name == "part" and self._open[1:] in ([outer], [outer, inner]):
            self._parts.add(attributes.get("id", ""))

    def end(self, name: str) -> None:
        self._open.pop()
