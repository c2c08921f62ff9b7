"""Makes the kept samples of a report: a small picture, its words, and the texts of the row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.display.contact_sheet import label_colors
from pipelines.display.row_fields import long_text, short_text, shown_objects, task_names
from pipelines.display.sample_picture import picture_text, sample_picture
from pipelines.operations.stored_samples.row_images import RowImage, StoredRow
from pipelines.pages import picture_url


@dataclass(frozen=True, slots=True)
class ShownSample:
    """A kept sample on the page."""

    name: str
    picture: str  # a URL that holds it; empty if none can be shown
    why: str  # none can be shown
    alt: str
    width: int  # pixels
    height: int
    texts: tuple[tuple[str, str, str], ...]  # name, text and language, which may be empty


def shown_samples(
    rows: Sequence[StoredRow], images: Iterable[RowImage], languages: Mapping[str, str]
) -> Iterator[ShownSample]:
    """Yield a sample for each row, in their order; `languages` are those of tasks.

    Pictures are made as the images come, so that one image is in memory at a time.
    """
    colors = label_colors(rows)
    order = {(row["shard"], row["index"]): place for place, row in enumerate(rows)}
    made: dict[int, ShownSample] = {}
    for row, image, why in images:
        picture = None if image is None else sample_picture(image, row, colors)
        made[order[row["shard"], row["index"]]] = ShownSample(
            name=" ".join(
                (short_text(row["shard"]), f"#{row['index']}", short_text(row.get("key")))
            ).strip(),
            picture=picture_url(picture.webp) if picture else "",
            why=why,
            alt=picture_text(row),
            width=picture.width if picture else 0,
            height=picture.height if picture else 0,
            texts=tuple(_texts(row, languages)),
        )
    yield from (made[place] for place in sorted(made))


def _texts(row: StoredRow, languages: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield the source text and the answers of a row."""
    if row.get("source_text"):
        yield "source_text", long_text(row["source_text"]), ""
    for task in task_names(row):
        value = row[task]
        if isinstance(value, str) and value:
            yield short_text(task), long_text(value), languages.get(task, "")
        elif objects := shown_objects(value):
            yield short_text(task), long_text(", ".join(each.caption() for each in objects)), ""
