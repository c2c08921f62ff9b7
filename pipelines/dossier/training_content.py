"""Writes what rows tell for the EU's public summary of training content.

The template is that of the European Commission for Article 53(1)(d) of Regulation (EU) 2024/1689,
published on 24 July 2025. It is about a model; a dataset answers a part of it.
"""

from collections.abc import Iterator, Sequence
from math import inf

from pipelines.dossier.facts import Facts
from pipelines.dossier.markdown import code, number, share, table, text
from pipelines.dossier.row_scan import NO_HOST
from schemas.counted import counted

# The ranges of the template: below which number, and its words.
_Ranges = tuple[tuple[float, str], ...]
_IMAGES: _Ranges = (
    (1e6, "less than 1 million"),
    (1e9, "1 million to 1 billion"),
    (inf, "more than 1 billion"),
)
_HOURS: _Ranges = (
    (1e4, "less than 10,000 hours"),
    (1e6, "10,000 to 1 million hours"),
    (inf, "more than 1 million hours"),
)
_TOKENS: _Ranges = (
    (1e9, "less than 1 billion tokens"),
    (1e13, "1 billion to 10 trillion tokens"),
    (inf, "more than 10 trillion tokens"),
)
_OPEN = "**open**"


def training_content_page(facts: Facts) -> str:
    """Return the page; equal facts give equal text."""
    return "\n".join(_lines(facts)).rstrip() + "\n"


def _lines(facts: Facts) -> Iterator[str]:
    yield f"# Summary of training content: what {text(facts.name)} answers"
    yield ""
    yield (
        "Rows follow the template for the public summary of training content (Regulation (EU) "
        "2024/1689, Article 53(1)(d)). The template is about a model: its provider adds up all "
        f"datasets, and answers what is {_OPEN} here."
    )
    yield ""
    yield from table(["section", "asked for", "from this dataset"], list(_rows(facts)))
    if facts.rows.url_column:
        yield from _domains(facts)


def _rows(facts: Facts) -> Iterator[Sequence[str]]:
    rows, counts = facts.rows, facts.counts
    yield "1.1", "provider: name, contact, representative in the Union", _OPEN
    yield "1.2", "model: name, versions, dependencies, date of placing on the market", _OPEN
    kept, hours = counts.kept, rows.seconds / 3600
    images = "none" if facts.has_video else f"{_range(kept, _IMAGES)}: {number(kept)}"
    videos = f"{_range(hours, _HOURS)}: {hours:,.2f} h" if facts.has_video else "none"
    yield "1.3", "images: size", images
    yield "1.3", "video: size", videos
    yield "1.3", "audio: size", "none is read"
    yield "1.3", "text: size", "; ".join(_texts(facts)) or "none"
    yield "1.3", "latest date of data acquisition", _OPEN
    found = sorted(facts.languages().items(), key=lambda pair: (-pair[1], pair[0]))
    told = ", ".join(f"{code(name)} {share(n, counts.kept)}" for name, n in found)
    yield "1.3", "linguistic characteristics", told or _OPEN
    yield "2.1", "publicly available datasets", _OPEN
    yield "2.2", "private datasets of third parties, licensed or not", _OPEN
    hosts = f"{number(rows.num_hosts)} hosts in {code(rows.url_column)}, below"
    yield "2.3", "crawled data: crawlers, periods, purposes", _OPEN
    yield "2.3", "crawled data: domain names", hosts if rows.url_column else _OPEN
    yield "2.4", "user data", _OPEN
    synthetic = "none by this job"
    if facts.tasks:
        names = ", ".join(code(each.name) for each in facts.tasks)
        synthetic = f"columns {names}, by {code(facts.provenance.model)}"
    yield "2.5", "synthetic data: modality, models", synthetic
    yield "2.6", "other sources", _OPEN
    opt_outs = [each for each in facts.filters if each.settings.get("kind") == "opt_out"]
    yield "3.1", "respect of reservations of rights", _did(opt_outs, facts)
    safety = [each for each in facts.filters if _is_safety(str(each.settings.get("kind")))]
    yield "3.2", "removal of illegal content", _did(safety, facts)
    redacted = ", ".join(f"{code(name)} {number(n)}" for name, n in counts.redactions.items())
    yield "3.3", "other: personal data replaced", redacted or "none"


def _is_safety(kind: str) -> bool:
    parts = ("nsfw", "porn", "safety", "hash_list", "toxicity")
    return any(part in kind for part in parts)


def _did(filters: Sequence[object], facts: Facts) -> str:
    """Return what filters rejected; open if there are none."""
    chosen = [each for each in facts.filters if each in filters]
    told = (
        f"{code(each.name)}: {counted(sum(each.rejected.values()), 'sample')} rejected"
        for each in chosen
    )
    return "; ".join(told) or _OPEN


def _range(value: float, ranges: _Ranges) -> str:
    return next(name for most, name in ranges if value < most)


def _texts(facts: Facts) -> Iterator[str]:
    if facts.tasks:
        tokens = sum(each.tokens for each in facts.tasks)
        yield f"{_range(tokens, _TOKENS)} in answers of the model: {number(tokens)}"
    if facts.has_text:
        yield f"{number(facts.rows.characters)} characters of source texts"


def _domains(facts: Facts) -> Iterator[str]:
    """Yield the table of the commonest hosts: the tenth of them that the template asks for."""
    hosts = [(name, n) for name, n in facts.rows.hosts if name != NO_HOST]
    tenth = -(-facts.rows.num_hosts // 10)
    shown = hosts[:tenth]
    covered = sum(n for _, n in shown)
    yield (
        f"The top 10 % of {number(facts.rows.num_hosts)} hosts are {number(tenth)}; "
        f"{number(len(shown))} are named here, with "
        f"{share(covered, facts.rows.kept)} of the kept samples."
    )
    yield ""
    yield from table(["host", "kept samples"], ([text(name), number(n)] for name, n in shown))
