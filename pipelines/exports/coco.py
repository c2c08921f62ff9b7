"""The export format `coco`: objects with boxes, and masks as run lengths, in one file of a split.

Rows are streamed: images go to the file at once, and annotations to a second one without a name,
whose content follows at the end.
"""

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.exports.chunk import Chunk
from pipelines.exports.export_file import Contents, Counts, WrongRow
from pipelines.exports.json_values import json_text
from pipelines.rows.run_lengths import WrongMask, read_mask
from pipelines.rows.table import to_rows
from schemas.errors import JobError

COLUMNS = ("width", "height")  # that are read in any case
_EDGES = ("x_min", "y_min", "x_max", "y_max")


class CocoFile:
    """A JSON file with images, annotations and categories."""

    def __init__(self, stream: BinaryIO, contents: Contents, before: Counts) -> None:
        self._stream, self._contents = stream, contents
        self._tasks = object_columns(contents)
        self._ids = {label: number for number, label in enumerate(contents.categories, 1)}
        self._images = before.get("images", 0)
        self._objects = before.get("objects", 0)
        self._annotations = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        info = {"description": f"an output of shardmill with the fingerprint {contents.source}"}
        stream.write(f'{{"info": {json_text(info)},\n"images": ['.encode())
        self._is_first = {"image": True, "annotation": True}

    def write(self, chunk: Chunk) -> None:
        for row in to_rows(chunk.batch):
            self._images += 1
            image = {
                "id": self._images,
                "width": row["width"],
                "height": row["height"],
                "file_name": self._file_name(row),
                "row": {n: row[n] for n in self._contents.columns if n not in self._tasks},
            }
            self._put(self._stream, "image", image)
            for task in self._tasks:
                for each in cast("Iterable[Mapping[str, Any]]", row[task] or ()):
                    self._objects += 1
                    self._put(self._annotations, "annotation", self._annotation(task, each))

    def _put(self, stream: BinaryIO, kind: str, value: object) -> None:
        stream.write(b"\n" if self._is_first[kind] else b",\n")
        self._is_first[kind] = False
        stream.write(json_text(value).encode())

    def _file_name(self, row: Mapping[str, object]) -> object:
        column = self._contents.file_column
        return row["key"] if column is None or row[column] is None else row[column]

    def _annotation(self, task: str, found: Mapping[str, Any]) -> dict[str, object]:
        left, top = found["x_min"], found["y_min"]
        width, height = found["x_max"] - left, found["y_max"] - top
        mask = found.get("mask")
        return {
            "id": self._objects,
            "image_id": self._images,
            "category_id": self._ids[found["label"]],
            "bbox": [left, top, width, height],
            "area": _area(mask) if mask else width * height,
            "iscrowd": 0,
            "segmentation": mask or [],
            "score": found["score"],
            "task": task,
            "unasked": found["unasked"],
        }

    def finish(self) -> Counts:
        self._stream.write(b'],\n"annotations": [')
        self._annotations.seek(0)
        shutil.copyfileobj(self._annotations, self._stream)
        categories = [{"id": number, "name": label} for label, number in self._ids.items()]
        self._stream.write(f'],\n"categories": {json_text(categories)}}}\n'.encode())
        self.close()
        return {"images": self._images, "objects": self._objects}

    def close(self) -> None:
        self._annotations.close()


def _area(mask: object) -> int:
    from pycocotools.mask import area

    return int(area(mask))


def object_columns(contents: Contents) -> list[str]:
    """Return the exported tasks that store objects; raise JobError if there is none."""
    found = [
        column.name
        for column in contents.schema
        if column.name in contents.tasks
        and pa.types.is_list(column.type)
        and pa.types.is_struct(column.type.value_type)
        and _are_objects(column.type.value_type)
    ]
    if not found:
        raise JobError(
            "--to: coco takes the objects of tasks such as detect and segment, and the export has "
            "no column of one"
        )
    return found


def _are_objects(kind: pa.StructType) -> bool:
    if not {"label", "score", "unasked", *_EDGES} <= set(kind.names):
        return False
    return pa.types.is_string(kind.field("label").type) and all(
        pa.types.is_floating(kind.field(edge).type) for edge in _EDGES
    )


def checked_labels(batch: pa.RecordBatch, contents: Contents) -> set[str]:
    """Return the labels of the objects in some rows.

    Raises WrongRow for an object without a label or finite edges, and for a mask that pycocotools
    cannot read.
    """
    labels: set[str] = set()
    for task in object_columns(contents):
        rows = pc.list_parent_indices(batch[task]).to_numpy()
        objects = pc.list_flatten(batch[task])
        of_objects = pc.struct_field(objects, "label")
        is_whole = pc.is_valid(of_objects)
        for edge in _EDGES:
            is_finite = pc.is_finite(pc.struct_field(objects, edge))
            is_whole = pc.and_(is_whole, pc.fill_null(is_finite, False))
        if (place := pc.index(is_whole, False).as_py()) >= 0:
            problem = f"in {task!r} an object without a label or finite edges"
            raise WrongRow(int(rows[place]), problem)
        if "mask" in objects.type.names:
            _check_masks(pc.struct_field(objects, "mask").to_pylist(), rows.tolist(), task)
        labels.update(pc.unique(of_objects).to_pylist())
    return labels


def _check_masks(masks: Sequence[object], rows: Sequence[int], task: str) -> None:
    for mask, row in zip(masks, rows, strict=True):
        if mask is not None:
            try:
                read_mask(mask)
            except WrongMask as wrong:
                raise WrongRow(row, f"in {task!r} {wrong}") from None
