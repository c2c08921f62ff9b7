"""The command that shows one sample: look."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import (
    ForceOption,
    SettingsOption,
    StorageOption,
    file_to_write,
    storage_of,
)
from pipelines.cli.printing import STDOUT, print_lines
from pipelines.cli.progress import spinner
from schemas.errors import JobError

if TYPE_CHECKING:
    from pipelines.operations.look import LookedSample


def look(
    target: Annotated[
        str, typer.Argument(metavar="JOB_OR_OUTPUT", help="A job file, or the folder of an output.")
    ],
    shard: Annotated[str, typer.Argument(metavar="SHARD", help="The shard, such as 00003.tar.")],
    index: Annotated[
        int | None,
        typer.Argument(
            min=0, metavar="[INDEX]", show_default=False, help="Its number in the shard, from 0."
        ),
    ] = None,
    *,
    key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The sample with this key, instead of INDEX.")
    ] = None,
    image: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Write the image of a kept sample.")
    ] = None,
    force: ForceOption = False,
    settings: SettingsOption = None,
    storage: StorageOption = None,
) -> None:
    """Show one sample as it lies in its shard, with every filter's verdict; nothing is stored.

    Of an output, the stored row is shown too.

    Examples: shardmill look job.yaml 00003.tar 17, or: shardmill look OUTPUT 00003.tar --key 000317
    """
    from pipelines.display.looked_sample import looked_sample
    from pipelines.operations.look import look as look_at
    from pipelines.operations.look import open_target

    if (index is None) == (key is None):
        raise JobError("look: name the sample by its INDEX or by --key, one of them")
    file = file_to_write(image, force) if image else None
    job, output = open_target(target, settings or (), storage_of(storage))
    with spinner("reading"):
        looked = look_at(job, output, shard, index, key)
    for panel in looked_sample(looked):
        STDOUT.print(panel)
    if file is not None:
        _write_image(looked, file)


def _write_image(looked: "LookedSample", file: Path) -> None:
    """Write the image of a sample; raise JobError if the sample is not kept, now or when stored."""
    from pipelines.display.image_file import write_png

    stored = str(looked.stored["status"]) if looked.stored else "kept"
    status = looked.status if looked.status != "kept" else stored
    if status != "kept":
        raise JobError(
            f"--image: the sample is {status}: the image of a sample that is not kept is stored "
            "nowhere"
        )
    if looked.image is None:
        raise JobError("--image: the image cannot be decoded, so there is nothing to write")
    write_png(looked.image, file)
    print_lines(f"The image is in {file}")
