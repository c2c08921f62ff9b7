"""The command that writes lists of hashes: hashes."""

import csv
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import ForceOption, StorageOption, file_to_write, storage_of
from pipelines.cli.printing import inform
from pipelines.cli.progress import spinner
from schemas.errors import JobError

if TYPE_CHECKING:
    from pipelines.operations.hashes import HashCounts


class HashAlgorithm(StrEnum):
    """The hashes that the command computes."""

    SHA256 = "sha256"
    PDQ = "pdq"


def hashes(
    shards: Annotated[
        list[str],
        typer.Argument(metavar="SHARDS...", help="Shards, as in input.shards: patterns and URLs."),
    ],
    *,
    output: Annotated[Path, typer.Option(metavar="CSV", help="The file to write.")],
    algorithms: Annotated[
        list[HashAlgorithm] | None,
        typer.Option("--algorithm", help="sha256 or pdq; repeatable; default: both."),
    ] = None,
    label: Annotated[
        str,
        typer.Option(metavar="TEXT", help="What the images are: the value of the column label."),
    ] = "",
    images: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            metavar="NAME",
            help="An image of each sample, such as left.jpg; repeat it for all images that count. "
            "One NAME alone is a Parquet column with lists of images.",
        ),
    ] = None,
    videos: Annotated[
        bool,
        typer.Option(
            "--video", help="The samples are videos: PDQ is computed of frames throughout each."
        ),
    ] = False,
    force: ForceOption = False,
    storage: StorageOption = None,
) -> None:
    """List the hashes of images, for hash_list and perceptual_hash_list: evaluation sets, say.

    Example: shardmill hashes "coco-test/*.tar" --output coco-test.csv --label coco
    """
    from pipelines.operations.hashes import HashCounts, hash_images
    from pipelines.storage.resolve import STORAGE
    from schemas.counted import counted

    file = file_to_write(output, force)
    wanted = algorithms or list(HashAlgorithm)
    counts = HashCounts()
    written: set[bytes] = set()  # images that occur twice are listed once
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        with (
            spinner("reading") as shown,
            unfinished.open("w", encoding="utf-8", newline="") as text,
        ):
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(("algorithm", "hash", "source", "label"))
            hashed = hash_images(
                shards,
                wanted,
                storage_of(storage) or STORAGE,
                counts,
                images=images[0] if images and len(images) == 1 else images,
                videos=videos,
                on_shards=lambda done, of: shown.update(
                    f"{done:,} of {counted(of, 'shard')}, {counted(counts.images, 'image')}"
                ),
            )
            for image in hashed:
                for algorithm, digits in image.hashes:
                    entry = algorithm.encode() + bytes.fromhex(digits)
                    if entry not in written:
                        written.add(entry)
                        writer.writerow((algorithm, digits, image.source, label))
        if not written:
            raise JobError("hashes: no image of these shards could be hashed: " + _faults(counts))
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    noun = "hash" if len(written) == 1 else "hashes"
    inform(f"{file}: {len(written):,} {noun} of {counted(counts.images, 'image')}")
    if counts.flat:
        inform(f"without a PDQ hash, because they are nearly flat: {counted(counts.flat, 'image')}")
    if counts.faults:
        inform(f"without all hashes, because they cannot be read: {_faults(counts)}")


def _faults(counts: "HashCounts") -> str:
    if not counts.images:
        return "they hold no image"
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.faults.items()))
