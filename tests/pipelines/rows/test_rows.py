"""Tests that rows and answers become columns, and that rejected rows store no content."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from inference import Caption, Detect
from pipelines.config.input import Input, Limits
from pipelines.reading import RawSample
from pipelines.reading.text_fields import FieldFault
from pipelines.rows.counts import count, histograms
from pipelines.rows.row import SKIPPED, Answer, Row, answer
from pipelines.rows.table import to_arrow
from pipelines.rows.texts import FieldReader
from schemas.generation import Generation, Token
from schemas.report import Counts, add_histograms
from schemas.sample import Text
from schemas.sample_status import SampleStatus
from schemas.tables import output_schema

SCHEMA = output_schema({"url": pa.string(), "url_info": pa.string()}, {"caption": pa.string()})


def read_texts(sample: RawSample, sources: Mapping[str, str], limits: Limits) -> dict[str, Text]:
    carried = {name: source for name, source in sources.items() if name != "source_text"}
    given = Input(shards="a.tar", text=sources.get("source_text"), carry=carried, limits=limits)
    return FieldReader.of(given).read(sample).texts


def raw(key: str = "0", **members: bytes) -> RawSample:
    return RawSample(0, key, b"", members)


def kept_row(index: int = 0) -> Row:
    return Row(
        "a.tar",
        index,
        texts={name: Text(name.upper()) for name in ("key", "source_text", "url", "url_info")},
        image=b"x",
        width=30,
        height=20,
        sha256="ab",
        model_images=(np.zeros((2, 2, 3), np.uint8),),
        scores={"size.side": 20, "quality.words": 1},
        answers={"caption": Answer("ok", "a star", None, "stop", 2, -0.5)},
    )


def test_a_kept_row_stores_every_column() -> None:
    sample = kept_row()
    sample.redactions["EMAIL_ADDRESS"] = 2
    (stored,) = to_arrow([sample], SCHEMA).to_pylist()
    assert stored == {
        "shard": "a.tar",
        "index": 0,
        "key": "KEY",
        "status": "kept",
        "filter": None,
        "reason": None,
        "scores": [{"name": "quality.words", "value": 1}, {"name": "size.side", "value": 20}],
        "redactions": [{"infotype": "EMAIL_ADDRESS", "count": 2}],
        "error": None,
        "source_text": "SOURCE_TEXT",
        "width": 30,
        "height": 20,
        "num_frames": 1,
        "truncated": None,  # no step decoded the image
        "decoded_rows": None,
        "sha256": "ab",
        "url": "URL",
        "url_info": "URL_INFO",
        "caption": "a star",
        "caption_info": {
            "status": "ok",
            "finish_reason": "stop",
            "num_tokens": 2,
            "mean_logprob": -0.5,
            "raw": None,
        },
    }


@pytest.mark.parametrize("status", ["dropped", "quarantined", "invalid"])
def test_a_rejected_row_stores_its_reason_and_no_content(status: SampleStatus) -> None:
    sample = kept_row(7)
    sample.reject(status, "a_reason", "a_filter", "OSError")
    (stored,) = to_arrow([sample], SCHEMA).to_pylist()
    non_empty = {name: value for name, value in stored.items() if value}
    assert non_empty.pop("scores")
    assert non_empty == {
        "shard": "a.tar",
        "index": 7,
        "status": status,
        "filter": "a_filter",
        "reason": "a_reason",
        "error": "OSError",
    }


def test_a_rejected_row_frees_its_pixels() -> None:
    sample = kept_row()
    sample.reject("dropped", "a_reason")
    sample.free_image()
    assert (sample.image, sample.encoded, sample.frames, sample.model_images) == (
        b"",
        None,
        (),
        (),
    )
    kept = kept_row()
    kept.free_image()
    assert kept.model_images


def test_the_first_rejection_is_final() -> None:
    sample = kept_row()
    sample.reject("dropped", "first", "a_filter")
    sample.reject("quarantined", "second", "another")
    assert not sample.closed
    sample.reject("invalid", "image_undecodable", error="OSError")
    assert (sample.status, sample.reason, sample.error) == ("dropped", "first", "")
    assert sample.closed


def test_a_concealed_row_stores_only_its_reason() -> None:
    sample = kept_row()
    sample.redactions["EMAIL_ADDRESS"] = 2
    sample.language = "en"
    sample.reject("dropped", "a_reason", "a_filter")
    sample.conceal()
    (stored,) = to_arrow([sample], SCHEMA).to_pylist()
    non_empty = {name: value for name, value in stored.items() if value}
    assert non_empty.keys() == {"shard", "status", "filter", "reason"}
    counted = count([sample])
    assert (counted.languages, counted.redactions) == ({}, {})


def test_texts_and_answers_that_a_sample_lacks_are_null() -> None:
    (stored,) = to_arrow([Row("a.tar", 0)], SCHEMA).to_pylist()
    assert stored["url"] is stored["source_text"] is stored["caption"] is None
    assert stored["caption_info"]["status"] == "skipped"


def test_a_repr_shows_no_data() -> None:
    row = kept_row()
    shown = f"{row!r} {row.answers['caption']!r} {row.sample()!r} {raw(txt=b'TEXT')!r}"
    for secret in ("KEY", "SOURCE_TEXT", "URL", "a star", "TEXT", "ab'"):
        assert secret not in shown


def test_answers_have_their_mean_logprob() -> None:
    tokens = (Token(1, "a", -0.5), Token(2, " star", -1.5))
    given = answer(Generation(tokens, "a star", "length"), "a star", True, Caption(logprobs=True))
    assert given.info() == {
        "status": "ok",
        "finish_reason": "length",
        "num_tokens": 2,
        "mean_logprob": -1.0,
        "raw": None,
    }
    assert given.logprobs == (-0.5, -1.5)
    empty = answer(Generation((), ""), [], False, Detect(labels=("star",)))
    assert (empty.status, empty.num_tokens, empty.mean_logprob) == ("partial", 0, None)
    assert empty.logprobs is None
    assert empty.raw == ""


def test_withholding_an_answer_removes_its_value_and_raw_text() -> None:
    given = Answer("partial", ["a"], "raw", "stop", 2, -0.5, (-0.4, -0.6))
    given.withhold("dropped", "a_filter/a_reason")
    assert given.logprobs is None
    assert (given.status, given.value, given.raw) == ("dropped", None, None)
    assert given.num_tokens == 2
    assert (SKIPPED.status, SKIPPED.value) == ("skipped", None)


def test_counts_contain_the_reasons_of_rejected_rows() -> None:
    rows = [kept_row(index) for index in range(6)]
    rows[0].reject("dropped", "small", "size")
    rows[1].reject("dropped", "small", "size")
    rows[2].reject("quarantined", "language", "toxicity")
    rows[3].reject("invalid", "image_missing")
    assert count(rows) == Counts(
        read=6,
        kept=2,
        dropped=2,
        quarantined=1,
        invalid=1,
        reasons={"invalid/image_missing": 1, "size/small": 2, "toxicity/language": 1},
    )


def test_counts_contain_languages_redactions_and_withheld_answers() -> None:
    rows = [kept_row(index) for index in range(4)]
    for row, language in zip(rows, ["en", "en", "de", ""], strict=True):
        row.language = language
        row.redactions["EMAIL_ADDRESS"] += 1
        row.answers = {"caption": Answer("ok", "a"), "ocr": Answer("ok", "a")}
    rows[0].reject("dropped", "small", "size")
    for row in rows[:3]:
        row.answers["ocr"].withhold("dropped", "toxicity/insult")
    counted = count(rows)
    assert counted.languages == {"de/kept": 1, "en/dropped": 1, "en/kept": 1}
    assert counted.redactions == {"EMAIL_ADDRESS": 4}
    assert counted.answers == {"ocr/toxicity/insult": 2}  # answers of kept samples only
    assert (counted + counted).languages == {"de/kept": 2, "en/dropped": 2, "en/kept": 2}


@pytest.mark.parametrize(
    ("value", "edge"),
    [
        (0.0, "0"),
        (0.049, "0"),
        (0.05, "0.05"),
        (0.999, "0.95"),
        (1.0, "1"),
        (1.99, "1"),
        (2.0, "2"),
        (640, "512"),
        (-0.01, "-0.05"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_histograms_name_bins_by_their_lower_edges(value: float, edge: str) -> None:
    row = Row("a.tar", 0, scores={"score": value})
    assert histograms([row, row]) == {"score": {edge: 2}}


def test_histograms_add_up_with_their_bins_in_order() -> None:
    rows = [Row("a.tar", 0, scores={"b": value}) for value in (10, 2, 0.5)]
    summed = add_histograms(histograms(rows), {"a": {"0": 1}, "b": {"2": 1}})
    assert summed == {"a": {"0": 1}, "b": {"0.5": 1, "2": 2, "8": 1}}
    assert list(summed["b"]) == ["0.5", "2", "8"]
    assert count([]) == Counts()


LIMITS = Limits(max_text_characters=10, max_key_characters=10)


def test_fields_are_read_into_columns() -> None:
    sources = {"source_text": "txt", "url": "json:url", "cls": "cls"}
    texts = read_texts(raw(txt=b"a star", json=b'{"url": "u"}'), sources, LIMITS)
    assert {name: text.value for name, text in texts.items()} == {
        "key": "0",
        "source_text": "a star",
        "url": "u",
    }
    assert {*read_texts(raw(txt=b"\xff"), {}, LIMITS)} == {"key"}


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (raw(), "text_missing"),
        (raw(txt=b"\xff"), "text_not_utf8"),
        (raw(txt=b"a", json=b"{"), "json_malformed"),
        (raw("\udcff", txt=b"a"), "key_not_utf8"),
        (raw(txt=b"x" * 11), "text_too_large"),
        (raw(txt=b"a", json=b'{"url": "12345678901"}'), "text_too_large"),
        (raw("k" * 11, txt=b"a"), "key_too_long"),
        (raw("/k", txt=b"a"), "key_unsafe"),
        (raw("a/../k", txt=b"a"), "key_unsafe"),
        (raw("..", txt=b"a"), "key_unsafe"),
    ],
)
def test_unusable_texts_have_a_reason(sample: RawSample, reason: str) -> None:
    with pytest.raises(FieldFault) as caught:
        read_texts(sample, {"source_text": "txt", "url": "json:url"}, LIMITS)
    assert caught.value.reason == reason


@pytest.mark.parametrize("key", ["./k", "a/k", "a..b/k..", "k" * 10])
def test_ordinary_keys_are_stored_unchanged(key: str) -> None:
    assert read_texts(raw(key), {}, LIMITS)["key"].value == key


def test_a_shard_may_have_no_keys() -> None:
    assert read_texts(RawSample(0, None, b"x"), {}, LIMITS) == {}


def test_the_limit_on_characters_is_inclusive() -> None:
    texts = read_texts(raw(txt="ü".encode() * 10), {"source_text": "txt"}, LIMITS)
    assert texts["source_text"].value == "ü" * 10
