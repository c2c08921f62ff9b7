"""Tests the prompts of the text tasks in PaliGemma's wording, with any text from the data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inference import AltText, Caption, Describe, Ocr, Prompt, Question, Vqa
from inference.families import FAMILIES
from inference.families.paligemma.languages import CODES
from inference.tasks.prompt_text import LONGEST, LONGEST_RAW, one_line, raw_prompt
from schemas.errors import JobError
from schemas.generation import Generation
from schemas.sample import Sample, Text

FAMILY = FAMILIES["paligemma"]


def sample(**texts: str) -> Sample:
    return Sample("a.tar", 0, {name: Text(text) for name, text in texts.items()}, b"", 1, 1)


@pytest.mark.parametrize(
    ("task", "prompt"),
    [
        (Caption(), "caption en"),
        (Caption(language="no"), "caption no"),
        (AltText(language="zh"), "cap zh"),
        (Describe(language="quz"), "describe quz"),
        (Ocr(), "ocr"),
        (Vqa(question="What is it?"), "answer en What is it?"),
        (Vqa(language="de", question_field="source_text"), "answer de how many?"),
        (Question(language="fr", answer="two"), "question fr two"),
        (Question(answer_field="url"), "question en a b"),
        (Prompt(text="What is the date?"), "What is the date?"),
        (Prompt(text_field="url"), "a\n\n b"),
        (Prompt(text=""), ""),
        (Prompt(text="Question: why?\nAnswer:"), "Question: why?\nAnswer:"),
        (
            Prompt(text="answer en which? choose from: a \t b"),
            "answer en which? choose from: a \t b",
        ),
    ],
)
def test_prompts_of_the_text_tasks(task: Caption, prompt: str) -> None:
    example = sample(source_text="how many?", url="\n a\r\n\n b\t")
    assert FAMILY.task_prompt(task, example) == prompt


def test_a_sample_without_the_field_has_no_prompt() -> None:
    task = Vqa(question_field="url")
    assert task.fields() == ("url",)
    assert task.intent(sample(source_text="how many?")) is None
    assert task.intent(sample(url=" \n ")) is None
    assert Vqa(question="Why?").fields() == ()


@given(st.text())
def test_text_from_the_data_becomes_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line) <= LONGEST
    assert line.splitlines() in ([], [line])
    assert line.strip() == line
    assert one_line(line) == line


def test_text_from_the_data_is_shortened() -> None:
    assert one_line("a" * (LONGEST + 1)) == "a" * LONGEST
    assert one_line("a" * LONGEST) == "a" * LONGEST
    assert one_line("a" * (LONGEST - 1) + " b") == "a" * (LONGEST - 1)


def test_languages_are_the_35_and_quechua() -> None:
    assert len(CODES) == len(set(CODES)) == 36
    assert [Caption(language=code).text_language for code in CODES] == list(CODES)


@pytest.mark.parametrize("code", ["", "EN", "xx", "iw", "en-GB"])
def test_unknown_languages_are_refused(code: str) -> None:
    with pytest.raises(JobError, match=rf"^language: '{code}' is not one of .* ar bn .* quz$"):
        FAMILY.check_task(Caption(language=code))
    FAMILY.check_task(Ocr())


@pytest.mark.parametrize(
    ("task", "name"), [(Vqa, "question"), (Question, "answer"), (Prompt, "text")]
)
def test_exactly_one_topic_is_required(task: type[Vqa], name: str) -> None:
    for topics in ({}, {name: "a", f"{name}_field": "b"}):
        with pytest.raises(ValidationError, match=f"exactly one of {name} and {name}_field"):
            task.model_validate(topics)


@pytest.mark.parametrize("text", ["", "two\nlines", "newline at the end\n", " a", "a  b"])
def test_fixed_questions_must_be_one_line(text: str) -> None:
    with pytest.raises(ValidationError, match="one line"):
        Vqa(question=text)


@pytest.mark.parametrize("text", ["newline at the end\n", " a", "a\r\nb", "a" * (LONGEST_RAW + 1)])
def test_fixed_prompts_have_no_white_space_at_their_ends(text: str) -> None:
    with pytest.raises(ValidationError, match=r"at most 2048 characters, and no white space"):
        Prompt(text=text)


@given(st.text())
def test_a_prompt_from_the_data_keeps_its_lines(text: str) -> None:
    prompt = raw_prompt(text)
    assert len(prompt) <= LONGEST_RAW
    assert prompt.strip() == prompt == raw_prompt(prompt)
    assert prompt == "\n".join(text.strip().splitlines())


def test_a_blank_prompt_from_the_data_is_not_asked() -> None:
    assert Prompt(text_field="url").intent(sample(url=" \n ")) is None
    assert Prompt(text_field="url").intent(sample()) is None


def test_answers_are_stripped() -> None:
    task = Caption()
    value, understood = task.parse(Generation((), " a cat \n"), sample(), FAMILY)
    assert (value, understood) == ("a cat", True)
    assert task.with_texts(value, tuple(map(str.upper, task.texts(value)))) == "A CAT"
