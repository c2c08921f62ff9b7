"""Answers continued by several steps at a time, which a GPU does again from a graph of its own."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

from inference.engines.shape_buckets import Rounding
from inference.families.paligemma.kernels import Said
from inference.families.paligemma.kv_cache import Slots

Again = Callable[[], Said]
Capture = Callable[[Again], Again]  # from work on fixed tensors to what does the same work again


class Tower(Protocol):
    """What of a text tower is needed here."""

    @property
    def device(self) -> torch.device: ...

    def step(
        self,
        codes: torch.Tensor,
        columns: torch.Tensor,
        states: torch.Tensor,
        slots: Slots,
        seen: int,
        /,
    ) -> Said: ...


class Stepping:
    """Each row's last token, its column and its state, kept where the next step reads them.

    With `capture`, steps of a shape are captured when they first come, and done again from then on.
    """

    def __init__(
        self, tower: Tower, slots: Slots, rounding: Rounding, capture: Capture | None = None
    ) -> None:
        self.rounding = rounding
        self._tower = tower
        self._slots = slots
        self._capture = capture
        self._again: dict[tuple[int, int], Again] = {}
        # [codes, columns and states, slots]
        self._rows = torch.zeros(3, slots.number, dtype=torch.int64, device=tower.device)

    def begin(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Stand the first rows at these tokens, columns and states, all others at 0, 0 and 0."""
        beyond = self._slots.number - len(rows)
        self._rows.copy_(torch.tensor([*rows, *[(0, 0, 0)] * beyond]).T)

    def run(self, rows: int, longest: int) -> Said:
        """What the first rows say next, [at least `rows`, steps].

        `longest` columns are taken in the longest of them, with its last token's. The result holds
        until the next run.
        """
        each = self.rounding.rows
        rows = min(-(-rows // each) * each, self._slots.number)
        seen = self.rounding.seen(longest + self.rounding.steps - 1)
        if self._capture is None:
            return self._steps(rows, seen)
        if (rows, seen) not in self._again:
            at = self._rows.clone()
            self._again[rows, seen] = self._capture(lambda: self._steps(rows, seen))
            self._rows.copy_(at)  # for the work may have been done, to be captured
        return self._again[rows, seen]()

    def _steps(self, rows: int, seen: int) -> Said:
        codes, columns, states = self._rows[:, :rows].unbind()
        said = []
        for _ in range(self.rounding.steps):
            following = self._tower.step(codes, columns, states, self._slots, seen)
            said.append(following._replace(states=following.states.clone()))
            codes.copy_(following.codes)
            columns.add_(1)
            states.copy_(following.states)
        return Said(*(torch.stack(each, dim=1) for each in zip(*said, strict=True)))


class CudaGraphs:
    """Captures work in CUDA graphs, which share one pool of memory.

    Of one place of work: the pool lives as long as the graphs do.
    """

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()
        self._stream: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def __call__(self, work: Again) -> Again:
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            work()  # what is compiled, chosen or taken at first is no part of the graph
        torch.cuda.current_stream().wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        # Filters may use the GPU in other threads meanwhile: that is theirs, and no error.
        with torch.cuda.graph(
            graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
        ):
            said = work()

        def again() -> Said:
            graph.replay()
            return said

        return again
