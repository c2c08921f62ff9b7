"""A panel shows every field of a row, and prints the data's own markup literally."""

import io
from typing import Any

import pyarrow as pa
from rich.console import Console

from pipelines.display.row_panel import row_panel
from pipelines.operations.stored_samples.row_images import StoredRow
from pipelines.rows.table import to_rows
from schemas.tables import output_schema

OK: dict[str, Any] = {
    "status": "ok", "finish_reason": "stop", "num_tokens": 7, "mean_logprob": -0.25, "raw": None,
}  # fmt: skip
KEPT: dict[str, Any] = {
    "shard": "train/00003.tar", "index": 17, "key": "000317", "status": "kept",
    "filter": None, "reason": None, "scores": [{"name": "image_size.aspect", "value": 1.25}],
    "redactions": [{"infotype": "EMAIL", "count": 2}], "error": None,
    "source_text": "an old photo", "width": 640, "height": 480,
    "sha256": "0123456789abcdef" * 4, "url": "https://example.com",
    "caption": "a red star", "caption_info": OK,
}  # fmt: skip


def printed(row: StoredRow) -> str:
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(row_panel(row))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_kept_row() -> None:
    shown = printed(KEPT)
    for part in (
        "train/00003.tar #17 000317", "kept", "image_size.aspect 1.25", "EMAIL 2", "an old photo",
        "640 x 480 pixels", "sha256 0123456789ab", "https://example.com", "a red star",
        "ok, stop, 7 tokens, mean log-probability -0.25",
    ):  # fmt: skip
        assert part in shown


def test_lists_flags_and_truncated_images_are_shown_plainly() -> None:
    row = {**KEPT, "captions": ["one", "zwei \N{SNOWMAN}"], "flag": True}
    shown = printed({**row, "truncated": True, "decoded_rows": 0.9375})
    assert '["one", "zwei \N{SNOWMAN}"]' in shown
    assert "│ flag         true " in shown
    assert "640 x 480 pixels, truncated, 93.8% of the rows are there" in shown
    assert "there" not in printed({**row, "truncated": False, "decoded_rows": 1.0})


def test_a_dropped_row_shows_its_reason_and_no_answers() -> None:
    gone = {name: None for name in KEPT if name not in {"shard", "index", "scores", "redactions"}}
    row = {**KEPT, **gone, "status": "dropped", "filter": "image_size", "reason": "image_too_small"}
    shown = printed(row)
    assert "dropped image_size/image_too_small" in shown
    assert "caption" not in shown
    assert "None" not in shown


def test_an_invalid_row_names_the_error() -> None:
    row = {**KEPT, "status": "invalid", "reason": "image_undecodable", "error": "OSError"}
    assert "invalid image_undecodable (OSError)" in printed(row)


def test_objects_are_listed_with_score_and_box() -> None:
    star = {"label": "star", "score": 0.934, "x_min": 10.4, "y_min": 20, "x_max": 30, "y_max": 40}
    unsure = {**star, "label": "cross", "score": None, "mask": {"size": [1, 1], "counts": "0"}}
    shown = printed({**KEPT, "objects": [star, unsure], "objects_info": OK})
    assert "star 0.93 [10 20 30 40]\n" in shown.replace(" " * 2, "").replace("│", "\n").replace(
        " \n", "\n"
    )
    assert "cross [10 20 30 40] with mask" in shown
    assert "nothing found" in printed({**KEPT, "objects": [], "objects_info": OK})


def test_the_phrases_of_a_caption_are_listed() -> None:
    box = {"score": 0.513, "x_min": 10.4, "y_min": 20, "x_max": 30, "y_max": 40}
    star = {"phrase": "a red star", "found": True, "boxes": [box]}
    cross = {"phrase": "[b]cross", "found": False, "boxes": []}
    check = {"share": 0.5, "phrases": [star, cross]}
    shown = printed({**KEPT, "check": check, "check_info": {**OK, "num_tokens": 1}})
    assert "1 of 2 phrases found" in shown
    assert "a red star: 0.51 [10 20 30 40]" in shown
    assert "[b]cross: not found" in shown
    assert "ok, stop, 1 token," in shown
    none = {"share": None, "phrases": []}
    assert "no phrases" in printed({**KEPT, "check": none, "check_info": OK})


def test_the_raw_text_is_shown_where_parsing_was_partial() -> None:
    info = {**OK, "status": "partial", "raw": "<loc0001> star"}
    assert "raw: <loc0001> star" in printed({**KEPT, "objects": [], "objects_info": info})
    assert "raw" not in printed({**KEPT, "objects": [], "objects_info": {**info, "status": "ok"}})


def test_markup_in_the_data_is_printed_literally() -> None:
    hostile = "[red]not red[/red] [link=https://example.com]x[/link]"
    labeled = {"label": "[b]", "score": None, "x_min": 0, "y_min": 0, "x_max": 1, "y_max": 1}
    shown = printed(
        {
            **KEPT,
            "shard": "[i].tar",
            "key": "[/]",
            "url": hostile,
            "caption": hostile,
            "objects": [labeled],
            "objects_info": OK,
        }
    )
    assert shown.count(hostile) == 2
    assert "[i].tar" in shown
    assert "[b] [0 0 1 1]" in shown


def test_escape_sequences_in_the_data_do_not_reach_the_terminal() -> None:
    row = {
        name: "a\x1b[2Jb\u202ec" if isinstance(value, str) else value
        for name, value in KEPT.items()
    }
    shown = printed({**row, "scores": [{"name": "\x1b[31mscore", "value": 1.0}]})
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "abc" in shown


def test_long_values_are_cut() -> None:
    assert printed({**KEPT, "caption": "word " * 1000}).count("word") == 80


def test_a_video_has_frames_and_times_with_units_and_no_hashes() -> None:
    schema = output_schema({}, {}, video=True, pdq=True, provenance=True)
    values = {
        **{"width": 64, "height": 48, "num_frames": 1200, "duration": 48.0, "fps": 25.0},
        **{"status": "kept", "sha256": "0123456789abcdef" * 4, "pdq_frames": ["f" * 64]},
        "provenance": {"fingerprint": "f" * 64},
    }
    (row,) = to_rows(pa.Table.from_pylist([values], schema))
    shown = printed(row)
    assert "video   64 x 48 pixels, 1,200 frames, 48.00 seconds, 25 frames a second" in shown
    assert "ffff" not in shown
    assert not {"duration", "fps", "pdq_frames", "provenance"} & set(shown.split())


def test_carried_columns_named_like_those_of_videos_are_shown_as_they_are() -> None:
    schema = output_schema({"duration": pa.float64(), "fps": pa.float64()}, {})
    values = {"status": "kept", "width": 4, "height": 3, "num_frames": 1, "duration": 1.5, "fps": 2}
    (row,) = to_rows(pa.Table.from_pylist([values], schema))
    shown = printed(row)
    assert "image     4 x 3 pixels" in shown
    assert "duration  1.5" in shown
    assert "fps       2.0" in shown
