"""A cheap digest of a shard's content, which shows whether a new time of modification matters.

It finds a shard that was copied again or replaced; it is no protection against an edit of a few
bytes that keeps the size. `content_samples.py` and `folder_sample.py` say what the digest covers.
The digest of committed rows is collected while the shard is read; this module reads the shard.
"""

from functools import lru_cache

from pipelines.reading.content_samples import (
    END_SIZE,
    digest_of_end,
    digest_of_sample,
    is_of_end,
    sample_of_file,
)
from pipelines.reading.folder_files import files_beside_images, list_visible_files
from pipelines.reading.folder_sample import FolderSample
from pipelines.storage.storage import Storage


def has_digest(path: str, version: str, digest: str, storage: Storage) -> bool:
    """Return whether a file, or a folder, whose path ends in `/`, has the digest of earlier rows.

    `version` is the version of the shard as it is listed now. Rows of Parquet files that earlier
    versions committed have a digest of blocks. Raises OSError if the shard cannot be read.
    """
    try:
        return digest == _digest(path, version, is_of_end(digest), storage)
    except EOFError:  # a file of the folder has shrunk since
        return False


@lru_cache(maxsize=1)  # every unit of a shard needs it, and a folder takes long to list
def _digest(path: str, version: str, of_end: bool, storage: Storage) -> str:
    if path.endswith("/"):
        files = files_beside_images(path, list_visible_files(path, storage))
        return FolderSample(path, files).digest(storage)
    if not of_end:
        return digest_of_sample(sample_of_file(path, storage))
    with storage.open(path) as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - END_SIZE))
        return digest_of_end(size, stream.read(END_SIZE))
