"""DataTrove's chain: a reader of tars, a word filter, an image step and its Parquet writer.

python -m benchmarks.pipeline.pass_over_shards.datatrove_chain SHARD OUTPUT

One shard is one task, as DataTrove splits work. It has no WebDataset reader and no image step.
"""

import sys
from pathlib import Path

from datatrove.data import Document, DocumentsPipeline
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.readers.base import BaseDiskReader
from datatrove.pipeline.writers import ParquetWriter

from benchmarks.pipeline.pass_over_shards.samples import samples
from benchmarks.pipeline.pass_over_shards.work import Row, annotate_pair, words_pass


class Shards(BaseDiskReader):
    """Reads each pair as a document whose metadata carries the encoded image."""

    def read_file(self, filepath: str) -> DocumentsPipeline:
        for index, pair in enumerate(samples(self.data_folder.resolve_paths(filepath))):
            key, text, image, metadata = pair
            data = {"id": key, "text": text, "metadata": {"image": image, "json": metadata}}
            yield self.get_document_from_dict(data, filepath, index)


class Words(BaseFilter):
    """Keeps texts whose word count is within the limits."""

    def filter(self, doc: Document) -> bool:
        return words_pass(doc.text)


class Annotate(PipelineStep):
    """Decodes, resizes and hashes each image, and asks the model."""

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            image, metadata = document.metadata["image"], document.metadata["json"]
            row = annotate_pair(document.id, document.text, image, metadata)
            if row is not None:
                document.metadata = row
                yield document


def stored(_: ParquetWriter, document: Document) -> Row:
    return document.metadata


def run(shard: str, output: str) -> None:
    """Annotate the shard."""
    folder, name = Path(shard).parent, Path(shard).name
    chain = [
        Shards(str(folder), glob_pattern=name),
        Words(),
        Annotate(),
        ParquetWriter(output, compression="zstd", adapter=stored),
    ]
    LocalPipelineExecutor(chain, tasks=1, logging_dir=f"{output}/logs").run()


if __name__ == "__main__":
    run(*sys.argv[1:])
