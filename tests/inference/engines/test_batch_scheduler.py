"""The order of work inside a block, against a tower that only remembers what it was told."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.engines.decode_steps import Capture, Stepping
from inference.engines.scheduler import Answer, Batch, Decoding, Question
from inference.engines.shape_buckets import EXACT, Rounding
from inference.families.paligemma.kernels import Said
from inference.families.paligemma.kv_cache import Slots

END, IMAGE_TOKENS, CAPACITY = 1, 2, 64


class Remembering:
    """A tower whose next token is a sum over what its slots hold: a wrong slot gives another.

    A slot holds the image's feature at its first columns, then the tokens of the prompt and of the
    answer, each at its column.
    """

    def __init__(self) -> None:
        self.rows: list[int] = []  # read in, or continued, at each call
        self.calls: list[str] = []

    device = torch.device("cpu")

    def slots(self, number: int) -> Slots:
        return Slots((number, 1, CAPACITY, 1), torch.float32, [self.device])

    def prefill(
        self,
        features: torch.Tensor,
        prompts: Sequence[Sequence[int]],
        slots: Slots,
        into: Sequence[int],
    ) -> Said:
        longest = max(map(len, prompts))
        assert len(set(into)) == len(prompts)
        columns = torch.full((len(prompts), 1, IMAGE_TOKENS + longest, 1), -7.0)  # padding
        columns[:, 0, :IMAGE_TOKENS] = features
        for row, prompt in enumerate(prompts):
            columns[row, 0, IMAGE_TOKENS : IMAGE_TOKENS + len(prompt), 0] = torch.tensor(prompt)
        slots.fill(0, torch.tensor(into), columns, columns)
        self.calls.append("read")
        self.rows.append(len(prompts))
        ends = [IMAGE_TOKENS + len(prompt) for prompt in prompts]
        return said(columns, ends)

    def step(
        self,
        codes: torch.Tensor,
        columns: torch.Tensor,
        states: torch.Tensor,
        slots: Slots,
        seen: int,
    ) -> Said:
        assert int(columns.max()) < seen <= slots.capacity
        new = codes.float().view(-1, 1, 1, 1)
        slots.add(0, slots.places(columns), new, new)
        self.calls.append("continued")
        self.rows.append(len(codes))
        return said(slots.seen(0, len(codes), seen).keys, (columns + 1).tolist())


def following(seen: Sequence[float]) -> int:
    """The end one time in seven; position and value count."""
    total = sum((place + 1) * int(value) for place, value in enumerate(seen))
    return END if total % 7 == 0 else 2 + total % 1000


def said(columns: torch.Tensor, ends: Sequence[int]) -> Said:
    rows = [row[0, :end, 0].tolist() for row, end in zip(columns, ends, strict=True)]
    codes = torch.tensor([following(row) for row in rows])
    return Said(codes, -codes.float(), torch.zeros_like(codes))


def alone(feature: int, question: Question) -> list[int]:
    seen: list[float] = [feature] * IMAGE_TOKENS + list(map(float, question.prompt))
    codes: list[int] = []
    while len(codes) < question.limit and codes[-1:] != [END]:
        codes.append(following(seen + list(map(float, codes))))
    return codes


questions = st.lists(
    st.tuples(st.lists(st.integers(2, 99), min_size=1, max_size=6), st.integers(1, 20)),
    max_size=30,
)


def batches(asked: list[tuple[list[int], int]], size: int) -> Iterator[Batch]:
    """The question's number is its image, and the image's feature."""
    numbered = [Question(image, 0, *each) for image, each in enumerate(asked)]
    for start in range(0, len(numbered), size):
        part = numbered[start : start + size]
        features = torch.tensor([question.image for question in part], dtype=torch.float32)
        yield Batch(part, features[:, None, None].expand(-1, IMAGE_TOKENS, 1))


def decoded(
    asked: list[tuple[list[int], int]],
    size: int,
    slots: int,
    rounding: Rounding = EXACT,
    capture: Capture | None = None,
) -> tuple[list[Answer], Remembering]:
    tower = Remembering()
    room = tower.slots(slots)
    stepping = Stepping(tower, room, rounding, capture)
    decoding = Decoding(tower, room, stepping, IMAGE_TOKENS, END)
    return list(decoding.answers(batches(asked, size))), tower


@settings(deadline=None, max_examples=150, derandomize=True)
@given(
    asked=questions,
    size=st.integers(1, 5),
    spare=st.integers(0, 8),
    rounding=st.builds(Rounding, st.integers(1, 5), st.integers(1, 4), st.sampled_from([1, 8])),
)
def test_whatever_the_slots_each_answer_is_as_if_asked_alone(
    asked: list[tuple[list[int], int]], size: int, spare: int, rounding: Rounding
) -> None:
    answers, _ = decoded(asked, size, size + spare, rounding)
    assert sorted(answer.question.image for answer in answers) == list(range(len(asked)))
    for answer in answers:
        assert answer.codes == alone(answer.question.image, answer.question)
        assert answer.logprobs == [-float(code) for code in answer.codes]


def test_rows_that_end_make_room_for_waiting_ones() -> None:
    asked = [([3], 12 if number % 2 else 1) for number in range(12)]
    _, tower = decoded(asked, size=2, slots=4)
    reads = [place for place, call in enumerate(tower.calls) if call == "read"]
    assert len(reads) == 6
    assert "continued" in tower.calls[reads[0] : reads[-1]]  # not all were read at first
    assert max(tower.rows) <= 4


def test_only_rows_that_have_not_ended_are_continued() -> None:
    asked = [([5 + number], 1 + 4 * number) for number in range(4)]
    answers, tower = decoded(asked, size=4, slots=4)
    continued = sum(
        rows for rows, call in zip(tower.rows, tower.calls, strict=True) if call == "continued"
    )
    assert continued == sum(len(answer.codes) - 1 for answer in answers)


def test_images_are_asked_for_when_the_ones_before_are_read() -> None:
    """Nothing is prepared that cannot be read soon: memory does not grow with the block."""
    tower = Remembering()
    slots = tower.slots(2)
    decoding = Decoding(tower, slots, Stepping(tower, slots, EXACT), IMAGE_TOKENS, END)
    pulled: list[Any] = []

    def noted() -> Iterator[Batch]:
        for batch in batches([([3], 5)] * 10, 2):
            pulled.append(batch)
            yield batch

    for _ in decoding.answers(noted()):
        assert len(pulled) <= tower.calls.count("read") + 1
    assert len(pulled) == 5
