"""The task that reads text with places: words and their boxes, as fine-tunes on ICDAR answer."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, ClassVar, Literal, cast

import pyarrow as pa
from pydantic import Field, PositiveInt

from inference.tasks.detections import Box
from inference.tasks.intents import Intent, RawPrompt, ReadText
from inference.tasks.prompt_text import RawText
from inference.tasks.task import AnswerReader, Task
from schemas.generation import Generation
from schemas.sample import Sample


class OcrBoxes(Task):
    """A task that asks for the text in the image as words, or lines, with their boxes.

    The text filters judge the words as one text, in the order of the answer: a telephone number may
    be several words.
    """

    column: ClassVar[pa.DataType] = pa.list_(
        pa.struct(
            [
                pa.field("text", pa.string()),
                pa.field("score", pa.float32()),  # null when unknown
                *(pa.field(edge, pa.float32()) for edge in Box._fields),  # pixels
            ]
        )
    )
    keeps_raw: ClassVar[bool] = True
    kind: Literal["ocr_boxes"] = "ocr_boxes"
    """The name of this task."""
    prompt: RawText | None = None
    """The prompt that the checkpoint was trained with; null: the one for text without boxes."""
    max_new_tokens: PositiveInt = Field(512, le=2048)
    """The most tokens of an answer, end token included; a word takes 7 or more."""

    def has_places(self) -> bool:
        return True

    def intent(self, sample: Sample) -> Intent:
        return ReadText() if self.prompt is None else RawPrompt(self.prompt)

    def parse(
        self, generation: Generation, sample: Sample, reader: AnswerReader
    ) -> tuple[object, bool]:
        objects, complete = reader.read_objects(
            generation, sample.width, sample.height, masks=False
        )
        words = [
            {"text": each.label, "score": each.score, **each.box._asdict()}
            for each in objects
            if each.label
        ]
        return words, complete and len(words) == len(objects)

    def texts(self, value: object) -> tuple[str, ...]:
        words = [word["text"] for word in _words(value)]
        return (" ".join(words),) if words else ()

    def with_texts(self, value: object, texts: tuple[str, ...]) -> object:
        words = _words(value)
        replaced = replace_words([word["text"] for word in words], texts[0] if texts else "")
        return [{**word, "text": text} for word, text in zip(words, replaced, strict=True)]


def replace_words(words: Sequence[str], text: str) -> list[str]:
    """Return words as they are in a text, which is the words joined by spaces and then redacted.

    All words of a part that was replaced become the replacement. No word is returned that the text
    does not contain as often.
    """
    tokens = [(number, token) for number, word in enumerate(words) for token in word.split()]
    redacted = text.split()
    parts: list[list[str]] = [[] for _ in words]
    matcher = SequenceMatcher(None, [token for _, token in tokens], redacted, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            for number, token in tokens[start:end]:
                parts[number].append(token)
        else:
            for number in dict.fromkeys(number for number, _ in tokens[start:end]):
                parts[number].extend(redacted[new_start:new_end])
    return [" ".join(part) for part in parts]


def _words(value: object) -> list[Mapping[str, Any]]:
    return cast(list[Mapping[str, Any]], value)
