"""Answers to choose from: fixed ones, those of each sample, and the choice by likelihood."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from inference.tasks.answer_formats import FormattedTask
from inference.tasks.prompt_text import LONGEST, Line, one_line, texts_in
from inference.tasks.task import AnswerReader
from schemas.generation import Generation
from schemas.recorded import is_recorded
from schemas.sample import Sample

MOST_CHOICES = 32  # answers to choose from; further ones of a sample are left out


class ChoiceTask(FormattedTask):
    """A task whose answer may have to be one of several choices."""

    choices: Annotated[tuple[Line, ...], Field(max_length=MOST_CHOICES)] = ()
    """The answers to choose from; empty: any answer. Another answer is `partial`."""
    choices_field: str | None = None
    """The field with each sample's choices: a carried list, or a text with a choice a line.

    The first 32 are taken, each cut to 512 characters; blank and repeated ones do not count.
    """
    choose_by: Literal["answer", "likelihood", "mean_logprob"] = "answer"
    """What decides: the `answer` that the model writes, or how likely each choice is as an answer.

    `likelihood` takes the choice with the highest probability, end token included. `mean_logprob`
    takes the one with the highest mean log-probability per token, so that long choices are not at a
    disadvantage. Of equal choices, the first is taken. `logprobs` then stores the values of all
    choices. An answer is `partial` if choices of the sample were cut or left out. Nothing is
    generated, so `max_new_tokens` has no effect.
    """

    @model_validator(mode="after")
    def _check_choices(self, info: ValidationInfo) -> Self:
        if self.choices and self.choices_field is not None:
            raise ValueError("give one of choices and choices_field")
        if repeated := [each for each in self.choices if self.choices.count(each) > 1]:
            raise ValueError(f"choices: {repeated[0]!r} is there twice")
        given = "choices" if self.choices else "choices_field"
        has_choices = self.choices or self.choices_field is not None
        if self.format != "text" and has_choices and not is_recorded(info):
            raise ValueError(
                f"format: {self.format} and {given} exclude each other, because an answer must be "
                "one of the choices: remove one of both"
            )
        if self.choose_by == "answer":
            return self
        if not self.choices and self.choices_field is None:
            raise ValueError(f"choose_by: {self.choose_by} needs choices or choices_field")
        if len(self.choices) == 1:
            raise ValueError(f"choices: choose_by: {self.choose_by} needs at least two choices")
        default = type(self).model_fields["max_new_tokens"].default
        if self.max_new_tokens != default and not is_recorded(info):
            raise ValueError(
                f"max_new_tokens: nothing is generated with choose_by: {self.choose_by}: remove it"
            )
        return self

    def list_fields(self) -> tuple[str, ...]:
        return (*super().list_fields(), *filter(None, [self.choices_field]))

    def lacks_choices(self, sample: Sample) -> bool:
        """Return whether the sample gives no choice, though the task takes them from samples."""
        return self.choices_field is not None and not self.choices_of(sample)

    def choices_of(self, sample: Sample) -> tuple[str, ...]:
        """Return the choices of a sample; empty: any answer."""
        if self.choices_field is None:
            return self.choices
        return tuple(islice(dict.fromkeys(map(one_line, self._lines(sample))), MOST_CHOICES))

    def _lines(self, sample: Sample) -> Iterator[str]:
        """Yield the lines of a sample's choices that are not blank."""
        for text in texts_in(sample, self.choices_field or ""):
            yield from filter(str.strip, text.split("\n"))

    def choose(self, scored: Sequence[Generation]) -> Generation:
        """Return the chosen one of the choices, scored as `Engine.score` does."""
        totals = [sum(token.logprob for token in choice.tokens) for choice in scored]
        if self.choose_by == "mean_logprob":
            totals = [
                total / len(choice.tokens) for total, choice in zip(totals, scored, strict=True)
            ]
        best = max(range(len(scored)), key=totals.__getitem__)  # the first of equal ones
        return replace(scored[best], choice_logprobs=tuple(totals))

    def parse(
        self, generation: Generation, sample: Sample, reader: AnswerReader
    ) -> tuple[object, bool]:
        text, complete = super().parse(generation, sample, reader)
        if self.choose_by != "answer":
            return text, complete and self._are_whole(sample)
        choices = [choice.casefold() for choice in self.choices_of(sample)]
        is_chosen = not choices or one_line(str(text)).casefold() in choices
        return text, complete and is_chosen

    def _are_whole(self, sample: Sample) -> bool:
        """Return whether no choice of a sample was cut or left out."""
        if self.choices_field is None:
            return True
        lines = {" ".join(line.split()) for line in self._lines(sample)}
        return len(lines) <= MOST_CHOICES and all(len(line) <= LONGEST for line in lines)
