"""Grants bound the requests of an output, whichever processes take them and when they end."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.output.layout import Layout
from pipelines.output.request_grants import RequestGrants
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError

FILTER = "text_safety_google"


def test_a_process_takes_all_of_a_bound_in_grants(tmp_path: Path) -> None:
    grants = RequestGrants(Layout(str(tmp_path)), LocalStorage())
    sizes = [grants.take(FILTER, 1000) for _ in range(251)]
    assert sizes == [4] * 250 + [0]
    assert grants.take("other/filter", 3) == 1
    assert {path.name for path in (tmp_path / "_shardmill/requests").iterdir()} == {
        FILTER,
        "other%2Ffilter",
    }


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 1500), st.booleans()), max_size=30))
def test_the_sum_of_grants_is_within_the_largest_bound(
    takes: list[tuple[int, int, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        storage, layout = LocalStorage(), Layout(folder)
        processes = [RequestGrants(layout, storage) for _ in range(4)]
        total = 0
        for process, bound, restarts in takes:
            if restarts:
                processes[process] = RequestGrants(layout, storage)
            size = processes[process].take(FILTER, bound)
            assert size > 0 or total >= bound
            total += size
            assert size == 0 or total <= bound


def test_many_workers_take_smaller_grants(tmp_path: Path) -> None:
    layout, storage = Layout(str(tmp_path)), LocalStorage()
    sizes = [RequestGrants(layout, storage, 1024).take(FILTER, 8192) for _ in range(3)]
    assert sizes == [2, 2, 2]


def test_threads_that_take_at_once_get_the_bound_together(tmp_path: Path) -> None:
    layout, storage = Layout(str(tmp_path)), LocalStorage()

    def take_all(_: int) -> int:
        grants = RequestGrants(layout, storage)
        return sum(iter(lambda: grants.take(FILTER, 100), 0))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take_all, range(4))) == 100


def test_a_damaged_grant_is_a_mistake_in_one_line(tmp_path: Path) -> None:
    layout, storage = Layout(str(tmp_path)), LocalStorage()
    storage.create(layout.request_grant(FILTER, 0), b"many")
    with pytest.raises(JobError, match=r"00000\.grant: is damaged"):
        RequestGrants(layout, storage).take(FILTER, 10)
