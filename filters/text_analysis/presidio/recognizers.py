"""Builds presidio-analyzer's recognizers by name, and those of a file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import regex
import tldextract
from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, predefined_recognizers
from presidio_analyzer.predefined_recognizers import EmailRecognizer

from filters.text_analysis.presidio.recognizer_file import FIELD, FileRecognizer
from schemas.errors import JobError

# Presidio's other recognizers load models, which they may download, or ask services.
_ROOMS = tuple(
    f"{predefined_recognizers.__name__}.{room}." for room in ("generic", "country_specific")
)
_MAX_LISTED = 8  # names in an error


class OfflineEmailRecognizer(EmailRecognizer):  # type: ignore[misc]  # presidio is not typed
    """Presidio's recognizer, with the list of domains that tldextract ships.

    Presidio's own downloads the list at the first e-mail address, and keeps it in the home folder.
    """

    _extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def validate_result(self, pattern_text: str) -> bool:
        return bool(self._extract(pattern_text).fqdn)


def build_recognizers(
    names: Sequence[str], file: Sequence[FileRecognizer], languages: tuple[str, ...]
) -> list[EntityRecognizer]:
    """Return the recognizers, one object for each language.

    `names` are names of presidio's classes. Raises JobError, which begins with the field.
    """
    found = [
        _build(_class_of(name, "recognizers"), language, (), "recognizers", name)
        for name in names
        for language in languages
    ]
    for recognizer in file:
        place = f"{FIELD}: {recognizer.name}"
        for language, context in recognizer.context_by_language(languages).items():
            if language not in languages:
                raise JobError(
                    f"{place} is of the language {language!r}: add it to `languages`, or write "
                    "`enabled: false`"
                )
            if recognizer.type == "predefined":
                name = recognizer.class_name or recognizer.name
                found.append(_build(_class_of(name, FIELD), language, context, FIELD, name))
            else:
                found.append(_custom(recognizer, language, context, place))
    return found


def known_names() -> dict[str, type[EntityRecognizer]]:
    """Return presidio's recognizers that need neither a model nor a service, by name."""
    return {
        name: each
        for name, each in vars(predefined_recognizers).items()
        if isinstance(each, type)
        and issubclass(each, EntityRecognizer)
        and each.__module__.startswith(_ROOMS)
    }


def _class_of(name: str, field: str) -> type[EntityRecognizer]:
    known = known_names()
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, known, 1, 0.7)
        advice = f"write {near[0]}" if near else "take one such as CreditCardRecognizer"
        raise JobError(
            f"{field}: presidio-analyzer has no recognizer {name[:100]!r} that needs neither a "
            f"model nor a service: {advice}"
        )
    return OfflineEmailRecognizer if name == "EmailRecognizer" else known[name]


def _build(
    kind: type[EntityRecognizer], language: str, context: Sequence[str], field: str, name: str
) -> EntityRecognizer:
    words: Mapping[str, Any] = {"context": list(context)} if context else {}
    try:
        return kind(supported_language=language, **words)
    except (TypeError, ValueError, ImportError):
        raise JobError(
            f"{field}: {name} cannot be made for the language {language!r}: remove it"
        ) from None


def _custom(
    recognizer: FileRecognizer, language: str, context: Sequence[str], place: str
) -> EntityRecognizer:
    return PatternRecognizer(
        supported_entity=recognizer.entity,
        name=recognizer.name,
        supported_language=language,
        patterns=list(_patterns(recognizer, place)),
        deny_list=list(recognizer.deny_list) or None,
        deny_list_score=recognizer.deny_list_score,
        context=list(context) or None,
    )


def _patterns(recognizer: FileRecognizer, place: str) -> Iterator[Pattern]:
    for pattern in recognizer.patterns:
        try:
            regex.compile(pattern.regex)
        except regex.error as error:
            raise JobError(
                f"{place}: the regular expression of {pattern.name!r} is wrong: {error.msg} at "
                f"character {(error.pos or 0) + 1}: correct it"
            ) from None
        yield Pattern(pattern.name, pattern.regex, pattern.score)
