"""Reads a YAML file of recognizers in the format of presidio-analyzer, without importing it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from filters.list_file import open_list
from schemas.errors import JobError
from schemas.resources import Resources

FIELD = "recognizers_file"
_MAX_CHARACTERS = 1_000_000  # of the file

Language = Annotated[str, Field(pattern="^[a-z]{2,3}$")]  # ISO 639
Words = tuple[Annotated[str, Field(min_length=1)], ...]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FilePattern(_Strict):
    """A regular expression in the syntax of the package `regex`, and the score of its matches."""

    name: str = Field(min_length=1)
    regex: str = Field(min_length=1)
    score: float = Field(gt=0, le=1)


class _LanguageWords(_Strict):
    language: Language
    context: Words = ()


class FileRecognizer(_Strict):
    """A recognizer of the file: patterns and words of the user's, or one of presidio's classes."""

    name: str = Field(min_length=1)
    type: Literal["custom", "predefined"] = "custom"
    enabled: bool = True
    class_name: str | None = None
    supported_language: Language | None = None
    supported_languages: tuple[Language | _LanguageWords, ...] | None = Field(None, min_length=1)
    supported_entity: str | None = Field(None, min_length=1)
    supported_entities: tuple[str, ...] | None = Field(None, min_length=1, max_length=1)
    patterns: tuple[FilePattern, ...] = ()
    deny_list: Words = ()
    deny_list_score: float = Field(1.0, gt=0, le=1)
    context: Words = ()
    country_code: str | None = None  # does not matter: each recognizer is named
    version: str | None = None  # does not matter either

    @model_validator(mode="after")
    def _complete(self) -> "FileRecognizer":
        if self.supported_language and self.supported_languages:
            raise ValueError("takes supported_language or supported_languages, not both")
        if self.supported_entity and self.supported_entities:
            raise ValueError("takes supported_entity or supported_entities, not both")
        if self.type == "predefined":
            if self.patterns or self.deny_list or self.entity:
                raise ValueError(
                    "of the type predefined takes no patterns, no deny_list and no entity: "
                    "remove them, or write type: custom"
                )
        elif not self.entity:
            raise ValueError("needs a supported_entity")
        elif not self.patterns and not self.deny_list:
            raise ValueError("needs patterns or a deny_list")
        return self

    @property
    def entity(self) -> str:
        """The entity of a custom recognizer; "" for a predefined one."""
        return self.supported_entity or "".join(self.supported_entities or ())

    def context_by_language(self, languages: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Return the context words for each language of the recognizer; `languages` by default."""
        if self.supported_language:
            return {self.supported_language: self.context}
        words: dict[str, tuple[str, ...]] = {}
        for each in self.supported_languages or languages:
            if isinstance(each, str):
                words[each] = self.context
            else:
                words[each.language] = each.context or self.context
        return words


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    recognizers: tuple[FileRecognizer, ...] = Field(min_length=1)
    supported_languages: Any = None  # of presidio's registry: the filter has settings of its own
    supported_countries: Any = None
    global_regex_flags: Any = None


def read_recognizer_file(resources: Resources, path: str) -> tuple[FileRecognizer, ...]:
    """Read the enabled recognizers; raise JobError, which begins with the field, if one is wrong.

    The file has the form of presidio's own: a list `recognizers`. Unknown keys are refused.
    """
    try:
        with open_list(resources, path) as stream:
            text = stream.read(_MAX_CHARACTERS + 1)
    except JobError as error:
        raise JobError(f"{FIELD}: {str(error).removeprefix('path: ')}") from None
    if len(text) > _MAX_CHARACTERS:
        raise JobError(f"{FIELD}: {path} has more than {_MAX_CHARACTERS:,} characters: split it")
    try:
        content = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        place = f"line {mark.line + 1} of " if mark else ""
        raise JobError(f"{FIELD}: {place}{path} is not YAML: correct it") from None
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise JobError(f"{FIELD}: {path}: {_first_fault(error)}") from None
    return tuple(each for each in file.recognizers if each.enabled)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    place = ".".join(str(each) for each in fault["loc"] if not str(each).startswith("_"))
    if fault["type"] == "extra_forbidden":
        return f"{place}: this key is not known here: remove it"
    if fault["type"] in ("model_type", "model_attributes_type") and not fault["loc"]:
        return "must have a list `recognizers`"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {message[:1].lower()}{message[1:]}"
