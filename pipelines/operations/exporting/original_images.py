"""Reads the image files of kept samples of an output again, as their shards hold them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import cast

from pipelines.exports.chunk import ImageFile
from pipelines.exports.image_extension import image_extension
from pipelines.operations.stored_samples.recorded_job import recorded_input
from pipelines.operations.stored_samples.row_images import StoredRow
from pipelines.output.output import Output
from pipelines.output.recorded_storage import recorded_storage
from pipelines.planning.changed_shards import has_committed_content
from pipelines.reading import OpenUnit, RawSample, open_unit
from pipelines.reading.shard_stream import CHANGED
from schemas.errors import JobError, MachineFault, ShardFault, ShardUnreachable
from schemas.sample import Unit

# The columns of rows that `OriginalImages.read` needs; an output may lack the last one.
COLUMNS = ("index", "status", "sha256", "images")


class OriginalImages:
    """Reads the image files of kept samples, and compares each with the digest in its row.

    The samples of a unit are read in their order, so that its shard is read once. Close it at the
    end.
    """

    def __init__(self, output: Output) -> None:
        """Raises JobError if another version wrote the record of the output."""
        self._output = replace(output, storage=recorded_storage(output))
        self.input = recorded_input(output).model_copy(update={"on_bad_shard": "fail"})
        """The `input` of the output's job."""
        self._unit: Unit | None = None
        self._open: OpenUnit | None = None
        self._samples: Iterator[RawSample] = iter(())
        self._next = 0  # index of the next sample

    def read(self, unit: Unit, rows: Iterable[StoredRow]) -> Iterator[tuple[ImageFile, ...]]:
        """Yield the image files of each row's sample, as they were when the output was written.

        The rows are of one unit, in ascending order. Raises ValueError for a row that is not kept;
        JobError, which names the shard, if the shard has changed or cannot be read; MachineFault if
        storage does not give it.
        """
        for row in rows:
            if row["status"] != "kept":
                raise ValueError("the images of a sample that is not kept are read nowhere")
            index = cast(int, row["index"])
            try:
                raw = self._sample(unit, index)
            except ShardUnreachable as fault:
                raise MachineFault(f"{unit.path}: {fault}") from None
            except ShardFault as fault:
                raise self._refusal(unit, str(fault)) from None
            images = (raw.image, *raw.others) if raw and not raw.fault else ()
            has_several = self.input.images is not None
            stored = cast(Sequence[Mapping[str, object]], row["images"] if has_several else [row])
            digests = [sha256(each).hexdigest() for each in images]
            if digests != [each["sha256"] for each in stored]:
                raise self._refusal(unit, f"sample {index} has another image")
            names = (raw.file if raw else None, *[None] * (len(images) - 1))
            yield tuple(
                ImageFile(content, image_extension(content, name), name)
                for content, name in zip(images, names, strict=True)
            )

    def _sample(self, unit: Unit, index: int) -> RawSample | None:
        """Return the sample of an index; None if the shard ends before it."""
        if unit != self._unit or index < self._next:
            self.close()
            self._open, self._unit, self._next = self._opened(unit), unit, unit.first_index
            self._samples = iter(self._open)
        for raw in self._samples:
            self._next = raw.index + 1
            if raw.index == index:
                return raw
        return None

    def _opened(self, unit: Unit) -> OpenUnit:
        """Open a unit, also in another version if its content is that of the committed rows."""
        storage = self._output.storage
        try:
            return open_unit(unit, storage, self.input, texts=False)
        except ShardFault as fault:
            if fault.reason not in CHANGED:
                raise
            entry = storage.entry(unit.path)
            present = replace(unit, version=entry.version if entry else "")
            try:
                is_same = has_committed_content(present, [unit], self._output)
            except (FileNotFoundError, NotADirectoryError):
                is_same = False
            if not is_same:
                raise
        return open_unit(replace(unit, version=""), storage, self.input, texts=False)

    def _refusal(self, unit: Unit, what: str) -> JobError:
        return JobError(
            f"{unit.path}: is not as it was when {self._output.layout.root} was written ({what}): "
            "restore the shard, or run the job on it again with `shardmill retry --changed`"
        )

    def close(self) -> None:
        """Close the shard that is open."""
        if self._open is not None:
            self._open.close()
        self._open = self._unit = None
