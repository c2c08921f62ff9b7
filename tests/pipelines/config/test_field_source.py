"""Tests the syntax of sources: what is read, what is refused, and that sources can be written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config.field_source import FieldSource

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
POSITIONS = st.integers(0, 9_999_999)


@settings(max_examples=50)
@given(NAMES, st.lists(NAMES | POSITIONS, max_size=4), st.booleans())
def test_a_source_that_was_written_is_read_as_the_same(
    name: str, path: list[str | int], each: bool
) -> None:
    source = FieldSource(name, tuple(path), each)
    assert FieldSource.parse(str(source)) == source


@settings(max_examples=50)
@given(st.text('ab.:"\\ \n0each', max_size=12))
def test_a_text_is_refused_or_has_one_meaning(text: str) -> None:
    try:
        source = FieldSource.parse(text)
    except ValueError:
        return
    assert FieldSource.parse(str(source)) == source


@pytest.mark.parametrize(
    ("text", "name", "path", "each"),
    [
        ("txt", "txt", (), False),
        ("outputs.txt", "outputs.txt", (), False),
        ("alt text", "alt text", (), False),
        ("a-b", "a-b", (), False),
        ("meta:caption", "meta", ("caption",), False),
        ("json:author.name", "json", ("author", "name"), False),
        ("json:alt text.x", "json", ("alt text", "x"), False),
        ('json:"alt.text".x', "json", ("alt.text", "x"), False),
        ('json:"og:title"', "json", ("og:title",), False),
        ('json:"a\\"b\\\\"', "json", ('a"b\\',), False),
        ('"p:q":x', "p:q", ("x",), False),
        ("json:captions.0", "json", ("captions", 0), False),
        ('json:"0"', "json", ("0",), False),
        ("json:captions.each", "json", ("captions",), True),
        ("tags:each", "tags", (), True),
        ('json:"each"', "json", ("each",), False),
        ("__file__", "__file__", (), False),
    ],
)
def test_sources(text: str, name: str, path: tuple[str | int, ...], each: bool) -> None:
    assert FieldSource.parse(text) == FieldSource(name, path, each)


@pytest.mark.parametrize(
    "text",
    [
        *["", " txt", "txt ", ".txt", "json:", ":url", "a:b:c", "json:a..b", "json:.a", '"a'],
        *['a"b', "json:a\n", '""', "json:c.each.x", "json:" + "a." * 40 + "a", "a" * 2000],
    ],
)
def test_malformed_sources_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is neither|steps|last step"):
        FieldSource.parse(text)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("txt", "txt"),
        ("outputs.txt", "txt"),
        ("json:meta.url", "url"),
        ("json:captions.0", "captions"),
        ("json:captions.each", "captions"),
        ("tags:0", "tags"),
    ],
)
def test_a_column_is_named_after_the_last_field(text: str, column: str) -> None:
    assert FieldSource.parse(text).column == column
