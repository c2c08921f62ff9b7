"""Draws the charts of a report as SVG, in the colors of the page's style.

The charts hold numbers alone, and no text from the data: svg.py escapes nothing. What a chart shows
stands beside it in words or in a table.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import log

import svg
from markupsafe import Markup

from pipelines.display.report_page.numbers import written
from pipelines.report.report import Bins, ScoreLimit

WIDTH, HALF, AXIS = 640.0, 78.0, 28.0  # of a histogram, of its bars, and of the numbers below
_PLOT = 600.0  # where the bars are; the rest is for the numbers at the ends
_LABELS = 5
_WIDEST = 60.0  # bar


def bar(shares: Sequence[tuple[str, float]]) -> Markup:
    """Draw a bar of 100 by 10 of parts beside each other: each has a class and a share."""
    elements: list[svg.Element] = [svg.Rect(x=0, y=0, width=100, height=10, class_=["ground"])]
    start = 0.0
    for name, share in shares:
        width = 100 * min(max(share, 0.0), 1.0)
        if width:
            elements.append(
                svg.Rect(
                    x=_short(start), y=0, width=_short(max(width, 0.4)), height=10, class_=[name]
                )
            )
        start += width
    return _drawn(
        svg.SVG(
            viewBox=svg.ViewBoxSpec(0, 0, 100, 10),
            preserveAspectRatio=svg.PreserveAspectRatio("none"),
            class_=["bar"],
            elements=elements,
            extra={"aria-hidden": "true", "focusable": "false"},
        )
    )


def histogram(above: Bins, below: Bins | None = None, limits: Sequence[ScoreLimit] = ()) -> Markup:
    """Draw bins upwards, and others of the same edges downwards; heights are logarithmic.

    Limits that lie between the edges are lines.
    """
    highest = max([1, *above.numbers, *(below.numbers if below else ())])
    halves = 2 if below else 1
    base, bottom = HALF, HALF * halves
    left = (WIDTH - _PLOT) / 2
    width = min(_PLOT / len(above.numbers), _WIDEST)
    elements: list[svg.Element] = []
    for bins, name, sign in ((above, "kept", -1), (below, "others", 1)):
        for place, number in enumerate(bins.numbers if bins else ()):
            if number:
                height = (HALF - 4) * log(number + 1) / log(highest + 1)
                elements.append(
                    svg.Rect(
                        x=_short(left + place * width + 0.5),
                        y=_short(base - height if sign < 0 else base),
                        width=_short(max(width - 1, 1)),
                        height=_short(height),
                        class_=[name],
                    )
                )
    elements.append(svg.Line(x1=left, x2=left + _PLOT, y1=base, y2=base, class_=["axis"]))
    for limit in limits:
        if (at := _place(above.edges, limit.value)) is not None:
            x = _short(left + at * width)
            elements.append(svg.Line(x1=x, x2=x, y1=0, y2=bottom, class_=["limit", limit.action]))
    elements += [
        svg.Text(
            text=written(above.edges[place]),
            x=_short(left + place * width),
            y=_short(bottom + 20),
            text_anchor="middle",
            class_=["number"],
        )
        for place in _labeled(len(above.edges))
    ]
    return _drawn(
        svg.SVG(
            viewBox=svg.ViewBoxSpec(0, 0, int(WIDTH), int(bottom + AXIS)),
            class_=["histogram"],
            elements=elements,
            extra={"aria-hidden": "true", "focusable": "false"},
        )
    )


def _place(edges: Sequence[float], value: float) -> float | None:
    """Return where a value lies among the edges, in bins from the first edge; None if beyond."""
    for place, (low, high) in enumerate(pairwise(edges)):
        if low <= value <= high:
            return place + (value - low) / (high - low)
    return None


def _labeled(edges: int) -> list[int]:
    """Return the places of the edges that have a number."""
    step = max(1, (edges - 1) // _LABELS)
    return list(range(0, edges, step))


def _short(value: float) -> float:
    return round(value, 2)


def _drawn(picture: svg.SVG) -> Markup:
    return Markup(picture.as_str())
