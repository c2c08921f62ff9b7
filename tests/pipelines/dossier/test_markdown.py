"""No text becomes markup, and none leaves its cell, in what a renderer makes of the Markdown."""

import html
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipelines.display.result_card import result_card
from pipelines.dossier.markdown import code, table, text
from pipelines.evaluation.published import Checkpoint
from pipelines.evaluation.results import Evaluation, PartValues, Value

RENDERER = MarkdownIt("commonmark").enable("table")
TEXTS = st.one_of(
    st.text(
        st.sampled_from(list("`|\\<>&;*_[]()!#~$@:/.-=+ \n\r\t\"'0w\u202e\u200f\u061ca")),
        max_size=24,
    ),
    st.text(max_size=24),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "`a` | b",
            "a\\|b | c",
            "````",
            "www.evil.example",
            "_www.evil.example",
            "https://evil.example",
            "1. one",
            "- one",
            "===",
            "\u202eabc\u200f\u061c",
            "x" * 5000,
        ]
    ),
)


def seen(value: str) -> str:
    """Return what a reader sees of a text: one line without hidden characters."""
    hidden = [unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") for each in value]
    joiners = "\u200c\u200d"
    shown = "".join(
        " " if each and letter not in joiners else letter
        for letter, each in zip(value, hidden, strict=True)
    )
    line = shown.strip()
    return line if len(line) <= 300 else f"{line[:300]}…"


def plain(rendered: str) -> str:
    """Return the text of HTML, in which runs of spaces are one."""
    return " ".join(html.unescape(re.sub(r"</?(code|p|td|ul|li)>", "", rendered)).split())


def cells_as_github_splits(line: str) -> list[str]:
    """Split a row as cmark-gfm does: an escaped character is none that divides cells."""
    found = re.fullmatch(r"\|((?:(?:\\[!-/:-@[-`{-~]|[^|\n])*\|)*)", line)
    assert found, line
    return re.findall(r"((?:\\[!-/:-@[-`{-~]|[^|\n])*)\|", found[1])


@given(TEXTS)
def test_a_cell_stays_a_cell_and_is_read_as_it_is(value: str) -> None:
    lines = list(table(["a", "b"], [[text(value), code(value)]]))
    assert len(lines) == 4
    assert len(cells_as_github_splits(lines[2])) == 2
    rendered = RENDERER.render("\n".join(lines))
    body = rendered.partition("<tbody>")[2]
    cells = re.findall(r"<td>(.*?)</td>", body, re.DOTALL)
    expected = " ".join(seen(value).split())
    assert [plain(each) for each in cells] == [expected, expected or "(empty)"]
    tags = set(re.findall(r"<(\w+)", body))
    assert tags <= {"td", "tr", "tbody", "code"}


@given(TEXTS)
def test_a_line_of_a_list_is_read_as_it_is(value: str) -> None:
    rendered = RENDERER.render(f"- {text(value)}\n- of {code(value)}.\n")
    assert set(re.findall(r"<(\w+)", rendered)) <= {"ul", "li", "p", "code"}
    assert rendered.count("<li>") == 2
    expected = " ".join(seen(value).split())
    assert plain(rendered) == f"{expected} of {expected or '(empty)'}.".strip()


@given(TEXTS)
def test_nothing_is_a_link(value: str) -> None:
    """GitHub and the hub make links of what follows `://`, `www.` and an `@`."""
    for written in (text(value), code(f"{value}`")):
        assert not re.search(r"://|www\.|@", written, re.IGNORECASE)


@pytest.mark.parametrize("value", ["a | b", "`", "a\nb", "<b>", "\u202ea", ""])
def test_a_card_of_results_keeps_hostile_names(value: str) -> None:
    number = Value(value=0.25, low=0.1, high=0.5)
    result = Evaluation(
        output="0" * 64,
        task="caption",
        truth=f"{value}.jsonl",
        against=None,
        samples={"judged": 3},
        values={"cider": number},
        by="group",
        parts={value: PartValues(samples=2, values={"cider": number})},
        averages={},
        comparisons={},
    )
    card = result_card(result, Checkpoint("a"), None)
    rendered = RENDERER.render(card)
    assert "<b>" not in rendered
    assert f"group {seen(value) or 'empty'}: cider 0.2500 (2 samples)" in html.unescape(rendered)
    assert f"References: {seen(f'{value}.jsonl')}" in html.unescape(rendered)
