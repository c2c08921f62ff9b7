"""The review page: what it contains, and that no content of a sample can act in it."""

import csv
import io
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from math import inf, nan
from pathlib import Path

import pytest
from support.sample_data import encoded, picture

from pipelines.planning.decisions import CSV_COLUMNS, read_decisions, unescape_cell
from pipelines.review import Drawn, ReviewSample, write_review_page
from pipelines.review.page import MAX_TEXT
from pipelines.review.sample import COLUMNS
from pipelines.storage.resolve import STORAGE

HOSTILE = "</script><script>alert(1)</script><!--<script> &amp; \u2028 \"'"


class Page(HTMLParser):
    """The elements of a page, and the content of its scripts and styles."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.contents: dict[str, list[str]] = {}
        self._open = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag in ("script", "style"):
            self._open = found.get("class") or found.get("id") or tag
            self.contents.setdefault(self._open, []).append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.contents[self._open][-1] += data

    def samples(self) -> list[dict[str, object]]:
        return [json.loads(each) for each in self.contents["sample"]]

    def policy(self) -> str:
        return next(found["content"] or "" for _, found in self.tags if "http-equiv" in found)


def sample(index: int, text: str = "a text", **fields: object) -> ReviewSample:
    values: dict[str, object] = {"key": f"key{index}", "texts": {"source_text": text}, **fields}
    digest = f"{index:064x}"
    return ReviewSample("a/0.tar", index, digest, "quarantined", "words", "odd", **values)  # type: ignore[arg-type]


def write(folder: Path, *samples: ReviewSample, title: str = "title") -> Page:
    path = folder / "review.html"
    number = write_review_page(path, iter(samples), title=title, question="?", output_id="f" * 64)
    assert number == len(samples)
    return Page(path)


def test_samples_are_in_the_page_in_their_order(tmp_path: Path) -> None:
    small = encoded(picture(40, 30), "WEBP")
    page = write(tmp_path, sample(3, picture=small), sample(1))
    assert [each["index"] for each in page.samples()] == [3, 1]
    pictures = [b64decode(json.loads(each)) for each in page.contents["picture"]]
    assert pictures == [small, b""]


def test_no_content_ends_its_script(tmp_path: Path) -> None:
    hostile = sample(0, HOSTILE, key=HOSTILE)
    page = write(tmp_path, hostile, title=HOSTILE)
    (found,) = page.samples()
    assert found["texts"] == [["source_text", HOSTILE]]
    assert found["key"] == HOSTILE
    assert len(page.contents["sample"]) == len(page.contents["picture"]) == 1
    assert [name for name, found in page.tags if name == "script"] == ["script"] * 4
    assert "alert" not in "".join(page.contents["script"])


def test_the_policy_allows_this_script_and_style_alone(tmp_path: Path) -> None:
    page = write(tmp_path, sample(0))
    policy = dict(part.split(" ", 1) for part in page.policy().split("; "))
    for directive, content in (("script-src", "script"), ("style-src", "style")):
        (text,) = page.contents[content]
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"


def test_the_page_loads_nothing(tmp_path: Path) -> None:
    page = write(tmp_path, sample(0))
    assert not any({"src", "href", "action"} & found.keys() for _, found in page.tags)
    assert not any(name in ("link", "iframe", "object", "embed", "base") for name, _ in page.tags)
    for part in (*page.contents["script"], *page.contents["style"]):
        assert "http" not in part
        assert "url(" not in part
        assert "innerHTML" not in part


def test_every_button_and_field_has_a_name(tmp_path: Path) -> None:
    write(tmp_path, sample(0))
    text = (tmp_path / "review.html").read_text()
    assert text.count("<button") == text.count("<kbd>") == 9
    assert '<label>Go to <input id="number"' in text
    assert 'aria-live="polite"' in text
    assert "alt=" in text


@pytest.mark.parametrize("key", ["=1+1", "-2", "@x", "'", 'a,"b"\r\nc', "ключ", ""])
def test_the_cells_are_those_that_decisions_read(key: str, tmp_path: Path) -> None:
    drawn = Drawn("words.odd", -0.25, -inf, 0.5, 7, 3)
    (found,) = write(tmp_path, sample(4, key=key, drawn=drawn)).samples()
    cells = found["cells"]
    assert isinstance(cells, list)
    named = dict(zip(COLUMNS, map(unescape_cell, cells), strict=True))
    assert named["key"] == key
    assert named["value"] == "-0.25"
    text = io.StringIO()
    csv.writer(text).writerows([[*COLUMNS, "decision"], [*cells, "reject"]])
    (tmp_path / "decisions.csv").write_text(text.getvalue(), newline="")
    decision = read_decisions(str(tmp_path / "decisions.csv"), STORAGE).of("a/0.tar", 4)
    assert decision is not None
    assert (decision.accepted, decision.filter, decision.score) == (False, "words", "words.odd")
    assert decision.stratum == (-inf, 0.5)


def test_every_column_but_the_decision_has_a_cell(tmp_path: Path) -> None:
    page = write(tmp_path, sample(0))
    (settings,) = map(json.loads, page.contents["settings"])
    assert settings["columns"] == list(CSV_COLUMNS)
    assert CSV_COLUMNS[-1] == "decision"


def test_long_texts_are_cut_and_scores_are_numbers_in_short(tmp_path: Path) -> None:
    scores = {"b": nan, "a": 0.123456}
    (found,) = write(tmp_path, sample(0, "x" * (MAX_TEXT + 5), scores=scores)).samples()
    assert found["texts"] == [["source_text", "x" * MAX_TEXT + "… (5 more characters)"]]
    assert found["scores"] == [["a", "0.1235"], ["b", "nan"]]


def test_a_page_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def failing() -> Iterator[ReviewSample]:
        yield sample(0)
        raise ValueError("failing")

    with pytest.raises(ValueError, match="failing"):
        write_review_page(tmp_path / "x.html", failing(), title="", question="", output_id="")
    assert list(tmp_path.iterdir()) == []


def test_samples_are_written_as_they_come(tmp_path: Path) -> None:
    made = written = 0

    def coming() -> Iterator[ReviewSample]:
        nonlocal made
        for index in range(5):
            assert written == made
            made += 1
            yield sample(index)

    def count() -> None:
        nonlocal written
        written += 1

    settings = {"title": "", "question": "", "output_id": ""}
    assert write_review_page(tmp_path / "x.html", coming(), **settings, on_sample=count) == 5


def test_without_samples_no_page_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    assert write_review_page(path, [], title="", question="", output_id="") == 0
    assert list(tmp_path.iterdir()) == []


def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path, sample(0), sample(1))
    before = (tmp_path / "review.html").read_bytes()
    write(tmp_path, sample(0), sample(1))
    assert (tmp_path / "review.html").read_bytes() == before


def test_nothing_of_a_sample_is_in_its_repr() -> None:
    assert "secret" not in repr(sample(0, "secret", key="secret"))
