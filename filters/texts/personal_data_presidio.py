"""Redact personal data that Microsoft's Presidio and the rules of `personal_data` find."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self, get_args

import numpy as np
from pydantic import Field, PositiveInt, model_validator

from filters.base import Judge, TextFilter
from filters.classifiers.class_labels import ClassLabels
from filters.classifiers.model_filter import TOKENIZER
from filters.text_analysis.encodings import decode
from filters.text_analysis.entity_spans import InfotypeMapping, find_entities
from filters.text_analysis.language_detection import detect_language, is_in_languages
from filters.text_analysis.normalization import normalize
from filters.text_analysis.presidio.failures import RecognizerFailed
from filters.text_analysis.presidio.placeholders import Placeholder, placeholders_of
from filters.text_analysis.recognizers.recognizer import Recognizer
from filters.text_analysis.redaction import Match, outside_placeholders
from filters.text_analysis.spelled_digits import decode_digits
from filters.texts.personal_data import (
    DEFAULT_INFOTYPES,
    Infotype,
    find_matches,
    redact_all,
    select_recognizers,
    verdict_from_matches,
)
from schemas.errors import JobError
from schemas.models import ModelReference
from schemas.path_text import PathText
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, indeterminate

if TYPE_CHECKING:
    from filters.classifiers.hugging_face import TokenClassifier  # which imports torch
    from filters.text_analysis.presidio.analysis import Analyzer  # which imports presidio

_LABELS: Mapping[str, str] = {"PER": "PERSON_NAME", "PERSON": "PERSON_NAME"}
Language = Annotated[str, Field(pattern="^[a-z]{2,3}$")]


class PersonalDataPresidio(TextFilter):
    """Replace what Presidio and the rules find by placeholders such as [IBAN_CODE], or drop.

    Matches of both that overlap become one placeholder. Recognizers judge the text as it is, and
    normalized as for the rules if that changes it. Redaction is repeated until nothing more is
    found; a text that needs more than 4 passes is quarantined.
    """

    rules: ClassVar = "3"  # changes with those of personal_data, too
    versioned_packages: ClassVar = ("presidio-analyzer", "spacy")

    kind: Literal["personal_data_presidio"] = "personal_data_presidio"
    """The name of this filter."""
    recognizers: tuple[str, ...] = ()
    """Presidio's recognizers, by the names of their classes, such as `DePassportRecognizer`."""
    recognizers_file: PathText | None = None
    """A YAML file of recognizers in Presidio's format: patterns and words of your own."""
    languages: tuple[Language, ...] = Field(("en",), min_length=1)
    """The ISO 639 codes of the languages that are judged; others are `language_unsupported`.

    A text of uncertain language is judged in each of them.
    """
    threshold: float = Field(0.5, gt=0, le=1)
    """The lowest score of a match, inclusive; words nearby can raise a pattern's score by 0.35."""
    spacy_models: Mapping[Language, PathText] = {}
    """The folder of a spaCy pipeline for each of some languages: language -> folder.

    Its entities have the score 0.85. Languages without a pipeline have a tokenizer alone.
    """
    model: PathText | None = None
    """A token classifier of transformers: a hub id, or a folder with safetensors files."""
    revision: PathText = "main"
    """The branch, tag or commit of a hub id; the first run resolves it to a commit."""
    max_tokens: PositiveInt = Field(512, ge=16)
    """The most tokens of a window of text for `model`, or the model's own limit if it is lower."""
    labels: Mapping[str, Placeholder] = Field(_LABELS, min_length=1)
    """The placeholder of each label of the models: label without B- or I- -> placeholder.

    Entities with other labels stay.
    """
    placeholders: Mapping[str, Placeholder] = {}
    """The placeholder of recognizers' entities: `DE_KFZ: LICENSE_PLATE`.

    Other entities are their own placeholders, or the infotype of the rules for the same.
    """
    infotypes: tuple[Infotype, ...] = DEFAULT_INFOTYPES
    """The kinds of personal data that the rules look for, as of `personal_data`; may be empty."""
    action: Literal["redact", "drop"] = "redact"
    """`redact` replaces personal data by placeholders; `drop` drops the sample."""
    max_characters: PositiveInt = Field(20_000, le=1_000_000)
    """The most characters of a text that is judged, inclusive; others are `text_too_large`."""

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        if not (self.recognizers or self.recognizers_file or self.spacy_models or self.model):
            raise ValueError(
                "personal_data_presidio needs recognizers, recognizers_file, spacy_models or model"
            )
        for name in ("recognizers", "languages", "infotypes"):
            values: tuple[str, ...] = getattr(self, name)
            if twice := next((each for each in values if values.count(each) > 1), None):
                raise ValueError(f"{name} names {twice} more than once: once is enough")
        if missing := next(
            (each for each in self.spacy_models if each not in self.languages), None
        ):
            raise ValueError(f"spacy_models names {missing!r}, which is not in languages: add it")
        return self

    def files(self) -> tuple[str, ...]:
        return (self.recognizers_file,) if self.recognizers_file else ()

    def models(self) -> tuple[ModelReference, ...]:
        spacy = [self._spacy(language) for language in self.spacy_models]
        return (*spacy, self._transformers(self.model)) if self.model else tuple(spacy)

    def check(self, resources: Resources) -> None:
        labels = self._model_labels(resources)
        self._check_without_torch(resources)
        if labels:
            self._model_infotypes(labels)

    def load(self, resources: Resources) -> Judge[Text]:
        labels = self._model_labels(resources)
        find: Callable[[str], list[Match]] | None = None
        if self.model and labels:
            from filters.classifiers.hugging_face import TokenClassifier

            folder = resources.model(self._transformers(self.model))
            classifier = TokenClassifier(folder, resources, self.max_tokens)
            find = partial(
                _find_by_model, classifier, self._model_infotypes(labels), self.threshold
            )
        return _Judge(self, *self._analyzer(resources), find)

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return verdict_from_matches(scores, drops=self.action == "drop")

    def _spacy(self, language: str) -> ModelReference:
        path = self.spacy_models[language]
        return ModelReference(path, field=f"spacy_models.{language}", library="spacy")

    def _transformers(self, model: str) -> ModelReference:
        return ModelReference(model, self.revision, needs=(TOKENIZER,))

    def _model_labels(self, resources: Resources) -> ClassLabels | None:
        return (
            ClassLabels.read(resources.model(self._transformers(self.model)))
            if self.model
            else None
        )

    def _model_infotypes(self, known: ClassLabels) -> InfotypeMapping:
        if self.labels != _LABELS:
            return InfotypeMapping.of(known, self.labels)
        bare = {name.rpartition("-")[2].casefold() for name in known.names}
        own = {label: name for label, name in self.labels.items() if label.casefold() in bare}
        return InfotypeMapping.of(known, own or self.labels)

    def _check_without_torch(self, resources: Resources) -> None:
        """Build the analyzer once; without torch, unless a pipeline needs it."""
        from filters.text_analysis.presidio.lean_import import (
            is_loaded_without_torch,
            needs_torch,
            torch_left_out,
        )

        references = map(self._spacy, self.spacy_models)
        needing = [each for each in references if needs_torch(resources.model(each))]
        if needing and is_loaded_without_torch():
            raise JobError(
                f"{needing[0].field}: {needing[0].name!r} needs torch, and an earlier filter "
                "loaded spaCy without it: put this filter first, and start a new process"
            )
        with nullcontext() if needing else torch_left_out():
            self._analyzer(resources)

    def _analyzer(self, resources: Resources) -> "tuple[Analyzer, frozenset[str]]":
        """Return the analyzer, and all placeholders that the filter can write."""
        for package in ("presidio_analyzer", "spacy"):
            if find_spec(package) is None:
                raise JobError(f"kind: {self.kind} needs pip install 'shardmill[presidio]'")
        from filters.text_analysis.presidio.analysis import (
            SPACY_SCORE,
            Analyzer,
            blank_pipeline,
            load_pipeline,
        )
        from filters.text_analysis.presidio.recognizer_file import read_recognizer_file
        from filters.text_analysis.presidio.recognizers import build_recognizers

        path = self.recognizers_file
        listed = read_recognizer_file(resources, path) if path else ()
        recognizers = build_recognizers(self.recognizers, listed, self.languages)
        if self.spacy_models and self.threshold > SPACY_SCORE:
            raise JobError(f"threshold: entities of spaCy have the score {SPACY_SCORE}: lower it")
        pipelines = {
            language: load_pipeline(resources.model(self._spacy(language)), language, self.labels)
            if language in self.spacy_models
            else blank_pipeline(language)
            for language in self.languages
        }
        entities = sorted({entity for each in recognizers for entity in each.supported_entities})
        placeholders = placeholders_of(entities, self.placeholders)
        judged = {each.supported_language for each in recognizers}
        judged |= self.spacy_models.keys()
        if lacking := [each for each in self.languages if each not in judged and not self.model]:
            raise JobError(f"languages: no recognizer is of the language {lacking[0]!r}: remove it")
        names = {*get_args(Infotype), *placeholders.values(), *self.labels.values()}
        return Analyzer(recognizers, pipelines, placeholders, self.threshold), frozenset(names)


