"""Versions of objects, by which two contents under one name are told apart."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutResult

_MODIFIED = "modified "  # begins a version without an ETag


def version_of(meta: "ObjectMeta") -> str:
    """Return the ETag without quotes; else a weak ETag with time of modification and size.

    Azure quotes the ETag in some answers and not in others. Web servers may send no ETag, or a weak
    one, which no condition of a request accepts.
    """
    e_tag = meta["e_tag"] or ""
    if e_tag and not e_tag.startswith("W/"):
        return e_tag.strip('"')
    return f"{_MODIFIED}{meta['last_modified'].isoformat()} {meta['size']} {e_tag}".rstrip()


def version_of_put(result: "PutResult") -> str:
    """Return the version of an object that was written, as `version_of` gives it; "" if unknown."""
    e_tag = result["e_tag"] or ""
    return "" if e_tag.startswith("W/") else e_tag.strip('"')


def condition(version: str) -> str | None:
    """Return the value of If-Match for a version; None if a server cannot check the version."""
    return None if version.startswith(_MODIFIED) else f'"{version}"'
