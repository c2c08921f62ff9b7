"""The task that checks a caption: it asks for each of its noun phrases where that is."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, cast

import pyarrow as pa
from pydantic import Field, PositiveInt, model_validator

from inference.tasks.detections import Box
from inference.tasks.intents import Intent, LocateObjects
from inference.tasks.location_tasks import is_asked
from inference.tasks.noun_phrases import MOST_PHRASES, head_noun, noun_phrases
from inference.tasks.task import AnswerReader, Task
from schemas.generation import Generation
from schemas.sample import Sample

_BOX = pa.struct(
    [
        pa.field("score", pa.float32()),  # null when unknown
        *(pa.field(edge, pa.float32()) for edge in Box._fields),  # pixels
    ]
)
_PHRASE = pa.struct([("phrase", pa.string()), ("found", pa.bool_()), ("boxes", pa.list_(_BOX))])


class Grounded(Task):
    """A task that asks for each noun phrase of an English caption by `detect`.

    The phrases are asked one by one, after the caption has been generated. `share` is the share of
    the phrases that were found; null if the caption has none.
    """

    column: ClassVar[pa.DataType] = pa.struct(
        [("share", pa.float32()), ("phrases", pa.list_(_PHRASE))]
    )
    keeps_raw: ClassVar[bool] = True
    kind: Literal["grounded"] = "grounded"
    """The name of this task."""
    caption: str | None = None
    """The task whose answer is checked: a `caption`, `alt_text` or `describe` in English."""
    caption_field: str | None = None
    """The field with the caption that is checked: `source_text` or a carried column.

    Exactly one of `caption` and `caption_field` is given.
    """
    ask: Literal["phrase", "noun"] = "phrase"
    """Whether `detect` is asked for whole phrases, such as `red car`, or for their last nouns."""
    max_phrases: PositiveInt = Field(8, le=MOST_PHRASES)
    """The most phrases of a caption that are asked for; the first ones are."""
    max_new_tokens: PositiveInt = Field(48, le=2048)
    """The most tokens of the answer to one phrase, end token included."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.caption is None) == (self.caption_field is None):
            raise ValueError("give exactly one of caption and caption_field")
        return self

    def fields(self) -> tuple[str, ...]:
        return () if self.caption_field is None else (self.caption_field,)

    def has_places(self) -> bool:
        return True

    def intent(self, sample: Sample) -> Intent | None:
        return None  # several prompts, after the captions are known

    def checked_text(self, sample: Sample, answers: Mapping[str, str]) -> str | None:
        """Return the caption of a sample; None if it has none. `answers` are by task."""
        if self.caption is not None:
            return answers.get(self.caption)
        text = sample.texts.get(self.caption_field or "")
        return None if text is None else text.value

    def phrases(self, text: str) -> tuple[str, ...]:
        """Return the phrases of a caption that are asked for."""
        return tuple(noun_phrases(text)[: self.max_phrases])

    def phrase_intent(self, phrase: str) -> Intent:
        return LocateObjects((self._label(phrase),))

    def _label(self, phrase: str) -> str:
        return head_noun(phrase) if self.ask == "noun" else phrase

    def parse(
        self, generation: Generation, sample: Sample, reader: AnswerReader
    ) -> tuple[object, bool]:
        return {"share": None, "phrases": []}, True  # a caption without phrases

    def parse_phrases(
        self,
        phrases: Sequence[str],
        generations: Sequence[Generation],
        sample: Sample,
        reader: AnswerReader,
    ) -> tuple[object, bool]:
        """Return the value to store of the answers to phrases, and whether all were understood.

        A box with another label than the one that was asked for is left out.
        """
        whole = True
        found: list[dict[str, Any]] = []
        for phrase, generation in zip(phrases, generations, strict=True):
            objects, complete = reader.read_objects(
                generation, sample.width, sample.height, masks=False
            )
            asked = [each for each in objects if is_asked(each.label, [self._label(phrase)])]
            boxes = [{"score": each.score, **each.box._asdict()} for each in asked]
            found.append({"phrase": phrase, "found": bool(boxes), "boxes": boxes})
            whole &= complete and len(asked) == len(objects)
        share = sum(each["found"] for each in found) / len(found) if found else None
        return {"share": share, "phrases": found}, whole

    def texts(self, value: object) -> tuple[str, ...]:
        return tuple(each["phrase"] for each in _phrases(value))

    def with_texts(self, value: object, texts: tuple[str, ...]) -> object:
        pairs = zip(_phrases(value), texts, strict=True)
        phrases = [{**each, "phrase": text} for each, text in pairs]
        return {**cast(dict[str, Any], value), "phrases": phrases}

    def within(self, value: object, text: str) -> object:
        """Return the value without the words of phrases that a redacted caption does not have."""
        left = frozenset(noun_phrases(text))
        return self.with_texts(
            value, tuple(phrase if phrase in left else "" for phrase in self.texts(value))
        )

    @property
    def text_language(self) -> str:
        return "en"


def _phrases(value: object) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], cast(dict[str, Any], value)["phrases"])
