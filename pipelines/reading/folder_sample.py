"""The digest of a folder of images: names and sizes of its files, and blocks of 64 of them."""

import hashlib
from collections.abc import Sequence

from pipelines.reading.content_samples import SampledBlocks, sample_of_content
from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.storage import Entry, Storage

_MAX_SAMPLED_FILES = 64


class FolderSample:
    """The sampled files of a folder, collected while files of the folder are read."""

    def __init__(self, folder: str, files: Sequence[Entry]) -> None:
        """Begin with the files beside images, sorted by path."""
        self._folder, self._files = folder, files
        step = max(1, -(-len(files) // _MAX_SAMPLED_FILES))
        self._sampled = [entry for entry in files[::step] if entry.is_file]
        self._paths = frozenset(entry.path for entry in self._sampled)
        self._found: dict[str, bytes] = {}

    def take(self, path: str, content: bytes) -> None:
        """Collect from a file that was read as a whole."""
        if path in self._paths and path not in self._found:
            self._found[path] = sample_of_content(content)

    def digest(self, storage: Storage) -> str:
        """Return the digest; sampled files that were not collected are read.

        Raises EOFError if one of them is shorter than it was listed.
        """

        def read_sample(entry: Entry) -> bytes:
            blocks = SampledBlocks(entry.size)
            return blocks.sample(lambda: storage.open(entry.path, entry.version))

        missing = [entry for entry in self._sampled if entry.path not in self._found]
        for entry, sample in zip(missing, read_concurrently(read_sample, missing), strict=True):
            self._found[entry.path] = sample
        digest = hashlib.sha256()
        for entry in self._files:
            name = entry.path[len(self._folder) :].encode("utf-8", "surrogateescape")
            digest.update(b"%b\0%d\0" % (name, entry.size))
        for entry in self._sampled:
            digest.update(self._found[entry.path])
        return digest.hexdigest()
