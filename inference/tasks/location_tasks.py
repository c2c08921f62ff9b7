"""Tasks that locate objects in the image: boxes, and masks inside boxes."""

import re
from abc import ABC
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain
from typing import Annotated, Any, ClassVar, Literal, Self, cast

import pyarrow as pa
from pydantic import AfterValidator, Field, PositiveInt, model_validator

from inference.tasks.detections import Box, Detection
from inference.tasks.intents import Intent, LocateObjects
from inference.tasks.prompt_text import LONGEST, SEPARATOR, one_line, texts_in
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

_BETWEEN = re.compile(r"[;\n\r]")  # labels in a sample's text
_MARKS = ";<>"  # characters that separate labels, or begin and end codes


def _checked_label(label: str) -> str:
    if not label or label != " ".join(label.split()) or any(mark in label for mark in _MARKS):
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

    def has_places(self) -> bool:
        return True

    asks_masks: ClassVar[bool] = False
    labels: Annotated[tuple[Label, ...], AfterValidator(_distinct)] = ()
    """The names of the objects to locate: words on one line without `;`, `<` and `>`."""
    labels_field: str | None = None
    """The field with each sample's labels or phrases: `source_text` or a carried column.

    It has a text, with `;` or line breaks between labels, or is a list. Exactly one of `labels` and
    `labels_field` is given.
    """
    best: PositiveInt | None = None
    """The most objects that are stored: those with the highest scores; null: all of them."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.labels) == (self.labels_field is not None):
            raise ValueError("give exactly one of labels and labels_field")
        return self

    def fields(self) -> tuple[str, ...]:
        return () if self.labels_field is None else (self.labels_field,)

    def list_fields(self) -> tuple[str, ...]:
        return self.fields()

    def intent(self, sample: Sample) -> Intent | None:
        labels = self.asked_labels(sample)
        return LocateObjects(labels, masks=self.asks_masks) if labels else None

    def asked_labels(self, sample: Sample) -> tuple[str, ...]:
        """Return the labels that the prompt for a sample names: distinct, `LONGEST` characters.

        Labels that do not fit as a whole are left out; none is longer than `LONGEST`.
        """
        if self.labels_field is None:
            return self.labels
        given = (_BETWEEN.split(text) for text in texts_in(sample, self.labels_field))
        prepared = map(_prepared, chain.from_iterable(given))
        labels = [label for label in dict.fromkeys(prepared) if label]
        lengths = accumulate(len(label) + len(SEPARATOR) for label in labels)
        return tuple(
            label
            for label, length in zip(labels, lengths, strict=True)
            if length - len(SEPARATOR) <= LONGEST
        )

    def _best(self, objects: Sequence[Detection]) -> Sequence[Detection]:
        """Return the objects with the highest scores, in the order of the answer."""
        if self.best is None:
            return objects
        scores = [-1.0 if each.score is None else each.score for each in objects]
        by_score = sorted(range(len(objects)), key=lambda number: -scores[number])
        return [objects[number] for number in sorted(by_score[: self.best])]

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

    def parse(
        self, generation: Generation, sample: Sample, reader: AnswerReader
    ) -> tuple[object, bool]:
        objects, complete = reader.read_objects(
            generation, sample.width, sample.height, masks=False
        )
        labels = self.asked_labels(sample)
        rows = [_row(each, labels) for each in self._best(objects)]
        return rows, complete and _all_asked(rows)


class Segment(LocationTask):
    """A task that asks for the boxes and masks of all objects with one of the labels.

    The mask codes are always stored; without the decoder's weights, the masks are null.
    """

    column: ClassVar[pa.DataType] = pa.list_(
        pa.struct([*_BOX, pa.field("codes", pa.list_(pa.int16())), pa.field("mask", _MASK)])
    )
    asks_masks: ClassVar[bool] = True
    kind: Literal["segment"] = "segment"
    """The name of this task."""
    max_new_tokens: PositiveInt = Field(512, le=2048)
    """The most tokens of an answer, end token included."""
    mask_decoder: PathText | None = None
    """The path of the mask decoder's weights, such as big_vision's `vae-oid.npz`.

    Null: the masks are null, and only their codes are stored.
    """

    def files(self) -> tuple[str, ...]:
        return () if self.mask_decoder is None else (self.mask_decoder,)

    def load(self, resources: Resources, reader: AnswerReader) -> None:
        if self.mask_decoder is not None:
            reader.load_mask_decoder(self.mask_decoder, resources.open)

    def parse(
        self, generation: Generation, sample: Sample, reader: AnswerReader
    ) -> tuple[object, bool]:
        width, height = sample.width, sample.height
        objects, complete = reader.read_objects(generation, width, height, masks=True)
        objects = [*self._best(objects)]
        masks: list[Mask | None] = [None] * len(objects)
        if self.mask_decoder is not None:
            masks = reader.decode_masks(self.mask_decoder, objects, width, height)
        labels = self.asked_labels(sample)
        rows = [
            {**_row(each, labels), "codes": list(each.codes), "mask": mask}
            for each, mask in zip(objects, masks, strict=True)
        ]
        return rows, complete and _all_asked(rows)


def _prepared(label: str) -> str:
    """Return a sample's label as a prompt takes it: on one line, without marks."""
    return one_line("".join(" " if mark in _MARKS else mark for mark in label))


def _row(each: Detection, labels: Iterable[str]) -> dict[str, object]:
    return {
        "label": each.label,
        "score": each.score,
        **each.box._asdict(),
        "unasked": not is_asked(each.label, labels),
    }


def is_asked(label: str, labels: Iterable[str]) -> bool:
    """Return whether a label is one of those asked for, without regard to case and spaces.

    A model that writes no labels locates what it was asked for.
    """
    return not label or _folded(label) in map(_folded, labels)


def _folded(label: str) -> str:
    """Return a label as it is compared: without case, and with single spaces."""
    return " ".join(label.split()).casefold()


def _all_asked(rows: Sequence[Mapping[str, object]]) -> bool:
    return not any(row["unasked"] for row in rows)


def _objects(value: object) -> list[Mapping[str, Any]]:
    return cast(list[Mapping[str, Any]], value)
