"""The export format `jsonl`: an object for each row, in one line."""

from typing import BinaryIO

from pipelines.exports.chunk import Chunk
from pipelines.exports.export_file import Contents, Counts, exported
from pipelines.exports.json_values import json_lines


class JsonLines:
    """A file of JSON lines."""

    def __init__(self, stream: BinaryIO, contents: Contents, before: Counts) -> None:
        self._stream, self._contents = stream, contents

    def write(self, chunk: Chunk) -> None:
        lines = json_lines(exported(chunk, self._contents))
        self._stream.write("".join(f"{line}\n" for line in lines).encode())

    def finish(self) -> Counts:
        return {}

    def close(self) -> None:
        pass
