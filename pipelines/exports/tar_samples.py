"""The export format `webdataset`: tars with the image files, the text and the row of each sample.

The members of a sample follow each other: `KEY.jpg`, `KEY.txt` with its source text, and `KEY.json`
with its row. Equal rows give equal bytes: members have no times and no owners.
"""

import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from pipelines.exports.chunk import Chunk, ImageFile
from pipelines.exports.export_file import Contents, Counts, exported
from pipelines.exports.json_values import json_text
from pipelines.exports.safe_keys import UniqueKeys
from pipelines.rows.table import to_rows

SAMPLES = 10_000  # of a file, unless another number is given
_BLOCK = 512  # bytes
_TEXT = "source_text"


class TarSamples:
    """A tar of samples."""

    def __init__(self, stream: BinaryIO, contents: Contents, before: Counts) -> None:
        self._stream, self._contents = stream, contents
        self._keys = UniqueKeys()
        self._members = Counter(before)  # of the split so far, by extension, without rows

    def write(self, chunk: Chunk) -> None:
        rows = to_rows(exported(chunk, self._contents))
        names = (chunk.batch[name].to_pylist() for name in ("key", "shard", "index"))
        for number, (row, key, shard, index) in enumerate(zip(rows, *names, strict=True)):
            name = self._keys.name(key if key is not None else f"{shard}/{index}")
            images = chunk.images[number] if chunk.images is not None else ()
            members = [(extension, image.content) for extension, image in self._named(images)]
            if isinstance(text := row.get(_TEXT), str):
                members.append(("txt", text.encode()))
            self._members.update(extension for extension, _ in members)
            for extension, content in (*members, ("json", json_text(row).encode())):
                self._add(f"{name}.{extension}", content)

    def _named(self, images: Sequence[ImageFile]) -> Iterator[tuple[str, ImageFile]]:
        """Yield the images of a sample with their extensions, distinct if there are several."""
        extensions = [each.extension for each in images]
        if self._contents.pictures == "images":
            numbered = [f"{number}.{each}" for number, each in enumerate(extensions)]
            extensions = [each.lower() for each in self._contents.image_names] or numbered
        return zip(extensions, images, strict=True)

    def _add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        header = member.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
        self._stream.write(header + content + bytes(-len(content) % _BLOCK))

    def finish(self) -> Counts:
        self._stream.write(bytes(2 * _BLOCK))  # the end of a tar
        return self._members

    def close(self) -> None:
        pass
