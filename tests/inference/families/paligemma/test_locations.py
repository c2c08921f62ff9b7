"""Tests that location codes of answers are read correctly and that writing is the inverse."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.families.paligemma.locations import read, write
from inference.tasks.detections import Box, Detection
from schemas.generation import Generation, Token

WIDTH, HEIGHT = 2046, 1023  # code N lies at pixel 2 N across and N down
CAT = "<loc0010><loc0020><loc0110><loc0220>"
CAT_BOX = Box(40, 10, 440, 110)
MASK = "".join(f"<seg{code:03}>" for code in range(112, 128))


def answer(text: str, *logprobs: float) -> Generation:
    """Return a generation whose tokens are the text's location codes with these logprobs."""
    codes = [f"<loc{rest[:4]}>" for rest in text.split("<loc")[1:]]
    return Generation(
        tuple(Token(0, code, p) for code, p in zip(codes, logprobs, strict=False)), text
    )


def boxes(text: str, *, masks: bool = False) -> tuple[list[tuple[str, Box]], bool]:
    objects, complete = read(answer(text), WIDTH, HEIGHT, masks=masks)
    return [(item.label, item.box) for item in objects], complete


def test_codes_are_in_the_order_y_x_y_x_and_the_last_bin_is_the_far_edge() -> None:
    assert boxes(f"{CAT} cat") == ([("cat", CAT_BOX)], True)
    assert boxes("<loc0000><loc0000><loc1023><loc1023> all") == (
        [("all", Box(0, 0, WIDTH, HEIGHT))],
        True,
    )
    # Dividing by 1024 instead would be 1.9 pixels off here.
    (only,), _ = read(answer("<loc0000><loc0000><loc1022><loc1022> all"), 1920, 1080)
    assert only.box == pytest.approx((0, 0, 1022 / 1023 * 1920, 1022 / 1023 * 1080), abs=1e-9)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_answer_has_no_objects(text: str) -> None:
    assert boxes(text) == ([], True)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (f"{CAT} cat", ["cat"]),
        (f"{CAT}cat", ["cat"]),
        (CAT, [""]),  # RefCOCO
        (f"{CAT} cat ; {CAT} brown dog", ["cat", "brown dog"]),
        (f"{CAT} ; {CAT}", ["", ""]),
        (f" {CAT} cat;{CAT} dog ", ["cat", "dog"]),
        ("<loc0010> <loc0020> <loc0110> <loc0220> cat", ["cat"]),
        (f"{CAT} a <b> c", ["a <b> c"]),
    ],
)
def test_well_formed_answers_are_read(text: str, labels: list[str]) -> None:
    assert boxes(text) == ([(label, CAT_BOX) for label in labels], True)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("nothing", []),
        ("<loc0010><loc0020><loc0110> cat", []),  # three codes
        (f"{CAT}<loc0300> cat", []),  # five codes: which four are the box is unknown
        ("<loc0010><loc0020><loc0010><loc0220> flat", []),
        ("<loc0010><loc0020><loc0110><loc0020> thin", []),
        ("<loc0110><loc0020><loc0010><loc0220> turned", []),
        ("<loc0010><loc0020><loc0110><loc1024> beyond", []),
        (f"{MASK} cat", []),  # a mask without a box
        (f"{CAT}<seg001><seg002> cat", []),  # a mask of two codes
        (f"{CAT}{MASK} cat", ["cat"]),  # a mask that was not requested
        (f"{CAT} cat {CAT} dog", ["cat", "dog"]),  # no separator
        (f"a {CAT} cat", ["cat"]),
        (f"{CAT} cat ;", ["cat"]),
        (f"{CAT} cat ; ; {CAT} dog", ["cat", "dog"]),
        (f"{CAT} cat ; junk ; {CAT} dog", ["cat", "dog"]),
        (f"<loc0001> ; {CAT} dog", ["dog"]),
        ("<loc12><loc00100><loc> cat", []),
    ],
)
def test_malformed_runs_are_reported_and_valid_boxes_are_returned(
    text: str, labels: list[str]
) -> None:
    assert boxes(text) == ([(label, CAT_BOX) for label in labels], False)


@pytest.mark.parametrize(
    ("text", "number", "complete"),
    [
        (f"{CAT}{MASK} cat", 1, True),
        (f"{CAT} {MASK} cat", 1, True),  # some examples have a space between the groups
        (CAT + MASK.replace(">", "> ") + "cat", 1, True),
        (f"{CAT} cat", 1, False),  # the mask is missing
        (f"{CAT}{MASK}<seg000> cat", 0, False),
        (f"{CAT}{MASK.replace('127', '128')} cat", 0, False),
        (f"{MASK}{CAT} cat", 1, False),
    ],
)
def test_masks_are_read(text: str, number: int, complete: bool) -> None:
    objects, was_complete = read(answer(text), WIDTH, HEIGHT, masks=True)
    assert (len(objects), was_complete) == (number, complete)


