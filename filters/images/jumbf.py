"""Reads the JUMBF boxes (ISO/IEC 19566-5) of image and video files, with bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from filters.images.jumbf_streams import JumbfFault, find_streams

_MOST_BOXES = 10_000
_DEEPEST = 12  # boxes in boxes


class Box(NamedTuple):
    """A box that is no superbox."""

    kind: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Superbox:
    """A box with a description and other boxes."""

    label: str
    boxes: tuple[Box, ...]
    superboxes: tuple["Superbox", ...]


def find_superboxes(data: bytes) -> list[Superbox]:
    """Return the outermost superboxes of a file; none for formats that are not read.

    Raises JumbfFault if a box is damaged, or if there are too many or too large ones.
    """
    counter = _Counter()
    return [
        _superbox(box.content, 1, counter)
        for stream in find_streams(data)
        for box in _boxes(stream, counter)
        if box.kind == b"jumb"
    ]


@dataclass(slots=True)
class _Counter:
    boxes: int = 0

    def add(self) -> None:
        self.boxes += 1
        if self.boxes > _MOST_BOXES:
            raise JumbfFault("too many boxes")


def _boxes(data: bytes, counter: _Counter) -> Iterator[Box]:
    at = 0
    while at < len(data):
        counter.add()
        size, kind, header = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:  # up to the end
            size = len(data) - at
        if size < header or at + size > len(data) or len(kind) < 4:
            raise JumbfFault("a box is damaged")
        yield Box(kind, data[at + header : at + size])
        at += size


def _superbox(content: bytes, depth: int, counter: _Counter) -> Superbox:
    if depth > _DEEPEST:
        raise JumbfFault("boxes are nested too deeply")
    description, *others = _boxes(content, counter) if content else [Box(b"", b"")]
    if description.kind != b"jumd" or len(description.content) < 17:
        raise JumbfFault("a superbox has no description")
    has_label = description.content[16] & 2
    label = description.content[17:].partition(b"\0")[0] if has_label else b""
    return Superbox(
        label.decode("utf-8", "replace"),
        tuple(box for box in others if box.kind != b"jumb"),
        tuple(_superbox(box.content, depth + 1, counter) for box in others if box.kind == b"jumb"),
    )
