"""Writes a page: one HTML file with samples, which a person accepts or rejects, or only views.

The file loads nothing from a network. Samples lie in it as JSON, which a script shows as text, one
sample at a time. `page.html`, `page.css` and `page.js` are its parts.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pipelines.pages import load_template, page_file, read_part
from pipelines.review.sample import COLUMNS, ReviewSample

MAX_TEXT = 20_000  # characters of a text that are shown
_SAMPLES = "<!-- samples -->\n"  # where the samples stand in page.html


def write_review_page(
    path: Path,
    samples: Iterable[ReviewSample],
    *,
    title: str,
    question: str,
    output_id: str,
    on_sample: Callable[[], None] = lambda: None,
) -> int:
    """Write a page with the samples, in their order, and return their number.

    The page appears whole or not at all; without samples, none is written. The samples are written
    as they come, so that memory does not grow with them. The page asks `question` about each
    sample. "Download CSV" gives the file that `read_decisions` reads: it has CSV_COLUMNS, and one
    row for each sample, decided or not. The browser keeps decisions for the next visit under
    `output_id`, the fingerprint of the output. `on_sample` is called after each sample.
    """
    settings = {"output": output_id, "columns": [*COLUMNS, "decision"]}
    return _write(path, samples, _frame(title, question, settings), on_sample)


def write_view_page(
    path: Path,
    samples: Iterable[ReviewSample],
    *,
    title: str,
    explanation: str,
    on_sample: Callable[[], None] = lambda: None,
) -> int:
    """Write a page like that of `write_review_page`, on which nothing is decided or stored."""
    return _write(path, samples, _frame(title, explanation, {"columns": None}), on_sample)


def _write(
    path: Path,
    samples: Iterable[ReviewSample],
    frame: tuple[str, str],
    on_sample: Callable[[], None],
) -> int:
    """Write a page between the two parts of a frame; it appears whole or not at all."""
    begin, end = frame
    number = 0
    with page_file(path) as page:
        page.write(begin)
        for sample in samples:
            page.write(_sample(sample))
            number += 1
            on_sample()
        page.write(end)
        page.is_wanted = number > 0
    return number


def _frame(title: str, question: str, settings: Mapping[str, object]) -> tuple[str, str]:
    """Return the parts of the page before and after the samples."""
    template = load_template(
        __package__,
        "page.html",
        style=read_part(__package__, "page.css"),
        script=read_part(__package__, "page.js"),
    )
    page = template.render(title=title, question=question, settings=_json(settings))
    begin, end = page.split(_SAMPLES)
    return begin, end


def _sample(sample: ReviewSample) -> str:
    """Return two script elements: what is known of a sample, and its picture in base64."""
    facts = {
        "shard": sample.shard,
        "index": sample.index,
        "digest": sample.digest,
        "key": sample.key,
        "status": sample.status,
        "summary": sample.summary_line(),
        "texts": [[name, _shortened(text)] for name, text in sample.texts.items()],
        "scores": [[name, f"{value:.4g}"] for name, value in sorted(sample.scores.items())],
        "boxes": [[*box[:2], *(round(edge, 4) for edge in box[2:])] for box in sample.boxes],
        "cells": sample.cells(),
    }
    picture = b64encode(sample.picture).decode()
    return (
        f'<script type="application/json" class="sample">{_json(facts)}</script>\n'
        f'<script type="application/json" class="picture">{_json(picture)}</script>\n'
    )


def _shortened(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}… ({len(text) - MAX_TEXT:,} more characters)"


def _json(value: Any) -> str:
    """Write JSON that ends no script element and begins no comment in one."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
