"""Values of the owners' algorithms on tables made here.

TEDS is PubTabNet's: lxml 6.1.3 reads the tables, apted 1.0.3 gives the distances, and the larger
number of elements below `<table>` divides them. GriTS is that of microsoft/table-transformer, whose
IoU divides by the rectangle around both spans. 1,500 random tables gave equal values.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.metric import Scored
from pipelines.evaluation.metrics.table_html import read_grid, read_table

HEAD = "<table><thead><tr><td>a</td><td>{}</td></tr></thead><tbody><tr><td>1</td><td>2</td></tr>"
SMALL = HEAD.format("b") + "</tbody></table>"
LONGER = HEAD.format("c") + "<tr><td>3</td><td></td></tr></tbody></table>"
WIDE = '<table><tr><td colspan="2">head <b>x</b></td></tr><tr><td>1</td><td>2</td></tr></table>'
TALL = (
    '<table><tbody><tr><td rowspan="2">r</td><td>one</td><td>two</td></tr><tr><td>three</td>'
    "<td>four</td></tr><tr><td>five</td><td>six</td><td>7</td></tr></tbody></table>"
)
WORDS = (
    "<table><tbody><tr><td>r</td><td>one</td></tr>"
    "<tr><td>tree</td><td>for</td></tr></tbody></table>"
)
MARKED = "<table><tr><td>a <b>x</b></td><td><i>y</i>z</td></tr><tr><td>1</td></tr></table>"
NAMES = ("teds", "s_teds", "grits_top", "grits_con")


def scores(answer: str, reference: str) -> list[float]:
    return [
        METRICS[name].scores(METRICS[name].statistics([Scored(answer, (reference,))]))[0]
        for name in NAMES
    ]


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        (SMALL, LONGER, [0.6363636363636364, 0.7272727272727273, 0.8, 0.6]),
        (SMALL, WIDE, [0.5, 0.5, 0.75, 0.5625]),
        (SMALL, TALL, [0.0, 0.33333333333333337, 0.6153846153846154, 0.0]),
        (LONGER, WIDE, [0.36363636363636365, 0.36363636363636365, 0.6, 0.45]),
        (WIDE, TALL, [0.16666666666666663, 0.33333333333333337, 6 / 13, 0.058741258741258746]),
        (WIDE, WORDS, [0.2857142857142857, 0.5714285714285714, 0.75, 0.05]),
        (MARKED, WORDS, [0.2857142857142857, 0.7142857142857143, 1.0, 0.0]),
        (TALL, WORDS, [0.4625, 0.5833333333333333, 8 / 13, 0.4076923076923077]),
    ],
)
def test_tables(answer: str, reference: str, expected: list[float]) -> None:
    assert scores(answer, reference) == pytest.approx(expected)
    assert scores(reference, answer) == pytest.approx(expected)


@pytest.mark.parametrize("table", [SMALL, LONGER, WIDE, TALL, WORDS])
def test_a_table_equals_itself_and_nothing_else_is_one(table: str) -> None:
    assert scores(table, table) == [1, 1, 1, 1]
    assert scores("", table) == scores("no table", table) == [0, 0, 0, 0]


def test_end_tags_may_be_missing() -> None:
    loose = "see <table><tbody><tr><td>r<td>one<tr><td>tree<td>for"
    assert scores(loose, WORDS) == [1, 1, 1, 1]


def test_marks_in_a_cell_are_tokens() -> None:
    table = read_table("<table><tr><td>a<b>c<br>d</td></tr></table>")
    assert table is not None
    cell = [*table.walk()][-1]
    assert cell.tokens == ["a", "<b>", "c", "<br>", "</br>", "d", "</b>"]


def test_tables_that_are_too_large_are_none() -> None:
    row = "<tr>" + "<td>x</td>" * 50 + "</tr>"
    assert read_table("<table>" + row * 39 + "</table>") is not None
    assert read_table("<table>" + row * 40 + "</table>") is None
    assert read_grid("<table>" + row * 20 + "</table>") is not None
    assert read_grid("<table>" + row * 21 + "</table>") is None
    assert read_grid('<table><tr><td colspan="99999999" rowspan="2">x</td></tr></table>') is None
    assert read_table("<table>" + "<table>" * 5000) is None


TAGS = "<table> </table> <tr> <td> <th> </tr> </td> <b> </b> x <tbody> </tbody> <br> < &amp;"
SPANS = ('<td rowspan="3">', '<th colspan="2">')


@given(st.lists(st.sampled_from([*TAGS.split(), *SPANS]), max_size=30).map("".join))
def test_any_text_is_read(text: str) -> None:
    results = scores(text, TALL)
    assert all(-1 <= score <= 1 for score in results)
    if read_table(text) is not None:
        assert METRICS["teds"].corpus(METRICS["teds"].statistics([Scored(text, (text,))])) == {
            "teds": 1
        }
