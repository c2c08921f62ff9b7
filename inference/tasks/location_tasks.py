"""Tasks that locate objects in the image: boxes, and masks inside boxes."""

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, cast

import pyarrow as pa
from pydantic import AfterValidator, Field, PositiveInt

from inference.tasks.detections import Box, Detection
from inference.tasks.intents import Intent, LocateObjects
from inference.tasks.task import AnswerReader, Mask, Task
from schemas.generation import Generation
from schemas.path_text import PathText
from schemas.resources import Resources
from schemas.sample import Sample

_BOX = [
    pa.field("label", pa.string()),
    pa.field("score", pa.float32()),  # null when unknown
    *(pa.field(edge, pa.float32()) for edge in Box._fields),  # pixels
    pa.field("unasked", pa.bool_()),  # the label is none of those that the task asks for
]
_MASK = pa.struct([("size", pa.list_(pa.int32())), ("counts", pa.string())])  # COCO run lengths


def _checked_label(label: str) -> str:
    if not label or label != " ".join(label.split()) or any(mark in label for mark in ";<>"):
        raise ValueError("a label is words on one line, without ';', '<' and '>'")
    return label


def _distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise ValueError(f"the label {twice[0]!r} stands twice")
    return labels


Label = Annotated[str, AfterValidator(_checked_label)]


class LocationTask(Task, ABC):
    """A task whose value is a list of structs, one per object, in the order of the answer.

    A box's score is the exponential of the mean log-probability of its four location tokens. A box
    with a label that the task does not ask for is stored, and flagged as `unasked`.
    """

    keeps_raw: ClassVar[bool] = True
    labels: Annotated[tuple[Label, ...], AfterValidator(_distinct)] = Field(min_length=1)
    """The names of the objects to locate: words on one line without `;`, `<` and `>`."""

    def _row(self, each: Detection) -> dict[str, object]:
        return {
            "label": each.label,
            "score": each.score,
            **each.box._asdict(),
            # A model that writes no labels locates what it was asked for.
            "unasked": bool(each.label) and _folded(each.label) not in map(_folded, self.labels),
        }

    def texts(self, value: object) -> tuple[str, ...]:
        return tuple(each["label"] for each in _objects(value))

    def with_texts(self, value: object, texts: tuple[str, ...]) -> object:
        pairs = zip(_objects(value), texts, strict=True)
        return [{**each, "label": label} for each, label in pairs]

    @property
    def text_language(self) -> str:
        return "en"


class Detect(LocationTask):
    """A task that asks for the boxes of all objects with one of the labels."""

    column: ClassVar[pa.DataType] = pa.list_(pa.struct(_BOX))
    kind: Literal["detect"] = "detect"
    """The name of this task."""
    max_new_tokens: PositiveInt = Field(256, le=2048)
    """The most tokens of an answer, end token included."""

    def intent(self, sample: Sample) -> Intent:
        return LocateObjects(self.labels)

    def parse(
        self, generation: Generation, width: int, height: int, reader: AnswerReader
    ) -> tuple[object, bool]:
        objects, complete = reader.read_objects(generation, width, height, masks=False)
        rows = [self._row(each) for each in objects]
        return rows, complete and _all_asked(rows)


class Segment(LocationTask):
    """A task that asks for the boxes and masks of all objects with one of the labels.

    The mask codes are always stored; without the decoder's weights, the masks are null.
    """

    column: ClassVar[pa.DataType] = pa.list_(
        pa.struct([*_BOX, pa.field("codes", pa.list_(pa.int16())), pa.field("mask", _MASK)])
    )
    kind: Literal["segment"] = "segment"
    """The name of this task."""
    max_new_tokens: PositiveInt = Field(512, le=2048)
    """The most tokens of an answer, end token included."""
    mask_decoder: PathText | None = None
    """The path of the mask decoder's weights, such as big_vision's `vae-oid.npz`.

    Null: the masks are null, and only their codes are stored.
    """

    def intent(self, sample: Sample) -> Intent:
        return LocateObjects(self.labels, masks=True)

    def files(self) -> tuple[str, ...]:
        return () if self.mask_decoder is None else (self.mask_decoder,)

    def load(self, resources: Resources, reader: AnswerReader) -> None:
        if self.mask_decoder is not None:
            reader.load_mask_decoder(self.mask_decoder, resources.open)

    def parse(
        self, generation: Generation, width: int, height: int, reader: AnswerReader
    ) -> tuple[object, bool]:
        objects, complete = reader.read_objects(generation, width, height, masks=True)
        masks: list[Mask | None] = [None] * len(objects)
        if self.mask_decoder is not None:
            masks = reader.decode_masks(self.mask_decoder, objects, width, height)
        rows = [
            {**self._row(each), "codes": list(each.codes), "mask": mask}
            for each, mask in zip(objects, masks, strict=True)
        ]
        return rows, complete and _all_asked(rows)


def _folded(label: str) -> str:
    """Return a label as it is compared: without case, and with single spaces."""
    return " ".join(label.split()).casefold()


def _all_asked(rows: Sequence[Mapping[str, object]]) -> bool:
    return not any(row["unasked"] for row in rows)


def _objects(value: object) -> list[Mapping[str, Any]]:
    return cast(list[Mapping[str, Any]], value)
