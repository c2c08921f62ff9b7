"""Writes a review page: one HTML file with samples, on which a person accepts or rejects them.

The file loads nothing from a network. Samples lie in it as JSON, which a script shows as text, one
sample at a time. `page.html`, `page.css` and `page.js` are its parts.
"""

import html
import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

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
    begin, end = _frame(title, question, output_id)
    unfinished = path.with_name(f".{path.name}.unfinished")
    number = 0
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.write(begin)
            for sample in samples:
                file.write(_sample(sample))
                number += 1
                on_sample()
            file.write(end)
        if number:
            unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return number


def _frame(title: str, question: str, output_id: str) -> tuple[str, str]:
    """Return the parts of the page before and after the samples."""
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src {_source(style)}; "
        f"script-src {_source(script)}; base-uri 'none'; form-action 'none'"
    )
    page = Template(_part("page.html")).substitute(
        policy=policy,
        title=html.escape(title),
        question=html.escape(question),
        style=style,
        script=script,
        settings=_json({"output": output_id, "columns": [*COLUMNS, "decision"]}),
    )
    begin, end = page.split(_SAMPLES)
    return begin, end


def _part(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _source(content: str) -> str:
    """Return the source expression that allows an inline script or style with this content."""
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def _sample(sample: ReviewSample) -> str:
    """Return two script elements: what is known of a sample, and its picture in base64."""
    facts = {
        "shard": sample.shard,
        "index": sample.index,
        "digest": sample.digest,
        "key": sample.key,
        "status": sample.status,
        "filter": sample.filter,
        "reason": sample.reason,
        "texts": [[name, _shortened(text)] for name, text in sample.texts.items()],
        "scores": [[name, f"{value:.4g}"] for name, value in sorted(sample.scores.items())],
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
