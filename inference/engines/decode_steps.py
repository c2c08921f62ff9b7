"""Runs several decode steps per call, replayed from a CUDA graph on a GPU."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from inference.engines.shape_buckets import ShapeBuckets
from inference.families.loaded_model import CachedLanguageModel, DecodeOutput, KVCache

Replay = Callable[[], DecodeOutput]
Capture = Callable[[Replay], Replay]  # records work on fixed tensors, and returns its replay


class DecodeLoop:
    """A decode loop over the first rows of a cache; tokens, columns and states stay on the device.

    With `capture`, the steps of each shape are captured at their first use and replayed later.
    """

    def __init__(
        self,
        model: CachedLanguageModel,
        cache: KVCache,
        buckets: ShapeBuckets,
        capture: Capture | None = None,
    ) -> None:
        self.buckets = buckets
        self._model = model
        self._cache = cache
        self._capture = capture
        self._replays: dict[tuple[int, int], Replay] = {}  # by rows and columns
        # [token ids, columns and states; slots]
        self._rows = torch.zeros(3, cache.num_slots, dtype=torch.int64, device=model.device)

    def set_rows(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Set token id, column and state of the first rows; all other rows are set to zeros."""
        free = self._cache.num_slots - len(rows)
        self._rows.copy_(torch.tensor([*rows, *[(0, 0, 0)] * free]).T)

    def run(self, num_rows: int, num_columns: int) -> DecodeOutput:
        """Decode `buckets.steps` tokens of each of the first rows: [`num_rows` or more, steps].

        `num_columns` is the number of columns of the longest row, including the column of its last
        token. The result is valid until the next run.
        """
        rows = min(self.buckets.padded_rows(num_rows), self._cache.num_slots)
        columns = self.buckets.padded_columns(num_columns + self.buckets.steps - 1)
        if self._capture is None:
            return self._steps(rows, columns)
        if (rows, columns) not in self._replays:
            before = self._rows.clone()
            self._replays[rows, columns] = self._capture(lambda: self._steps(rows, columns))
            self._rows.copy_(before)  # a capture may have run the steps
        return self._replays[rows, columns]()

    def _steps(self, num_rows: int, num_columns: int) -> DecodeOutput:
        token_ids, columns, states = self._rows[:, :num_rows].unbind()
        outputs = []
        for _ in range(self.buckets.steps):
            output = self._model.step(token_ids, columns, states, self._cache, num_columns)
            outputs.append(output._replace(states=output.states.clone()))
            token_ids.copy_(output.token_ids)
            columns.add_(1)
            states.copy_(output.states)
        fields = zip(*outputs, strict=True)
        return DecodeOutput(*(torch.stack(field, dim=1) for field in fields))


class CudaGraphs:
    """A capture of work in CUDA graphs that share one memory pool.

    Each `DecodeLoop` needs an instance of its own: the pool lives as long as its graphs.
    """

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()
        self._stream: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def __call__(self, work: Replay) -> Replay:
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            work()  # compiles, chooses kernels and allocates, which a graph must not contain
        torch.cuda.current_stream().wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        # "thread_local": filters may use the GPU in other threads during the capture.
        with torch.cuda.graph(
            graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
        ):
            output = work()

        def replay() -> DecodeOutput:
            graph.replay()
            return output

        return replay
