"""Asks for the size and the version of an object without its bytes."""

from typing import TYPE_CHECKING

from pipelines.storage.object_errors import os_errors
from pipelines.storage.paths import scheme
from schemas.errors import JobError

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore


def head(store: "ObjectStore", key: str, url: str) -> "ObjectMeta":
    """Return the size and the version; raise FileNotFoundError if there is no object.

    Raises JobError if a web server does not tell the size.
    """
    from obstore.exceptions import BaseError, NotFoundError

    with os_errors(url):
        try:
            return store.head(key)
        except (NotFoundError, FileNotFoundError):
            if scheme(url) not in ("https", "http"):
                raise
        except BaseError as error:
            if "Content-Length" not in str(error):
                raise
            raise JobError(
                f"{url}: the web server does not tell the size of the file: download the file, or "
                "name it on another server"
            ) from None
        return store.get(key, options={"range": (0, 1)}).meta  # some web servers refuse HEAD
