"""Conditions over rows select what DuckDB selects, and nothing but values of rows can be named."""

import re

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config.condition import LONGEST, Condition
from schemas.errors import JobError
from schemas.tables import output_schema

SCHEMA = output_schema({"page": pa.string(), "likes": pa.int64()}, {"caption": pa.string()})


def _row(
    index: int, logprob: float | None, caption: str | None, likes: int | None
) -> dict[str, object]:
    return {
        "shard": "a.tar",
        "index": index,
        "status": "kept",
        "scores": [{"name": "image_size.aspect", "value": index / 2}],
        "redactions": [],
        "truncated": index % 2 == 0,
        "page": f"https://example.org/{index}",
        "likes": likes,
        "caption": caption,
        "caption_info": {"status": "ok", "mean_logprob": logprob, "num_tokens": index},
    }


ROWS = pa.RecordBatch.from_pylist(
    [
        _row(0, -0.9, "a cat", 3),
        _row(1, -0.7, "A dog's ball", None),
        _row(2, None, None, -2),
        _row(3, -0.1, "", 10),
        _row(4, -2.5, "a cat on a mat", 0),
    ],
    SCHEMA,
)

CONDITIONS = [
    "caption_info.mean_logprob < -0.7",
    "caption_info.mean_logprob <= -0.75 or likes > 2",
    "NOT caption_info.mean_logprob < -0.7",
    "caption IS NULL",
    "caption is not null and not likes is null",
    "caption = 'a cat' or caption = 'A dog''s ball'",
    "caption <> 'a cat'",
    "caption in ('a cat', '')",
    "likes not in (3, 10)",
    "likes in (3, null)",
    "likes not in (3, null)",
    "likes between 0 and 3",
    "likes not between -2 and 0",
    "caption like 'a%mat'",
    "caption not like '_ cat%'",
    "caption ilike 'a D%'",
    "truncated",
    "not truncated and index >= 1",
    "truncated is true or likes is null",
    "truncated is not false",
    "likes = null or index = 1",
    "length(caption) > 5",
    "len(scores) = 1 and likes < 1e1",
    "caption_info.status = 'ok' and (likes = 3 or likes = 10) and not (index = 0)",
    "index = 0 or index = 1 and likes = 3",
    '"caption_info"."num_tokens" > +2',
    "Likes > INDEX",
    ".5 < likes",
    "1 < 2",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_selects_what_sql_selects(text: str) -> None:
    rows = duckdb.from_arrow(pa.Table.from_batches([ROWS]))
    found = rows.filter(_in_sql(text)).select('"index"').fetchall()
    condition = Condition(text)
    condition.check(SCHEMA, "there")
    selected = [index for index, taken in enumerate(condition.select(ROWS)) if taken]
    assert selected == sorted(index for (index,) in found)


def _in_sql(text: str) -> str:
    return re.sub(r"\b(index)\b", r'"\1"', text, flags=re.IGNORECASE)


def test_a_score_is_named_as_in_the_documentation() -> None:
    condition = Condition("scores['image_size.aspect'] >= 1.5")
    assert condition.select(ROWS) == [False, False, False, True, True]
    assert condition.columns(SCHEMA) == ["scores"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "expects a column.*not the end"),
        ("   ", "not the end"),
        ("caption =", "not the end"),
        ("caption = 'open", "not \"'open"),
        ("caption = 'a' caption", 'expects and, or, or the end, not "caption"'),
        ("(likes > 1", r"expects \), not the end"),
        ("likes > 1; drop table x", 'not "; drop table x"'),
        ("likes > (select 1)", r'expects a column.*not "\(select 1\)"'),
        ("exists (select 1)", r'not "\(select 1\)"'),
        ("read_text('/etc/passwd') = 'x'", r"not \"\('/etc/passwd'\)"),
        ("caption -- comment", 'not "-- comment'),
        ("caption = $$a$$", "a column"),
        ("likes not 3", "expects in, between or like"),
        ("likes is 3", "expects null, true or false"),
        ("caption like likes", "a pattern in single quotes"),
        ("scores[1] > 2", "a name in single quotes"),
        ("a.3", "name of a field|the end"),
        ("caption = 'a" + "a" * LONGEST + "'", "longer than 2,000 characters"),
        ("(" * 60 + "truncated" + ")" * 60, "more than 50 parentheses"),
        ("not " * 60 + "truncated", "more than 50 parentheses"),
    ],
)
def test_other_texts_are_refused_in_one_line(text: str, named: str) -> None:
    with pytest.raises(JobError, match=f"^where: .*({named})") as error:
        Condition(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "captoin = 'a'",
            r"where: there has no column captoin: it has caption, caption_info and "
            "18 more: `shardmill schema there` lists all",
        ),
        ("caption_info.logprob < 0", r"no field caption_info\.logprob: it has status, finish"),
        ("caption.status = 'ok'", r"no field caption\.status: it has none"),
        ("caption['a'] = 1", "caption has no named values"),
        ("caption < 3", "different types"),
        ("caption", "different types"),
        ("likes and truncated", "different types"),
        ("length(likes) > 2", "different types"),
        ("caption_info = 'ok'", "different types"),
        ("likes like 'a'", "different types"),
    ],
)
def test_names_and_types_are_checked_against_the_rows(text: str, named: str) -> None:
    condition = Condition(text)
    with pytest.raises(JobError, match=named) as error:
        condition.check(SCHEMA, "there")
    assert "\n" not in str(error.value)


@settings(max_examples=50)
@given(st.text(st.sampled_from("caption likes<>=()'\".[]01-+,andotri%\n\0é"), max_size=60))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        condition = Condition(text)
        condition.check(SCHEMA, "there")
    except JobError:
        return
    assert len(condition.select(ROWS)) == len(ROWS)
