"""The digest of a sample as its shard holds it, by which a decision about it is recognized."""

import hashlib
import json

from pipelines.rows.row import Row


def sample_digest(row: Row) -> str:
    """Return the SHA-256 of a row's image files and texts, before any filter has seen it.

    The key and the carried values are among the texts.
    """
    texts = sorted((name, text.value) for name, text in row.texts.items())
    images = [hashlib.sha256(each.image).hexdigest() for each in row.images()]
    return hashlib.sha256(json.dumps([*images, texts]).encode()).hexdigest()
