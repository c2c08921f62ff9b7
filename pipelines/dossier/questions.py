"""The questions that neither rows nor record answer: they are left open by name."""

from collections.abc import Iterator
from typing import NamedTuple

from pipelines.dossier.facts import Facts


class Question(NamedTuple):
    """A question that the maker of the dataset must answer."""

    name: str  # by which the documents refer to it
    text: str


def open_questions(facts: Facts) -> Iterator[Question]:
    """Yield the questions that the facts leave open."""
    yield Question("purpose", "For what purpose was the dataset made, and by whom was it paid?")
    yield Question("creator", "Who made the dataset, and who answers questions about it?")
    yield Question("address", "At which URL, and since when, is the dataset published?")
    yield Question("license", "Under which license is the dataset passed on?")
    if facts.rows.license_column is None:
        yield Question(
            "rights", "Who holds the rights in images and texts? No carried column is a license."
        )
    yield Question("collection", "How, when and from whom were the images and texts collected?")
    if facts.rows.url_column is None:
        yield Question("origin", "From which sites do the images come? No carried column is a URL.")
    yield Question("consent", "Did the people in the images consent, and how can they withdraw?")
    if facts.has_text and not facts.languages():
        yield Question("languages", "In which languages are the texts? No filter detected them.")
    if not facts.images_judged:
        yield Question(
            "image safety", "What do the images show? No filter of the job judged them by a model."
        )
    if not facts.has_subgroups:
        yield Question(
            "subgroups",
            "How good and how safe is the content for each group of people?",
        )
    if facts.provenance.model and not facts.terms:
        yield Question("model terms", "Which terms bind the answers of the model?")
    yield Question("uses", "For which uses is the dataset meant, and for which is it not fit?")
    yield Question("maintenance", "Who corrects errors and requests for erasure, and until when?")


def asked(facts: Facts, *names: str) -> str:
    """Return the reference to those of the named questions that are open; empty if none is."""
    known = [each.name for each in open_questions(facts) if each.name in names]
    return f"Open: {', '.join(f'*{name}*' for name in known)}." if known else ""
