"""Runs presidio-analyzer over a text, with a spaCy pipeline for context words and entities."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import SpacyRecognizer
from spacy import blank, load
from spacy.language import Language

from filters.text_analysis.presidio.failures import RecognizerFailed, failures_raised
from filters.text_analysis.redaction import Match
from schemas.errors import JobError

SPACY_SCORE = 0.85  # of an entity: spaCy gives no probabilities
_WITHOUT_TOKENIZER = ("ja", "ko", "th", "vi", "zh")  # in spaCy alone


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A spaCy pipeline, and the placeholder of each label of its entities that counts."""

    nlp: Language
    infotypes: Mapping[str, str]


class Analyzer:
    """Finds matches in a text in one language or in several; safe to call in several threads."""

    def __init__(
        self,
        recognizers: Sequence[EntityRecognizer],
        pipelines: Mapping[str, Pipeline],
        infotypes: Mapping[str, str],
        threshold: float,
    ) -> None:
        """Build the analyzer; `pipelines` has each language, and `infotypes` each entity."""
        self._infotypes = infotypes
        self._threshold = threshold
        self._lock = threading.Lock()  # a pipeline's strings are freed after each text
        self._pipelines = pipelines
        engine = _Engine(pipelines)
        self._engines: dict[str, AnalyzerEngine] = {}
        for language, pipeline in pipelines.items():
            own = [each for each in recognizers if each.supported_language == language]
            if pipeline.infotypes:
                names = sorted(set(pipeline.infotypes.values()))
                own.append(SpacyRecognizer(language, names))
            if own:
                registry = RecognizerRegistry(own, supported_languages=[language])
                self._engines[language] = AnalyzerEngine(
                    registry, engine, supported_languages=[language]
                )

    def find(self, text: str, languages: Sequence[str]) -> list[Match]:
        """Return the matches in these languages; they can overlap.

        Raises RecognizerFailed if a recognizer did not look at all of the text.
        """
        found: set[tuple[int, int, str]] = set()
        with self._lock:
            for language in languages:
                if language in self._engines:
                    found.update(self._find(text, language))
        return [Match(infotype, start, end) for start, end, infotype in sorted(found)]

    def _find(self, text: str, language: str) -> Iterator[tuple[int, int, str]]:
        try:
            with self._pipelines[language].nlp.memory_zone(), failures_raised():
                results = self._engines[language].analyze(
                    text, language, score_threshold=self._threshold
                )
        except (MemoryError, RecognizerFailed):
            raise
        except Exception:  # noqa: BLE001 - of any recognizer, and its message may quote the text
            raise RecognizerFailed from None
        for result in results:
            entity = result.entity_type
            yield result.start, result.end, self._infotypes.get(entity, entity)


class _Engine(SpacyNlpEngine):  # type: ignore[misc]  # presidio is not typed
    """Gives presidio what loaded pipelines say of a text; loads and downloads nothing."""

    def __init__(self, pipelines: Mapping[str, Pipeline]) -> None:
        super().__init__()
        self.nlp = {language: pipeline.nlp for language, pipeline in pipelines.items()}
        self._pipelines = pipelines

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        pipeline = self._pipelines[language]
        doc = pipeline.nlp(text)
        entities = [entity for entity in doc.ents if entity.label_ in pipeline.infotypes]
        for entity in entities:
            entity.label_ = pipeline.infotypes[entity.label_]
        return NlpArtifacts(
            entities=entities,
            tokens=doc,
            tokens_indices=[token.idx for token in doc],
            # Presidio compares lemmas with context words; a pipeline without lemmas has words.
            lemmas=[token.lemma_ or token.lower_ for token in doc],
            nlp_engine=self,
            language=language,
            scores=[SPACY_SCORE] * len(entities),
        )


def blank_pipeline(language: str) -> Pipeline:
    """Return a tokenizer of the language; raise JobError, which begins with the field, if none is.

    Languages whose tokenizer needs a further package get the one for all languages.
    """
    try:
        return Pipeline(blank(language), {})
    except ImportError:
        if language in _WITHOUT_TOKENIZER:
            return Pipeline(blank("xx"), {})
    raise JobError(f"languages: spaCy does not know the language {language!r}: remove it")


def load_pipeline(folder: Path, language: str, labels: Mapping[str, str]) -> Pipeline:
    """Load a pipeline on the CPU; raise JobError, which begins with the field, if it does not fit.

    `labels` maps labels of entities, in any case, to placeholders.
    """
    field = f"spacy_models.{language}"
    try:
        nlp = load(folder)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - each component raises errors of its own
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise JobError(f"{field}: {str(folder)!r} cannot be loaded: {reason}") from None
    if nlp.lang not in (language, "xx"):
        raise JobError(f"{field}: {str(folder)!r} is a pipeline of the language {nlp.lang!r}")
    wanted = {label.casefold(): placeholder for label, placeholder in labels.items()}
    known = [
        label
        for name in nlp.pipe_names
        if any(each.startswith("doc.ents") for each in nlp.get_pipe_meta(name).assigns)
        for label in nlp.pipe_labels.get(name, ())
    ]
    infotypes = {each: wanted[each.casefold()] for each in known if each.casefold() in wanted}
    if not infotypes:
        raise JobError(
            f"{field}: {str(folder)!r} has none of the labels {', '.join(labels)}: set `labels` to "
            f"some of {', '.join(sorted(set(known))) or 'another pipeline: it finds no entities'}"
        )
    return Pipeline(nlp, infotypes)
