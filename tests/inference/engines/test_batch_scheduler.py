"""The order of work inside a block, with a model whose tokens depend on its cache alone."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.engines.decode_steps import Capture, DecodeLoop
from inference.engines.scheduler import Batch, BatchScheduler, DecodedRow, DecodeRequest
from inference.engines.shape_buckets import CPU_BUCKETS, ShapeBuckets
from inference.families.loaded_model import DecodeOutput
from inference.families.paligemma.kv_cache import KVCache

END, IMAGE_TOKENS, CAPACITY = 1, 2, 64


class SummingModel:
    """Computes the next token from the sum over a slot's contents: a wrong slot shows.

    A slot holds the image's feature in its first columns, then the tokens of the prompt and of the
    answer, each in its column.
    """

    device = torch.device("cpu")

    def __init__(self) -> None:
        self.calls: list[str] = []  # "prefill" or "step"
        self.rows: list[int] = []  # of each call

    def allocate_cache(self, num_slots: int) -> KVCache:
        return KVCache((num_slots, 1, CAPACITY, 1), torch.float32, [self.device])

    def prefill(
        self,
        features: torch.Tensor,
        prompts: Sequence[Sequence[int]],
        cache: KVCache,
        slots: Sequence[int],
    ) -> DecodeOutput:
        longest = max(map(len, prompts))
        assert len(set(slots)) == len(prompts)
        columns = torch.full((len(prompts), 1, IMAGE_TOKENS + longest, 1), -7.0)  # padding
        columns[:, 0, :IMAGE_TOKENS] = features
        for row, prompt in enumerate(prompts):
            columns[row, 0, IMAGE_TOKENS : IMAGE_TOKENS + len(prompt), 0] = torch.tensor(prompt)
        cache.fill(0, torch.tensor(slots), columns, columns)
        self.calls.append("prefill")
        self.rows.append(len(prompts))
        lengths = [IMAGE_TOKENS + len(prompt) for prompt in prompts]
        return decode_output(columns, lengths)

    def step(
        self,
        token_ids: torch.Tensor,
        columns: torch.Tensor,
        states: torch.Tensor,
        cache: KVCache,
        num_columns: int,
    ) -> DecodeOutput:
        assert int(columns.max()) < num_columns <= cache.capacity
        new = token_ids.float().view(-1, 1, 1, 1)
        cache.add(0, cache.flat_positions(columns), new, new)
        self.calls.append("step")
        self.rows.append(len(token_ids))
        view = cache.view(0, len(token_ids), num_columns)
        return decode_output(view.keys, (columns + 1).tolist())


def next_token(values: Sequence[float]) -> int:
    """The end token one time in seven; the positions count as well as the values."""
    total = sum((index + 1) * int(value) for index, value in enumerate(values))
    return END if total % 7 == 0 else 2 + total % 1000


def decode_output(columns: torch.Tensor, lengths: Sequence[int]) -> DecodeOutput:
    rows = [row[0, :length, 0].tolist() for row, length in zip(columns, lengths, strict=True)]
    token_ids = torch.tensor([next_token(row) for row in rows])
    return DecodeOutput(token_ids, -token_ids.float(), torch.zeros_like(token_ids))


def decode_alone(feature: int, request: DecodeRequest) -> list[int]:
    prefix: list[float] = [feature] * IMAGE_TOKENS + list(map(float, request.prompt_ids))
    token_ids: list[int] = []
    while len(token_ids) < request.max_new_tokens and token_ids[-1:] != [END]:
        token_ids.append(next_token(prefix + list(map(float, token_ids))))
    return token_ids


prompt_lists = st.lists(
    st.tuples(st.lists(st.integers(2, 99), min_size=1, max_size=6), st.integers(1, 20)),
    max_size=30,
)


def batches(prompts: list[tuple[list[int], int]], size: int) -> Iterator[Batch]:
    """The index of a prompt is its image, and the image's feature."""
    requests = [
        DecodeRequest(index, 0, IMAGE_TOKENS, *prompt) for index, prompt in enumerate(prompts)
    ]
    for start in range(0, len(requests), size):
        batch = requests[start : start + size]
        features = torch.tensor([request.index for request in batch], dtype=torch.float32)
        yield Batch(batch, features[:, None, None].expand(-1, IMAGE_TOKENS, 1))


def decode(
    prompts: list[tuple[list[int], int]],
    size: int,
    num_slots: int,
    buckets: ShapeBuckets = CPU_BUCKETS,
    capture: Capture | None = None,
) -> tuple[list[DecodedRow], SummingModel]:
    model = SummingModel()
    cache = model.allocate_cache(num_slots)
    loop = DecodeLoop(model, cache, buckets, capture)
    scheduler = BatchScheduler(model, cache, loop, END)
    return list(scheduler.decode(batches(prompts, size))), model


@settings(deadline=None, max_examples=150, derandomize=True)
@given(
    prompts=prompt_lists,
    size=st.integers(1, 5),
    spare=st.integers(0, 8),
    buckets=st.builds(ShapeBuckets, st.integers(1, 5), st.integers(1, 4), st.sampled_from([1, 8])),
)
def test_whatever_the_slots_each_answer_is_as_if_asked_alone(
    prompts: list[tuple[list[int], int]], size: int, spare: int, buckets: ShapeBuckets
) -> None:
    rows, _ = decode(prompts, size, size + spare, buckets)
    assert sorted(row.request.index for row in rows) == list(range(len(prompts)))
    for row in rows:
        assert row.token_ids == decode_alone(row.request.index, row.request)
        assert row.logprobs == [-float(token_id) for token_id in row.token_ids]


def test_rows_that_end_make_room_for_waiting_ones() -> None:
    prompts = [([3], 12 if index % 2 else 1) for index in range(12)]
    _, model = decode(prompts, size=2, num_slots=4)
    prefills = [index for index, call in enumerate(model.calls) if call == "prefill"]
    assert len(prefills) == 6
    assert "step" in model.calls[prefills[0] : prefills[-1]]  # not all were prefilled at first
    assert max(model.rows) <= 4


def test_only_rows_that_have_not_ended_are_continued() -> None:
    prompts = [([5 + index], 1 + 4 * index) for index in range(4)]
    rows, model = decode(prompts, size=4, num_slots=4)
    stepped = sum(
        count for count, call in zip(model.rows, model.calls, strict=True) if call == "step"
    )
    assert stepped == sum(len(row.token_ids) - 1 for row in rows)


def test_images_are_asked_for_when_the_ones_before_are_read() -> None:
    """No batch is prepared long before its prefill, so memory does not grow with the block."""
    model = SummingModel()
    cache = model.allocate_cache(2)
    loop = DecodeLoop(model, cache, CPU_BUCKETS)
    scheduler = BatchScheduler(model, cache, loop, END)
    taken: list[Any] = []

    def recorded() -> Iterator[Batch]:
        for batch in batches([([3], 5)] * 10, 2):
            taken.append(batch)
            yield batch

    for _ in scheduler.decode(recorded()):
        assert len(taken) <= model.calls.count("prefill") + 1
    assert len(taken) == 5
