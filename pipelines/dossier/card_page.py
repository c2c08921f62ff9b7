"""Writes the dataset card: README.md for the Hugging Face hub, with its header in YAML."""

import json
from collections.abc import Iterator

from pipelines.dossier import sections
from pipelines.dossier.facts import Facts
from pipelines.dossier.markdown import code, number, text
from pipelines.dossier.questions import asked
from schemas.counted import counted

# Of https://huggingface.co/tasks: what a dataset with answers of a task can train.
_CATEGORIES = {
    "caption": "image-to-text",
    "alt_text": "image-to-text",
    "describe": "image-to-text",
    "ocr": "image-to-text",
    "ocr_boxes": "image-to-text",
    "vqa": "visual-question-answering",
    "question": "visual-question-answering",
    "detect": "object-detection",
    "segment": "image-segmentation",
}
_SIZES = ((1000, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
_LARGER = ((10**7, "1M<n<10M"), (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**12, "1B<n<10B"))


def card_page(facts: Facts) -> str:
    """Return the card; equal facts give equal text."""
    return "\n".join([*_header(facts), "", *_body(facts)]).rstrip() + "\n"


def _header(facts: Facts) -> Iterator[str]:
    """Yield the YAML; values are JSON, which YAML contains. What is unknown is left out."""
    header: dict[str, object] = {"pretty_name": facts.name}
    if codes := facts.language_codes():
        header["language"] = codes
    if facts.tasks:
        header["annotations_creators"] = ["machine-generated"]
        found = {_CATEGORIES[each.kind] for each in facts.tasks if each.kind in _CATEGORIES}
        if found:
            header["task_categories"] = sorted(found)
    header["size_categories"] = [size_category(facts.counts.read)]
    header["tags"] = ["shardmill", *(["synthetic-captions"] if facts.tasks else [])]
    files = [{"split": "train", "path": "**/*.parquet"}]
    header["configs"] = [{"config_name": "default", "data_files": files}]
    yield "---"
    for name, value in header.items():
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
    yield "---"


def size_category(rows: int) -> str:
    """Return the hub's name of a number of rows."""
    return next((name for most, name in (*_SIZES, *_LARGER) if rows < most), "n>1T")


def _body(facts: Facts) -> Iterator[str]:
    counts = facts.counts
    yield f"# {text(facts.name)}"
    yield ""
    yield (
        f"{counted(counts.read, 'sample')} read, {number(counts.kept)} kept. Rows of "
        "samples that were not kept have a reason and no content. This card was written from the "
        "rows and from the record of the job; what they do not tell is listed under "
        "[open questions](#open-questions), and nothing is guessed."
    )
    yield ""
    yield f"Fingerprint of the job: {code(facts.provenance.fingerprint)}"
    yield ""
    parts = (
        ("Sources", sections.sources, ("collection", "origin", "rights", "consent")),
        ("Samples", sections.samples, ()),
        ("Filters", sections.filters, ("image safety",)),
        ("Languages", sections.languages, ("languages",)),
        ("Personal data that was replaced", sections.redactions, ()),
        ("Answers of the model", sections.model, ("model terms",)),
        ("Evaluations", sections.evaluations, ("subgroups",)),
        ("Columns", sections.columns, ()),
    )
    for title, section, names in parts:
        yield f"## {title}"
        yield ""
        lines = list(section(facts))
        yield from lines
        open_ones = asked(facts, *names)
        if open_ones:
            yield open_ones
            yield ""
        elif not lines:
            yield "None."
            yield ""
    yield "## License"
    yield ""
    for line in facts.terms:
        yield f"- {text(line)}."
    yield asked(facts, "license", "rights", "model terms")
    yield ""
    yield "## Open questions"
    yield ""
    yield from sections.questions(facts)
