"""Reads what the Content Credentials (C2PA) of an image file say of training and data mining.

The assertion is `c2pa.training-mining` (C2PA 1.0 to 2.1), or `cawg.training-mining` since. All
manifests of the file are read, those of its ingredients too, and the strictest answer counts.
Signatures are not checked: an opt-out counts whoever wrote it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from filters.images.cbor import decode_cbor
from filters.images.jumbf import Superbox, find_superboxes
from filters.images.jumbf_streams import JumbfFault
from schemas.regular_file import parse_json

Use = Literal["data_mining", "ai_training", "ai_generative_training", "ai_inference"]
Permission = Literal["silent", "allowed", "constrained", "refused", "unreadable"]

_ASSERTION = re.compile(r"(?:c2pa|cawg)\.training-mining(?:\.v\d+)?(?:__\d+)?")
_PERMISSIONS: Mapping[object, Permission] = {
    "allowed": "allowed",
    "constrained": "constrained",
    "notAllowed": "refused",
}
_STRICTEST: tuple[Permission, ...] = ("silent", "allowed", "constrained", "unreadable", "refused")


def training_permission(image: bytes, uses: Iterable[Use]) -> Permission:
    """Return what an image file says of these uses; `silent` if it says nothing.

    `unreadable`: the file has Content Credentials that cannot be read, because they are damaged,
    compressed, or too large.
    """
    wanted = frozenset(uses)
    try:
        stores = [box for box in find_superboxes(image) if box.label == "c2pa"]
    except JumbfFault:
        return "unreadable"
    found = [each for store in stores for each in _permissions(store, wanted)]
    return max(found, key=_STRICTEST.index, default="silent")


def _permissions(store: Superbox, wanted: frozenset[str]) -> Iterator[Permission]:
    for manifest in store.superboxes:
        if any(box.kind == b"brob" for box in manifest.boxes):  # compressed by Brotli
            yield "unreadable"
        for group in manifest.superboxes:
            if group.label == "c2pa.assertions":
                for assertion in group.superboxes:
                    if _ASSERTION.fullmatch(assertion.label):
                        yield from _of_assertion(assertion, wanted)


def _of_assertion(assertion: Superbox, wanted: frozenset[str]) -> Iterator[Permission]:
    entries = _entries(assertion)
    if entries is None:
        yield "unreadable"
        return
    for name, value in entries.items():
        if isinstance(name, str) and name.partition(".")[2] in wanted:
            use = value.get("use") if isinstance(value, Mapping) else None
            yield _PERMISSIONS.get(use, "unreadable") if isinstance(use, str) else "unreadable"


def _entries(assertion: Superbox) -> Mapping[Any, Any] | None:
    for box in assertion.boxes:
        if box.kind not in (b"cbor", b"json"):
            continue
        try:
            content = decode_cbor(box.content) if box.kind == b"cbor" else parse_json(box.content)
        except ValueError:
            return None
        entries = content.get("entries") if isinstance(content, Mapping) else None
        return entries if isinstance(entries, Mapping) else None
    return None
