"""The samples that an output was told to forget: digests of their keys, URLs and image files.

Each list is an object of its own beside the records, which is only created and never changed. It
holds salted digests, so that nobody reads from it what was erased.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError

from pipelines.output.layout import Layout
from pipelines.output.record import damaged_record
from pipelines.storage.storage import Storage
from schemas.frozen import Frozen
from schemas.regular_file import NotRegularFile

FORGET = "forget"  # stands in rows in place of a filter's name, where a sample was erased
FORGOTTEN = "forgotten"  # reason: the sample was erased

Kind = Literal["keys", "urls", "images"]
_KINDS: tuple[Kind, ...] = ("keys", "urls", "images")
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_SALT_BYTES, _DIGEST_BYTES = 16, 16


class ForgottenList(Frozen):
    """The content of one list."""

    salt: str
    """The salt of the digests, in hexadecimal."""
    keys: tuple[str, ...] = ()
    """The digests of keys, sorted."""
    urls: tuple[str, ...] = ()
    """The digests of URLs, sorted."""
    images: tuple[str, ...] = ()
    """The digests of the SHA-256 of image files, sorted."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """All samples that an output was told to forget."""

    # (salt, digests) of each list
    lists: tuple[tuple[bytes, dict[Kind, frozenset[str]]], ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.lists)

    def names(self, kind: Kind) -> bool:
        """Return whether a list has entries of a kind."""
        return any(digests[kind] for _, digests in self.lists)

    def has(self, kind: Kind, value: str | None) -> bool:
        """Return whether a value is listed."""
        return value is not None and any(
            digest(salt, value) in digests[kind] for salt, digests in self.lists if digests[kind]
        )

    def holds(self, key: str | None, texts: Iterable[str | None], images: Iterable[str]) -> bool:
        """Return whether a sample is listed: by its key, a URL, or the SHA-256 of an image."""
        return next(self.matching(key, texts, images), None) is not None

    def matching(
        self, key: str | None, texts: Iterable[str | None], images: Iterable[str]
    ) -> Iterator[str]:
        """Yield the digests by which a sample is listed."""
        urls = (text for text in texts if text and "://" in text)
        values: dict[Kind, Iterable[str]] = {"keys": [key] if key else [], "urls": urls}
        for kind, several in {**values, "images": images}.items():
            for value in several:
                for salt, digests in self.lists:
                    if digests[kind] and (each := digest(salt, value)) in digests[kind]:
                        yield each

    def count(self) -> int:
        """Count the digests."""
        return sum(len(values) for _, digests in self.lists for values in digests.values())


def digest(salt: bytes, value: str) -> str:
    content = value.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, key=salt, digest_size=_DIGEST_BYTES).hexdigest()


def digests_of(salt: bytes, value: str) -> Iterator[tuple[Kind, str]]:
    """Yield the digests of a value, each with what it may name.

    A SHA-256 is an image, a text with `://` a URL, and everything may be a key.
    """
    yield "keys", digest(salt, value)
    if _HASH.fullmatch(value):
        yield "images", digest(salt, value.lower())
    if "://" in value:
        yield "urls", digest(salt, value)


def make_list(values: Iterable[str], known: Forgotten) -> ForgottenList:
    """Make a list of values; its salt is that of the lists that are known."""
    salt = known.lists[0][0] if known.lists else secrets.token_bytes(_SALT_BYTES)
    digests: dict[Kind, set[str]] = {kind: set() for kind in _KINDS}
    for value in values:
        for kind, each in digests_of(salt, value):
            digests[kind].add(each)
    return ForgottenList(
        salt=salt.hex(), **{kind: tuple(sorted(found)) for kind, found in digests.items()}
    )


def store_list(given: ForgottenList, layout: Layout, storage: Storage) -> str:
    """Store a list under the name of its content; return the name."""
    content = json.dumps(given.model_dump(mode="json")).encode()
    name = f"forgotten.{hashlib.sha256(content).hexdigest()[:16]}.record"
    storage.write_bytes(layout.forgotten(name), content)
    return name


def read_forgotten(names: Sequence[str], layout: Layout, storage: Storage) -> Forgotten:
    """Read lists; raise JobError if one is damaged or gone, because nothing may be passed by."""
    found = []
    for name in names:
        path = layout.forgotten(name)
        try:
            each = ForgottenList.model_validate_json(storage.read_bytes(path))
            salt = bytes.fromhex(each.salt)
        except (FileNotFoundError, NotRegularFile, ValidationError, ValueError):
            raise damaged_record(path) from None
        digests: dict[Kind, frozenset[str]] = {
            kind: frozenset(getattr(each, kind)) for kind in _KINDS
        }
        found.append((salt, digests))
    return Forgotten(tuple(found))


def is_forgotten_list(name: str) -> bool:
    """Return whether a file directly in the control folder has the name of a list."""
    return re.fullmatch(r"forgotten\.[0-9a-f]{16}\.record", name) is not None
