"""Tasks answered with places in the image: boxes, and masks inside boxes."""

from abc import ABC
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, cast

import pyarrow as pa
from pydantic import AfterValidator, Field, PositiveInt

from inference.families.paligemma import locations
from inference.families.paligemma.locations import Detection
from inference.tasks.task import Task
from schemas.generation import Generation
from schemas.resources import Resources
from schemas.sample import Sample

_BOX = [
    pa.field("label", pa.string()),
    pa.field("score", pa.float32()),  # null when it is not known
    *(pa.field(edge, pa.float32()) for edge in locations.Box._fields),  # pixels
]
_MASK = pa.struct([("size", pa.list_(pa.int32())), ("counts", pa.string())])  # COCO's run lengths


def _plain(label: str) -> str:
    if not label or label != " ".join(label.split()) or any(mark in label for mark in ";<>"):
        raise ValueError("a label is words on one line, without ';', '<' and '>'")
    return label


def _distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise ValueError(f"the label {twice[0]!r} stands twice")
    return labels


Label = Annotated[str, AfterValidator(_plain)]


class LocationTask(Task, ABC):
    """Asks for objects by label; the value is a list of structs, in the order of the answer.

    A box's score is the exponential of the mean log-probability of its four location tokens.
    """

    keeps_raw: ClassVar[bool] = True
    labels: Annotated[tuple[Label, ...], AfterValidator(_distinct)] = Field(min_length=1)

    def texts(self, value: object) -> tuple[str, ...]:
        return tuple(each["label"] for each in _objects(value))

    def with_texts(self, value: object, texts: tuple[str, ...]) -> object:
        pairs = zip(_objects(value), texts, strict=True)
        return [{**each, "label": label} for each, label in pairs]

    @property
    def text_language(self) -> str:
        return "en"


class Detect(LocationTask):
    """The boxes of all objects of the given labels."""

    column: ClassVar[pa.DataType] = pa.list_(pa.struct(_BOX))
    kind: Literal["detect"] = "detect"
    max_new_tokens: PositiveInt = Field(256, le=2048)

    def prompt(self, sample: Sample) -> str:
        return f"detect {' ; '.join(self.labels)}"

    def parse(self, generation: Generation, width: int, height: int) -> tuple[object, bool]:
        objects, complete = locations.read(generation, width, height)
        return [_row(each) for each in objects], complete


class Segment(LocationTask):
    """The boxes and masks of the objects of the given labels.

    Without the decoder's weights the codes are stored and the masks are null.
    """

    column: ClassVar[pa.DataType] = pa.list_(
        pa.struct([*_BOX, pa.field("codes", pa.list_(pa.int16())), pa.field("mask", _MASK)])
    )
    kind: Literal["segment"] = "segment"
    max_new_tokens: PositiveInt = Field(512, le=2048)
    mask_decoder: str | None = None  # path of the decoder's weights, such as vae-oid.npz

    def prompt(self, sample: Sample) -> str:
        return f"segment {' ; '.join(self.labels)}"

    def files(self) -> tuple[str, ...]:
        return () if self.mask_decoder is None else (self.mask_decoder,)

    def load(self, resources: Resources) -> None:
        if self.mask_decoder is not None:
            from inference.families.paligemma import masks  # which imports torch

            masks.decoder(self.mask_decoder, resources.open)

    def parse(self, generation: Generation, width: int, height: int) -> tuple[object, bool]:
        objects, complete = locations.read(generation, width, height, masks=True)
        masks = self._masks(objects, width, height)
        rows = zip(objects, masks, strict=True)
        return [{**_row(each), "codes": list(each.codes), "mask": m} for each, m in rows], complete

    def _masks(
        self, objects: list[Detection], width: int, height: int
    ) -> list[dict[str, object] | None]:
        if self.mask_decoder is None:
            return [None] * len(objects)
        from inference.families.paligemma import masks  # which imports torch

        return masks.run_lengths(masks.decoder(self.mask_decoder), objects, width, height)


def _row(each: Detection) -> dict[str, object]:
    return {"label": each.label, "score": each.score, **each.box._asdict()}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return cast(list[Mapping[str, Any]], value)
