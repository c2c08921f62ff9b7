"""Writes the datasheet, along the sections of Gebru et al., Datasheets for Datasets (2021)."""

from collections.abc import Callable, Iterator

from pipelines.dossier import sections
from pipelines.dossier.facts import Facts
from pipelines.dossier.markdown import code, number, text
from pipelines.dossier.questions import asked
from pipelines.output.forgotten import FORGET, FORGOTTEN
from schemas.counted import counted

_Section = tuple[str, tuple[Callable[[Facts], Iterator[str]], ...], tuple[str, ...]]


def datasheet_page(facts: Facts) -> str:
    """Return the datasheet; equal facts give equal text."""
    return "\n".join(_lines(facts)).rstrip() + "\n"


def _lines(facts: Facts) -> Iterator[str]:
    yield f"# Datasheet of {text(facts.name)}"
    yield ""
    yield f"Written from the rows and the record of the job {code(facts.provenance.fingerprint)}."
    yield ""
    parts: tuple[_Section, ...] = (
        ("Motivation", (), ("purpose", "creator")),
        (
            "Composition",
            (_composition, sections.samples, sections.languages, sections.columns),
            ("languages", "image safety", "subgroups"),
        ),
        ("Collection process", (sections.sources,), ("collection", "origin", "consent")),
        (
            "Preprocessing, cleaning, labeling",
            (sections.filters, sections.redactions, sections.model),
            ("model terms",),
        ),
        ("Uses", (sections.evaluations,), ("uses",)),
        ("Distribution", (_terms,), ("license", "rights", "address")),
        ("Maintenance", (_maintenance,), ("maintenance",)),
    )
    for title, written, names in parts:
        yield f"## {title}"
        yield ""
        for section in written:
            yield from section(facts)
        if open_ones := asked(facts, *names):
            yield open_ones
            yield ""
    yield "## Open questions"
    yield ""
    yield from sections.questions(facts)


def _composition(facts: Facts) -> Iterator[str]:
    rows = facts.rows
    kind = "video" if facts.has_video else "image"
    text = " and a source text" if facts.has_text else ""
    article = "an" if kind == "image" else "a"
    yield (
        f"A sample is {article} {kind}{text}, with the columns below. The rows do not hold the "
        f"{kind} file."
    )
    if rows.sides is not None:
        yield f"Sides of the {kind}s of kept samples: {rows.sides[0]} to {rows.sides[1]} pixels."
    if rows.seconds:
        yield f"Videos of kept samples: {_length(rows.seconds)}."
    if facts.has_text:
        yield f"Source texts of kept samples: {number(rows.characters)} characters."
    yield ""


def _terms(facts: Facts) -> Iterator[str]:
    for line in facts.terms:
        yield f"- {text(line)}."
    if facts.terms:
        yield ""


def _maintenance(facts: Facts) -> Iterator[str]:
    yield "`shardmill forget` erases samples by key, URL or hash, and blocks them for later runs."
    erased = facts.counts.reasons.get(f"{FORGET}/{FORGOTTEN}", 0)
    if erased:
        yield f"Erased so far: {counted(erased, 'sample')}."
    yield ""


def _length(seconds: float) -> str:
    """Write the length of all videos: in hours, or in seconds if it is less than an hour."""
    return f"{seconds / 3600:,.2f} hours" if seconds >= 3600 else f"{seconds:,.1f} seconds"
