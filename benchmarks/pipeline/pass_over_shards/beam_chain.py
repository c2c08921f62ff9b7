"""Beam's chain: match and read shards, RunInference, WriteToParquet, on Beam's own runner.

python -m benchmarks.pipeline.pass_over_shards.beam_chain SHARDS OUTPUT [BEAM'S OPTIONS]

SHARDS is a tar or a folder of tars. Beam has no WebDataset reader. Images stay encoded until the
step before the model, with which Beam fuses it.
"""

import hashlib
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.io import fileio
from apache_beam.io.parquetio import WriteToParquet
from apache_beam.ml.inference.base import ModelHandler, RunInference
from apache_beam.options.pipeline_options import PipelineOptions
from PIL import Image

from benchmarks.pipeline.pass_over_shards.samples import Pair, samples
from benchmarks.pipeline.pass_over_shards.work import SIDE, Row, answer, size_passes, words_pass

_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("key", "text", "url", "sha256", "caption")]
    + [(name, pa.int64()) for name in ("width", "height")]
)
Prepared = tuple[Row, Image.Image]


class Model:
    """A model that answers at once; a class, because RunInference keeps a weak reference to it."""

    def generate(self, image: Image.Image) -> str:
        return answer(image)


class Instant(ModelHandler[Prepared, Row, Model]):  # type: ignore[misc]
    """Adds the caption to each row."""

    def load_model(self) -> Model:
        return Model()

    def run_inference(
        self,
        batch: Sequence[Prepared],
        model: Model,
        inference_args: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        return [{**row, "caption": model.generate(image)} for row, image in batch]


def read(file: fileio.ReadableFile) -> Iterator[Pair]:
    return samples(file.metadata.path)


def prepared(pair: Pair) -> Iterator[Prepared]:
    """Yield a pair that passes: decoded in full, resized (bicubic) and hashed."""
    key, text, image, metadata = pair
    opened = Image.open(io.BytesIO(image))
    if size_passes(*opened.size) and words_pass(text):
        resized = opened.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        row: Row = {"key": key, "text": text, "url": metadata["url"]}
        row |= {"width": opened.width, "height": opened.height}
        yield {**row, "sha256": hashlib.sha256(image).hexdigest()}, resized


def run(shards: str, output: str, *options: str) -> None:
    """Annotate the shards."""
    pattern = f"{shards}/*.tar" if Path(shards).is_dir() else shards
    with beam.Pipeline(options=PipelineOptions(list(options))) as pipeline:
        files = pipeline | fileio.MatchFiles(pattern) | fileio.ReadMatches() | beam.Reshuffle()
        pairs = files | "Read" >> beam.FlatMap(read) | "Prepare" >> beam.FlatMap(prepared)
        rows = pairs | RunInference(Instant())
        rows | WriteToParquet(f"{output}/rows", _SCHEMA, codec="zstd", file_name_suffix=".parquet")


if __name__ == "__main__":
    from benchmarks.pipeline.pass_over_shards import (
        beam_chain,
    )  # under a name that workers can import

    beam_chain.run(*sys.argv[1:])