def test_mask_codes_are_in_order() -> None:
    (only,), _ = read(answer(f"{CAT}{MASK} cat"), WIDTH, HEIGHT, masks=True)
    assert only.codes == tuple(range(112, 128))


def test_a_cut_answer_is_partial() -> None:
    cut = Generation((), f"{CAT} ca", finish_reason="length")
    objects, complete = read(cut, WIDTH, HEIGHT)
    assert ([item.label for item in objects], complete) == (["ca"], False)


def test_the_score_is_the_geometric_mean_of_the_boxs_token_probabilities() -> None:
    text = f"<loc0001> ; {CAT} cat ; {CAT} dog"
    first, second = [math.log(p) for p in (0.1, 0.2, 0.4, 0.5)], [math.log(0.5)] * 4
    objects, _ = read(answer(text, -9.0, *first, *second), WIDTH, HEIGHT)
    assert [item.score for item in objects] == pytest.approx([0.004**0.25, 0.5])


@pytest.mark.parametrize("logprobs", [[], [-1.0] * 3, [math.nan] * 4])
def test_the_score_is_unknown_without_a_logprob_for_each_code(logprobs: list[float]) -> None:
    (only,), complete = read(answer(CAT, *logprobs), WIDTH, HEIGHT)
    assert only.score is None
    assert complete


def test_the_score_is_unknown_where_tokens_do_not_match_the_text() -> None:
    tokens = tuple(Token(0, "<loc0999>", -1.0) for _ in range(4))
    (only,), _ = read(Generation(tokens, CAT), WIDTH, HEIGHT)
    assert only.score is None


PIECES = st.sampled_from(
    [f"<loc{code:04}>" for code in (0, 1, 511, 1022, 1023, 1024, 9999)]
    + ["<seg000>", "<seg127>", "<seg999>", MASK, CAT, " ", ";", " ; ", "cat", "<", "loc", "\n", "٣"]
)
LOGPROBS = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.text() | st.lists(PIECES).map("".join),
    st.lists(st.builds(Token, st.integers(0), PIECES | st.text(), LOGPROBS)),
    st.booleans(),
    st.integers(1, 100_000),
    st.integers(1, 100_000),
)
def test_reading_never_raises_and_boxes_lie_inside_the_image(
    text: str, tokens: list[Token], masks: bool, width: int, height: int
) -> None:
    for answer_tokens in (tokens, answer(text, *(token.logprob for token in tokens)).tokens):
        generation = Generation(tuple(answer_tokens), text)
        for item in read(generation, width, height, masks=masks)[0]:
            assert 0 <= item.box.x_min < item.box.x_max <= width
            assert 0 <= item.box.y_min < item.box.y_max <= height
            assert item.score is None or 0 <= item.score <= 1
            assert len(item.codes) in {0, 16}


@st.composite
def scenes(draw: st.DrawFn) -> tuple[int, int, list[Detection]]:
    """Draw an image size and objects that are each wider and higher than a bin."""
    width, height = draw(st.integers(1, 20_000)), draw(st.integers(1, 20_000))

    def edges(length: int) -> tuple[float, float]:
        low = draw(st.floats(0, length * 0.998))
        return low, draw(st.floats(low + length / 1023 * 1.001, length))

    def item() -> Detection:
        (left, right), (top, bottom) = edges(width), edges(height)
        label = draw(st.from_regex(r"[a-z<>é]{1,9}( [a-z]{1,9})?", fullmatch=True) | st.just(""))
        codes = draw(st.lists(st.integers(0, 127), min_size=16, max_size=16))
        return Detection(label, Box(left, top, right, bottom), codes=tuple(codes))

    return width, height, [item() for _ in range(draw(st.integers(0, 5)))]


@given(scenes())
def test_writing_and_reading_changes_boxes_by_at_most_half_a_bin(
    scene: tuple[int, int, list[Detection]],
) -> None:
    width, height, objects = scene
    again, complete = read(Generation((), write(objects, width, height)), width, height, masks=True)
    assert complete
    assert [(item.label, item.codes) for item in again] == [(o.label, o.codes) for o in objects]
    for item, original in zip(again, objects, strict=True):
        for axis, length in enumerate((width, height)):
            for edge in (axis, axis + 2):
                assert abs(item.box[edge] - original.box[edge]) <= length / 1023 / 2 * (1 + 1e-9)


@pytest.mark.parametrize("label", ["a;b", "<loc0001>", "a <seg001>"])
def test_labels_that_cannot_be_read_back_are_refused(label: str) -> None:
    with pytest.raises(ValueError, match="label"):
        write([Detection(label, CAT_BOX)], WIDTH, HEIGHT)
