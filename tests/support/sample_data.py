"""Makes images, shards and jobs for tests."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from pipelines.config.job import Job

Member = tuple[str, bytes]  # name in the tar, content


def picture(width: int, height: int, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """Draw coarse patches of random colors: corners and seeds all look different."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    patches = np.random.default_rng(seed).integers(0, 256, (4, 5, channels), np.uint8)
    image = Image.fromarray(patches.squeeze(), None if mode == "RGB" else mode)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    """Encode an image with Pillow."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def jpeg(width: int, height: int, seed: int = 0, **options: Any) -> bytes:
    return encoded(picture(width, height, seed), "JPEG", **options)


def zstd_bytes(content: bytes) -> bytes:
    """Compress with zstd, as a stream of one frame."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())


def tar_bytes(members: Iterable[Member], *, gzipped: bool = False) -> bytes:
    """Write the members to a tar, in their order; the same members give the same bytes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(file.getvalue(), mtime=0) if gzipped else file.getvalue()


def pairs(number: int, seed: int = 0, side: int = 24) -> Iterator[Member]:
    """Yield members of samples; `seed` and position determine the image and the text."""
    for index in range(number):
        yield f"{index:06}.jpg", jpeg(side, side, 1000 * seed + index)
        yield f"{index:06}.txt", f"picture {index} of series {seed}".encode()


def described(descriptions: Iterable[object]) -> Iterator[Member]:
    """Yield members of samples: an image of 48 x 32 pixels, and a JSON with its description."""
    for index, description in enumerate(descriptions):
        yield f"{index}.jpg", jpeg(48, 32, index)
        yield f"{index}.json", json.dumps(description).encode()


def write_shard(path: Path, members: Iterable[Member]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tar_bytes(members))
    return path


def parquet_bytes(columns: Mapping[str, Any], rows_per_group: int = 1000, **options: Any) -> bytes:
    """Write the columns to a Parquet file; the same columns give the same bytes."""
    file = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), file, row_group_size=rows_per_group, **options)
    return file.getvalue()


def images_column(images: Iterable[bytes | None]) -> pa.Array:
    """Return a column of images as Hugging Face's `datasets` stores them."""
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    structs = [{"bytes": content, "path": f"{n}.jpg"} for n, content in enumerate(images)]
    return pa.array(structs, kind)


# A task whose answers are written, and one whose answers are chosen by likelihood.
TASKS: Mapping[str, Any] = {
    "caption": {"kind": "caption", "max_new_tokens": 4},
    "choice": {
        "kind": "vqa",
        "question": "what is it?",
        "choices": ["a cat", "a dog"],
        "choose_by": "likelihood",
        "logprobs": True,
    },
}


def job(folder: Path, checkpoint: Path | str = "google/paligemma2-3b-mix-224", **keys: Any) -> Job:
    """A small job over `folder/shards/*.tar` into `folder/output`; `keys` replace its keys."""
    model = {"checkpoint": str(checkpoint), "precision": "float32", "device": "cpu"}
    return Job.model_validate(
        {
            "name": "test",
            "input": {"shards": f"{folder}/shards/*.tar"},
            "model": {**model, "block_size": 4, "batch_size": 4},
            "tasks": {"caption": {"kind": "caption", "max_new_tokens": 4}},
            "output": f"{folder}/output",
            **keys,
        }
    )
