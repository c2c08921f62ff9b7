"""Reads a whole text file that the user names, such as a list of values."""

from pipelines.storage.paths import absolute
from pipelines.storage.storage import Storage
from schemas.errors import JobError

_MOST_BYTES = 1 << 28


def read_named_file(path: str, storage: Storage, where: str, folder: str = "") -> bytes:
    """Return the content of a file of up to 256 MiB.

    A relative path is relative to `folder`, by default the current one. Raises JobError, which
    begins with `where`, if the file cannot be read or is larger.
    """
    try:
        with storage.open(absolute(path, folder)) as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise JobError(f"{where} cannot be read: {error.strerror}: check the path") from None
    if len(content) > _MOST_BYTES:
        raise JobError(f"{where} is larger than {_MOST_BYTES >> 20} MiB: split it")
    return content


def decode_text(content: bytes, where: str) -> str:
    """Decode UTF-8, and skip a byte order mark; raise JobError, which begins with `where`."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise JobError(f"{where} is not UTF-8 text: convert it") from None
