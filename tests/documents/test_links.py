"""Links of the documents: their files and headings exist."""

import re
from pathlib import Path

import pytest
from support.document_blocks import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("demo/**/*.md")])
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)">')


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document, as GitHub makes them of headings."""
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    found = set(_ANCHOR.findall(text))
    for heading in _HEADING.findall(text):
        words = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(words if words not in found else f"{words}-1")
    return found


def missing(document: Path, link: str) -> str:
    """Say what a link lacks; an empty text if it lacks nothing."""
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    if not target.exists():
        return f"{link}: no such file"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return f"{link}: no such heading"
    return ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_has_its_target(document: Path) -> None:
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    links = [link for link in _LINK.findall(text) if not re.match(r"[a-z]+:", link)]
    assert [fault for link in links if (fault := missing(document, link))] == []


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("docs/nothing.md", "docs/nothing.md: no such file"),
        ("docs/runs.md#nowhere", "docs/runs.md#nowhere: no such heading"),
        ("docs/runs.md#exit-codes", ""),
        ("docs/jobs.md#where", ""),
    ],
)
def test_a_broken_link_is_found(link: str, fault: str) -> None:
    assert missing(ROOT / "README.md", link) == fault
