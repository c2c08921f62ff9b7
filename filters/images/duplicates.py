"""Drop the copies on a list of near-duplicates, as `shardmill duplicates` writes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from filters.base import ImageFilter, Judge
from schemas.errors import JobError
from schemas.known_names import known_names
from schemas.path_text import PathText
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, indeterminate, keep

_COLUMNS = ("kept", "output", "shard", "index", "sha256")
_DIGEST = 8  # bytes of a digest that are compared: enough to recognize an image
_BATCH = 1 << 16  # rows read at a time


class Duplicates(ImageFilter):
    """Keep of each group of near-duplicates the image that the list keeps.

    Samples that are not on the list are kept. A sample on the list with another image than the list
    says is not judged, because the list is of other shards.
    """

    reads: ClassVar = "bytes"
    judges_each_image: ClassVar = False
    kind: Literal["duplicates"] = "duplicates"
    """The name of this filter."""
    path: PathText = Field(min_length=1)
    """The list, a Parquet file that `shardmill duplicates` wrote."""
    of: str | None = None
    """The output, as in the list's column `output`, that was made of the shards of this job.

    Null: any; required if shards of several outputs on the list have the same name.
    """

    def files(self) -> tuple[str, ...]:
        return (self.path,)

    def check(self, resources: Resources) -> None:
        self.load(resources)

    def load(self, resources: Resources) -> Judge[Sample]:
        import pyarrow.compute as pc  # both are slow imports
        import pyarrow.parquet as pq

        copies: dict[str, dict[int, bytes]] = {}
        outputs: dict[str, str] = {}  # shard -> output
        known: set[str] = set()
        try:
            with resources.open(self.path) as stream:
                for batch in pq.ParquetFile(stream).iter_batches(_BATCH, columns=list(_COLUMNS)):
                    known.update(pc.unique(batch["output"]).to_pylist())
                    if self.of is not None:
                        batch = batch.filter(pc.equal(batch["output"], self.of))
                    self._check_shards(batch, outputs)
                    _add_copies(batch.filter(pc.invert(batch["kept"])), copies)
        except OSError as error:
            raise JobError(
                f"path: {self.path} cannot be read: {error.strerror}: check the path"
            ) from None
        except JobError:
            raise
        except (pa.ArrowException, ValueError, KeyError):
            raise JobError(
                f"path: {self.path} is no Parquet file of `shardmill duplicates`: name such a list"
            ) from None
        if self.of is not None and known and self.of not in known:
            raise JobError(
                f"of: {self.of!r} is no output of {self.path}: name one of "
                f"{known_names(self.of, sorted(known))}"
            )
        return _Judge(copies)

    def _check_shards(self, batch: pa.RecordBatch, outputs: dict[str, str]) -> None:
        """Raise JobError if a shard is in two outputs."""
        pairs = pa.table({name: batch[name] for name in ("shard", "output")})
        unique = pairs.group_by(["shard", "output"]).aggregate([])
        for shard, output in zip(*unique.to_pydict().values(), strict=True):
            if outputs.setdefault(shard, output) != output:
                raise JobError(
                    f"of: {self.path} has a shard {shard} of {outputs[shard]} and one of {output}: "
                    "name the output that was made of this job's shards"
                )


@dataclass(frozen=True, slots=True)
class _Judge:
    copies: dict[str, dict[int, bytes]] = field(repr=False)  # shard -> index -> digest

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(item) for item in items]

    def _judge(self, item: Sample) -> Verdict:
        digest = self.copies.get(item.shard, {}).get(item.index)
        if digest is None:
            return keep()
        if sha256(item.image).digest()[:_DIGEST] != digest:
            return indeterminate("other_image")
        return drop("near_duplicate")


def _add_copies(batch: pa.RecordBatch, copies: dict[str, dict[int, bytes]]) -> None:
    columns = (batch[name].to_pylist() for name in ("shard", "index", "sha256"))
    for shard, index, digest in zip(*columns, strict=True):
        copies.setdefault(shard, {})[index] = bytes.fromhex(digest[: 2 * _DIGEST])
