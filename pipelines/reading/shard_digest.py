"""A cheap digest of a shard's content, which shows whether a new time of modification matters.

The digest covers the sizes and 16 blocks of 4 KiB, evenly spread over a file, so it costs the same
for a shard of any size. It finds a shard that was copied again or replaced; it is no protection
against an edit of a few bytes that keeps the size.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from pipelines.reading.folder_files import list_visible_files
from pipelines.reading.image_folder import files_beside_images
from pipelines.storage.storage import Entry, Storage

_BLOCKS, _BLOCK_SIZE = 16, 4096
_MAX_SAMPLED_FILES = 64  # of a folder


@lru_cache(maxsize=1)  # every unit of a shard needs it, and a folder takes long to list
def shard_digest(path: str, version: str, storage: Storage) -> str:
    """Return the digest of a file, or of the images of a folder, whose path ends in `/`.

    `version` is the version of the shard as it is listed now. Raises OSError if the shard cannot be
    read.
    """
    digest = hashlib.sha256()
    if not path.endswith("/"):
        digest.update(_file_sample(path, storage))
        return digest.hexdigest()
    files = files_beside_images(path, list_visible_files(path, storage))
    for entry in files:
        name = entry.path[len(path) :].encode("utf-8", "surrogateescape")
        digest.update(b"%b\0%d\0" % (name, entry.size))
    for entry in _spread(files, _MAX_SAMPLED_FILES):
        if entry.is_file:
            digest.update(_file_sample(entry.path, storage))
    return digest.hexdigest()


def _file_sample(path: str, storage: Storage) -> bytes:
    """Return the size of a file and some of its blocks, the first and the last among them."""
    with storage.open(path) as stream:
        size = stream.seek(0, 2)
        last = max(0, size - _BLOCK_SIZE)
        blocks = [b"%d\0" % size]
        for offset in sorted({last * number // (_BLOCKS - 1) for number in range(_BLOCKS)}):
            stream.seek(offset)
            blocks.append(stream.read(_BLOCK_SIZE))
    return b"".join(blocks)


def _spread(files: Sequence[Entry], number: int) -> Sequence[Entry]:
    """Return at most `number` files, evenly spread."""
    return files[:: max(1, -(-len(files) // number))]
