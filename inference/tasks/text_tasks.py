"""Tasks answered in plain text: captions, OCR, answers, questions and raw prompts."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, NamedTuple, Self

from pydantic import Field, PositiveInt, ValidationInfo, model_validator

from inference.tasks.choices import ChoiceTask
from inference.tasks.intents import (
    REGION,
    AnswerQuestion,
    AskQuestion,
    DescribeImage,
    DescribeRegion,
    Intent,
    RawPrompt,
    ReadText,
    Region,
)
from inference.tasks.prompt_text import Line, RawText, one_line, raw_prompt
from inference.tasks.regions import RegionTask
from inference.tasks.text_task import TextTask
from schemas.recorded import is_recorded
from schemas.sample import Sample


class LanguageTask(TextTask, ABC):
    """A text task that says in which language the model answers."""

    language: str = "en"
    """The language of the answers, as a code that the model family knows."""

    @property
    def text_language(self) -> str:
        return self.language


class Caption(RegionTask, LanguageTask):
    """A task that asks for a short caption in the style of COCO, of the image or of a region."""

    places_tokens: ClassVar[bool] = True
    kind: Literal["caption"] = "caption"
    """The name of this task."""

    @model_validator(mode="after")
    def _check_language(self, info: ValidationInfo) -> Self:
        if self.region == "tokens" and self.language != "en" and not is_recorded(info):
            raise ValueError(
                f"language: {self.language}: captions of regions that tokens name are in English: "
                "remove it, or write region: draw"
            )
        return self

    def intent(self, sample: Sample) -> Intent | None:
        if self.lacks_region(sample):
            return None
        if (box := self.named_region(sample)) is not None:
            return DescribeRegion(Region(box, sample.width, sample.height))
        return DescribeImage("short", self.language)


class AltText(LanguageTask):
    """A task that asks for a caption in the style of the web's alternative texts."""

    kind: Literal["alt_text"] = "alt_text"
    """The name of this task."""

    def intent(self, sample: Sample) -> Intent:
        return DescribeImage("alt_text", self.language)


class Describe(LanguageTask):
    """A task that asks for a longer caption."""

    kind: Literal["describe"] = "describe"
    """The name of this task."""
    max_new_tokens: PositiveInt = Field(128, le=2048)
    """The most tokens of an answer, end token included."""

    def intent(self, sample: Sample) -> Intent:
        return DescribeImage("long", self.language)


class Ocr(TextTask):
    """A task that asks for all the text in the image, in raster order, without boxes."""

    kind: Literal["ocr"] = "ocr"
    """The name of this task."""
    max_new_tokens: PositiveInt = Field(256, le=2048)
    """The most tokens of an answer, end token included."""

    def intent(self, sample: Sample) -> Intent:
        return ReadText()


class Topic(NamedTuple):
    """What a prompt is about: a fixed text, or a field of each sample."""

    name: str  # the configuration's key for a fixed text; `<name>_field` names a field
    fixed: str | None
    field: str | None  # source_text or a carried column


class TopicTask(TextTask, ABC):
    """A text task whose prompt contains a topic."""

    @abstractmethod
    def _topic(self) -> Topic:
        """Return the topic; a valid task sets exactly one of `fixed` and `field`."""

    @model_validator(mode="after")
    def _one_topic(self) -> Self:
        name, fixed, field = self._topic()
        if (fixed is None) == (field is None):
            raise ValueError(f"give exactly one of {name} and {name}_field")
        return self

    def fields(self) -> tuple[str, ...]:
        field = self._topic().field
        return () if field is None else (field,)

    def _topic_text(self, sample: Sample) -> str | None:
        """Return the topic as the prompt takes it; None if the sample's is missing or blank."""
        _, fixed, field = self._topic()
        if field is None:
            return fixed
        text = sample.texts.get(field)
        return (self._prepared(text.value) or None) if text is not None else None

    def _prepared(self, text: str) -> str:
        """Return a sample's text in the form that the prompt takes."""
        return one_line(text)


class Vqa(ChoiceTask, RegionTask, TopicTask, LanguageTask):
    """A task that asks for the answer to a question about the image or a region of it."""

    places_tokens: ClassVar[bool] = False
    kind: Literal["vqa"] = "vqa"
    """The name of this task."""
    question: Line | None = None
    """The question about every image, on one line; null: see `question_field`."""
    question_field: str | None = None
    """The field with each sample's question: `source_text` or a carried column.

    Exactly one of `question` and `question_field` is given.
    """
    max_new_tokens: PositiveInt = Field(32, le=2048)
    """The most tokens of an answer, end token included."""

    def _topic(self) -> Topic:
        return Topic("question", self.question, self.question_field)

    def intent(self, sample: Sample) -> Intent | None:
        if self.lacks_region(sample) or self.lacks_choices(sample):
            return None
        question = self._topic_text(sample)
        if question is None:
            return None
        return AnswerQuestion(question, self.language, self.choices_of(sample))


class Question(TopicTask, LanguageTask):
    """A task that asks for a question about the image with a given English answer."""

    kind: Literal["question"] = "question"
    """The name of this task."""
    answer: Line | None = None
    """The answer, in English and on one line, to which the model asks a question.

    Null: see `answer_field`.
    """
    answer_field: str | None = None
    """The field with each sample's answer: `source_text` or a carried column.

    Exactly one of `answer` and `answer_field` is given.
    """

    def _topic(self) -> Topic:
        return Topic("answer", self.answer, self.answer_field)

    def intent(self, sample: Sample) -> Intent | None:
        answer = self._topic_text(sample)
        return None if answer is None else AskQuestion(answer, self.language)


class Prompt(ChoiceTask, RegionTask, TopicTask):
    """A task with a raw prompt, such as the bare question that fine-tunes on DocVQA expect.

    The prompt may have several lines, as for fine-tunes on ScienceQA.
    """

    places_tokens: ClassVar[bool] = True
    kind: Literal["prompt"] = "prompt"
    """The name of this task."""
    text: RawText | None = None
    """The prompt for every image, as it is given to the model; null: see `text_field`.

    It may be empty (`""`), as the cards of the pretrained checkpoints ask. With `region: tokens`,
    `{region}` in it is replaced by the location tokens.
    """
    text_field: str | None = None
    """The field with each sample's prompt: `source_text` or a carried column.

    Line breaks are kept. A sample whose prompt is missing or blank is not asked. Exactly one of
    `text` and `text_field` is given.
    """
    language: str | None = None
    """The language of the answers for the filters, as an ISO 639 code; null: unknown."""

    def _topic(self) -> Topic:
        return Topic("text", self.text, self.text_field)

    def intent(self, sample: Sample) -> Intent | None:
        if self.lacks_region(sample) or self.lacks_choices(sample):
            return None
        text = self._topic_text(sample)
        if text is None:
            return None
        box = self.named_region(sample)
        return RawPrompt(text, box and Region(box, sample.width, sample.height))

    @model_validator(mode="after")
    def _check_place(self) -> Self:
        if self.region == "tokens" and REGION not in (self.text or ""):
            raise ValueError(f"text: region: tokens needs {REGION} in the text, where tokens go")
        if self.region != "tokens" and REGION in (self.text or ""):
            raise ValueError(
                f"text: {REGION} is replaced only with region: tokens: write that, or leave it out"
            )
        return self

    def _prepared(self, text: str) -> str:
        return raw_prompt(text)

    @property
    def text_language(self) -> str:
        return self.language or ""
