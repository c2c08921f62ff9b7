"""Drops the samples that the output was told to forget, before any filter sees them."""

import hashlib
from collections.abc import Iterable, Iterator

from pipelines.output.forgotten import FORGET, FORGOTTEN, Forgotten
from pipelines.rows.row import Row


def drop_forgotten(rows: Iterable[Row], forgotten: Forgotten) -> Iterator[Row]:
    """Yield the rows; of listed samples, only the reason stays."""
    hashes = forgotten.names("images")
    for row in rows:
        texts = (text.value for name, text in row.texts.items() if name != "key")
        key = row.texts.get("key")
        images = [
            hashlib.sha256(each.image).hexdigest() for each in row.images() if hashes and each.image
        ]
        if forgotten.holds(key.value if key else None, texts, images):
            row.status = "kept"  # forget earlier decisions: this one replaces them
            row.anew = False
            row.reject("dropped", FORGOTTEN, FORGET)
            row.conceal()
        yield row
