"""Tasks answered in plain text: captions, answers, questions, OCR and a fine-tune's own prompt."""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

import pyarrow as pa
from pydantic import AfterValidator, Field, PositiveInt, model_validator

from inference.families.paligemma.languages import Language
from inference.tasks.task import Task
from schemas.generation import Generation
from schemas.sample import Sample

LONGEST = 512  # characters of a sample's own text that go into a prompt; the rest is cut


def one_line(text: str) -> str:
    """The text with every run of white space made one space, cut to `LONGEST` characters.

    A newline ends the prompt the checkpoints were trained with, so none may stand inside it.
    """
    return " ".join(text.split())[:LONGEST].rstrip()


def _worded(text: str) -> str:
    if not text or one_line(text) != text:
        raise ValueError(f"must be one line of 1 to {LONGEST} characters, single-spaced")
    return text


Line = Annotated[str, AfterValidator(_worded)]


class TextTask(Task, ABC):
    """The answer is stored as the model wrote it, white space at its ends aside."""

    column: ClassVar[pa.DataType] = pa.string()

    def parse(self, generation: Generation, width: int, height: int) -> tuple[object, bool]:
        return generation.text.strip(), True

    def texts(self, value: object) -> tuple[str, ...]:
        return (str(value),)

    def with_texts(self, value: object, texts: tuple[str, ...]) -> object:
        (text,) = texts
        return text


class LanguageTask(TextTask, ABC):
    """The prompt names the language of the answer."""

    language: Language = "en"

    @property
    def text_language(self) -> str:
        return self.language


class Caption(LanguageTask):
    """A short caption in the style of COCO."""

    kind: Literal["caption"] = "caption"

    def prompt(self, sample: Sample) -> str:
        return f"caption {self.language}"


class AltText(LanguageTask):
    """A caption in the style of the web's alternative texts."""

    kind: Literal["alt_text"] = "alt_text"

    def prompt(self, sample: Sample) -> str:
        return f"cap {self.language}"


class Describe(LanguageTask):
    """A longer caption."""

    kind: Literal["describe"] = "describe"
    max_new_tokens: PositiveInt = Field(128, le=2048)

    def prompt(self, sample: Sample) -> str:
        return f"describe {self.language}"


class Ocr(TextTask):
    """All the text in the image, in raster order, without boxes."""

    kind: Literal["ocr"] = "ocr"
    max_new_tokens: PositiveInt = Field(256, le=2048)

    def prompt(self, sample: Sample) -> str:
        return "ocr"


class Topic(NamedTuple):
    """What a prompt is about: the same for all samples, or read from each of them."""

    name: str  # of the configuration's field; the one for data is called `<name>_field`
    fixed: str | None
    field: str | None  # source_text or a carried column


class TopicTask(TextTask, ABC):
    """The prompt holds a text that is either fixed or a field of the sample."""

    @abstractmethod
    def _topic(self) -> Topic:
        """The configuration's fixed text and field, exactly one of them set."""

    @model_validator(mode="after")
    def _one_topic(self) -> Self:
        name, fixed, field = self._topic()
        if (fixed is None) == (field is None):
            raise ValueError(f"give exactly one of {name} and {name}_field")
        return self

    def fields(self) -> tuple[str, ...]:
        field = self._topic().field
        return () if field is None else (field,)

    def _words(self, sample: Sample) -> str | None:
        """The text on one line; None when the sample has none."""
        _, fixed, field = self._topic()
        if field is None:
            return fixed
        text = sample.texts.get(field)
        return (one_line(text.value) or None) if text is not None else None


class Vqa(TopicTask, LanguageTask):
    """The answer to a question about the image."""

    kind: Literal["vqa"] = "vqa"
    question: Line | None = None
    question_field: str | None = None
    max_new_tokens: PositiveInt = Field(32, le=2048)

    def _topic(self) -> Topic:
        return Topic("question", self.question, self.question_field)

    def prompt(self, sample: Sample) -> str | None:
        question = self._words(sample)
        return None if question is None else f"answer {self.language} {question}"


class Question(TopicTask, LanguageTask):
    """A question about the image whose answer is given, in English."""

    kind: Literal["question"] = "question"
    answer: Line | None = None
    answer_field: str | None = None

    def _topic(self) -> Topic:
        return Topic("answer", self.answer, self.answer_field)

    def prompt(self, sample: Sample) -> str | None:
        answer = self._words(sample)
        return None if answer is None else f"question {self.language} {answer}"


class Prompt(TopicTask):
    """A fine-tune's own prompt, such as DocVQA's bare question."""

    kind: Literal["prompt"] = "prompt"
    text: Line | None = None
    text_field: str | None = None
    language: Language | None = None  # of the answers, for the filters; null: unknown

    def _topic(self) -> Topic:
        return Topic("text", self.text, self.text_field)

    def prompt(self, sample: Sample) -> str | None:
        return self._words(sample)

    @property
    def text_language(self) -> str:
        return self.language or ""