@dataclass(frozen=True, slots=True)
class _Judge:
    filter: PersonalDataPresidio
    analyzer: "Analyzer"
    placeholders: frozenset[str]
    find_by_model: Callable[[str], list[Match]] | None
    rules: tuple[Recognizer, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", select_recognizers(self.filter.infotypes))

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        verdicts = {item: self._judge(item) for item in dict.fromkeys(items)}
        return [verdicts[item] for item in items]

    def _judge(self, item: Text) -> Verdict:
        if len(item.value) > self.filter.max_characters:
            return indeterminate("text_too_large")
        if not is_in_languages(item, self.filter.languages):
            return indeterminate("language_unsupported")
        find = partial(self._find, languages=self._languages(item))
        try:
            return redact_all(item.value, find, drops=self.filter.action == "drop")
        except RecognizerFailed as failure:
            return indeterminate(failure.reason)

    def _languages(self, item: Text) -> Sequence[str]:
        """Return the language of a text, or all languages if it is uncertain, or a neighbor."""
        languages = self.filter.languages
        if len(languages) == 1:
            return languages
        language = item.language.partition("-")[0] or detect_language(item.value)
        return (language,) if language in languages else languages

    def _find(self, text: str, languages: Sequence[str]) -> list[Match]:
        found = self.analyzer.find(text, languages)
        normalized = decode_digits(decode(normalize(text)))
        if normalized.text != text:
            found += [
                Match(each.infotype, *normalized.span(each.start, each.end))
                for each in self.analyzer.find(normalized.text, languages)
            ]
        if self.find_by_model:
            found += self.find_by_model(text)
        outside = outside_placeholders(text, found, self.placeholders)
        return [*find_matches(text, self.rules), *outside]


def _find_by_model(
    classifier: "TokenClassifier", infotypes: InfotypeMapping, threshold: float, text: str
) -> list[Match]:
    (windows,) = classifier.judge([text])
    if not all(np.isfinite(infotypes.probabilities(window)).all() for window in windows):
        raise RecognizerFailed("score_not_finite")
    return find_entities(text, windows, infotypes, threshold)
