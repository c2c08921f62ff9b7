"""Tests that README and docs agree with the code."""

import re
import runpy
from pathlib import Path

import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.config.job import Job
from pipelines.display.reference import reference_page
from pipelines.display.result_card import cards_page
from pipelines.operations.run import run
from schemas.tables import CONTENT, IDENTITY, INFO

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OUTPUT = (ROOT / "docs/output.md").read_text(encoding="utf-8")
JOBS = (ROOT / "docs/jobs.md").read_text(encoding="utf-8")
_CODE = re.compile(
    r'(?:reject\("invalid", |Fault\(|fault=|return |\b(?:drop|quarantine|indeterminate)\('
    r'|check_unicode\([^,]+, |else |error=|\breason(?:: ClassVar)? ?= ?)"([a-z0-9_]+)"',
    re.DOTALL,
)


def codes() -> set[str]:
    """Return every reason code in the source."""
    sources = [*ROOT.glob("filters/**/*.py"), *ROOT.glob("pipelines/**/*.py")]
    matches = {code for path in sources for code in _CODE.findall(path.read_text(encoding="utf-8"))}
    return {code for code in matches if "_" in code}


def test_reason_codes_are_found_in_the_source() -> None:
    assert {"image_missing", "key_not_utf8", "shard_truncated", "text_repetitive"} <= codes()


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_reason_is_documented(code: str) -> None:
    assert f"`{code}`" in OUTPUT


@pytest.mark.parametrize("column", [*IDENTITY, *CONTENT, *(field.name for field in INFO)])
def test_every_column_is_documented(column: str) -> None:
    assert f"`{column}`" in OUTPUT


def test_the_reference_is_written_from_the_docstrings() -> None:
    written = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    assert written == reference_page(), "run `make reference`"


def test_the_page_of_published_figures_is_written_from_the_data() -> None:
    written = (ROOT / "docs/cards.md").read_text(encoding="utf-8")
    assert written == cards_page(), "run `make reference`"


def test_the_links_of_the_reference_lead_to_its_headings() -> None:
    page = reference_page()
    headings = [line.lstrip("# ") for line in page.splitlines() if line.startswith("#")]
    anchors = [heading.lower().replace(" ", "-").replace(".", "") for heading in headings]
    assert len(set(anchors)) == len(anchors)
    linked = re.findall(r"\(#([^)]*)\)", page) + re.findall(r"reference\.md#([^)]*)\)", JOBS)
    assert linked
    assert set(linked) <= set(anchors)


def test_the_readme_shows_a_valid_job() -> None:
    (shown,) = re.findall(r"```yaml\n(name: .*?)```", README, re.DOTALL)
    assert set(Job.parse(shown).tasks) == {"caption", "caption_es", "text", "objects"}


def test_the_example_of_a_custom_filter_works(checkpoint: Path, tmp_path: Path) -> None:
    capitals = next(member for member in pairs(1) if member[0].endswith("jpg"))
    members = [*pairs(2), ("b.jpg", capitals[1]), ("b.txt", b"BUY THIS PICTURE")]
    write_shard(tmp_path / "shards/0.tar", members)
    no_shouting = runpy.run_path(str(ROOT / "examples/own_filter.py"))["NoShouting"]
    summary = run(job(tmp_path, checkpoint, filters=[no_shouting(max_capitals=0.3)]))
    assert summary.counts_here.reasons == {"no_shouting/text_shouting": 1}
