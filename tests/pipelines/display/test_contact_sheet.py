"""A contact sheet draws boxes and masks in place, and only images of kept samples."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from pipelines.display.contact_sheet import COLUMNS, FIELD, MARGIN, contact_sheet
from pipelines.display.fonts import font, spelled, wrap
from pipelines.operations.stored_samples.row_images import RowImage

WIDTH, HEIGHT = FIELD
GRAY_LEVEL = 128
OK: dict[str, Any] = {"status": "ok", "finish_reason": "stop", "raw": None}


def row(objects: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "shard": "0.tar",
        "index": 0,
        "status": "kept",
        "shapes": objects,
        "shapes_info": OK,
        **more,
    }


def located(x_min: float, y_min: float, x_max: float, y_max: float, **more: Any) -> dict[str, Any]:
    box = {"x_min": x_min, "y_min": y_min, "x_max": x_max, "y_max": y_max}
    return {"label": "", "score": None, **box, **more}


def gray(width: int, height: int) -> npt.NDArray[np.uint8]:
    return np.full((height, width, 3), GRAY_LEVEL, np.uint8)


def field(sample: RowImage, column: int = 0) -> npt.NDArray[np.int_]:
    """Return the pixels of a sample's image field, on a sheet with this sample alone."""
    pixels = np.asarray(contact_sheet([sample])).astype(int)
    return pixels[MARGIN : MARGIN + HEIGHT, MARGIN : MARGIN + WIDTH]


def changed(pixels: npt.NDArray[np.int_]) -> npt.NDArray[np.bool_]:
    return np.asarray((pixels != GRAY_LEVEL).any(axis=-1))


def colored(pixels: npt.NDArray[np.int_]) -> npt.NDArray[np.bool_]:
    return np.asarray(np.ptp(pixels, axis=-1) > 100)


def test_a_box_is_drawn_on_its_edge() -> None:
    line = colored(field(RowImage(row([located(100, 50, 200, 150)]), gray(WIDTH, HEIGHT))))
    rows, columns = np.nonzero(line)
    assert (columns.min(), columns.max()) == (99, 201)
    assert (rows.min(), rows.max()) == (49, 151)
    assert line[50, 100:201].all()
    assert line[50:151, 100].all()
    assert not line[52:149, 102:199].any()


def test_a_box_scales_with_its_image() -> None:
    line = colored(field(RowImage(row([located(50, 25, 100, 75)]), gray(WIDTH // 2, HEIGHT // 2))))
    rows, columns = np.nonzero(line)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (99, 201, 49, 151)


def test_an_upright_image_is_centered() -> None:
    pixels = field(RowImage(row([]), gray(HEIGHT // 2, HEIGHT)))
    columns = np.nonzero(~changed(pixels).all(axis=0))[0]
    left = (WIDTH - HEIGHT // 2) // 2
    assert (columns.min(), columns.max()) == (left, left + HEIGHT // 2 - 1)


def test_a_mask_is_drawn_by_its_edge_and_its_pixels_keep_their_colors() -> None:
    inside = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    inside[60:100, 110:150] = 1
    coded = coco.encode(inside)
    mask = {"size": coded["size"], "counts": coded["counts"].decode()}
    pixels = field(RowImage(row([located(100, 50, 200, 150, mask=mask)]), gray(WIDTH, HEIGHT)))
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[59:101, 109:151] = True  # a black line around it, two of the label's color inside
    expected[62:98, 112:148] = False
    assert (changed(pixels)[55:145, 105:195] == expected[55:145, 105:195]).all()
    assert colored(pixels)[60, 110:150].all()


def test_a_mask_of_another_size_is_left_out() -> None:
    mask = {"size": [7, 9], "counts": "o1"}  # 63 pixels outside
    sample = RowImage(row([located(100, 50, 200, 150, mask=mask)]), gray(WIDTH, HEIGHT))
    assert not changed(field(sample))[55:145, 105:195].any()


def test_each_label_has_its_own_color() -> None:
    boxes = [
        located(20 + 60 * n, 100, 60 + 60 * n, 140, label=label) for n, label in enumerate("abca")
    ]
    pixels = field(RowImage(row(boxes), gray(WIDTH, HEIGHT)))
    edges = [tuple(pixels[120, 20 + 60 * n]) for n in range(4)]
    assert edges[0] == edges[3]
    assert len(set(edges)) == 3


def test_the_label_is_written_above_or_inside_the_box() -> None:
    for y_min, rows in ((100, slice(82, 97)), (0, slice(3, 16))):
        sample = RowImage(
            row([located(50, y_min, 150, y_min + 60, label="star")]), gray(WIDTH, HEIGHT)
        )
        assert colored(field(sample))[rows, 52:70].any()


@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 4), max_size=3))
def test_no_box_fails(boxes: list[tuple[float, float, float, float]]) -> None:
    contact_sheet([RowImage(row([located(*box, label="x") for box in boxes]), gray(30, 20))])


@pytest.mark.parametrize("value", [[None], ["text"], [{"label": "no box"}], "text", None])
def test_other_values_are_not_boxes(value: Any) -> None:
    assert not changed(field(RowImage(row(value), gray(WIDTH, HEIGHT)))).any()


def test_a_dropped_sample_is_a_gray_field_with_its_reason() -> None:
    dropped = row([], status="dropped", filter="image_size", reason="image_too_small")
    pixels = np.asarray(contact_sheet([RowImage(dropped, None)])).astype(int)
    tile = pixels[MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert len(np.unique(tile[:HEIGHT].reshape(-1, 3), axis=0)) == 1
    assert colored(tile[HEIGHT:]).any()


def test_tiles_are_arranged_in_lines() -> None:
    samples = [RowImage(row([]), gray(8, 8)) for _ in range(COLUMNS + 1)]
    assert contact_sheet(samples[:1]).width == FIELD[0] + 2 * MARGIN
    assert contact_sheet(samples).width == COLUMNS * (FIELD[0] + MARGIN) + MARGIN
    assert contact_sheet(samples).height > 2 * FIELD[1]
    assert contact_sheet([]).size == (MARGIN, MARGIN)


def test_answers_are_written_below_the_image() -> None:
    answered = RowImage(row([], caption="a red star", caption_info=OK), gray(8, 8))
    assert contact_sheet([answered]).height > contact_sheet([RowImage(row([]), gray(8, 8))]).height


@given(st.text(st.characters(codec="latin-1", categories=["L", "Z"]), max_size=80))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str) -> None:
    letters = font(13)
    line = " ".join(text.split())
    wrapped = wrap(line, letters, 90, 1000)
    assert all(letters.getlength(part) <= 90 for part in wrapped)
    assert "".join(wrapped).replace(" ", "") == line.replace(" ", "")


def test_a_text_that_is_too_long_is_cut() -> None:
    wrapped = wrap("word " * 50, font(13), 100, 3)
    assert len(wrapped) == 3
    assert wrapped[-1].endswith("…")
    assert font(13).getlength(wrapped[-1]) <= 100


@pytest.mark.parametrize(
    ("text", "letters"), [("un círculo", "un circulo"), ("weiß, grün", "weiss, grun"), ("日", "日")]
)
def test_letters_that_the_font_lacks_are_replaced(text: str, letters: str) -> None:
    assert spelled(text) == letters
