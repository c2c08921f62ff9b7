"""Asks for the size and the version of an object without its bytes."""

from typing import TYPE_CHECKING

from pipelines.storage.paths import scheme
from schemas.errors import JobError

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore


async def head(store: "ObjectStore", key: str, url: str) -> "ObjectMeta":
    """Return the size and the version; raise FileNotFoundError if there is no object.

    Raises JobError if a web server does not tell the size.
    """
    from obstore.exceptions import BaseError, NotFoundError

    try:
        return await store.head_async(key)
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
    # Some web servers refuse HEAD.
    return (await store.get_async(key, options={"range": (0, 1)})).meta
