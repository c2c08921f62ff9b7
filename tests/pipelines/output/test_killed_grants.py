"""A process that is killed while it takes a grant loses that grant alone, and none is doubled."""

import random
import signal
from pathlib import Path

import pytest
from support.grant_takers import FILTER, Death, start, taken

from pipelines.output.layout import Layout
from pipelines.output.request_grants import RequestGrants
from pipelines.storage.local import LocalStorage

BOUND, GRANT, STARTERS = 1000, 4, 3
KILLS, SEED = 8, 20261129


@pytest.mark.parametrize(
    ("death", "links", "lost"),
    [
        ("before the link", True, 0),
        ("after the link", True, GRANT),
        ("before the content", False, GRANT),
    ],
)
def test_a_process_that_dies_in_the_middle_of_a_grant(
    death: Death, links: bool, lost: int, tmp_path: Path
) -> None:
    dying = start(tmp_path, BOUND, death, links)
    dying.join()
    assert dying.exitcode == -signal.SIGKILL
    others = [start(tmp_path, BOUND, links=links) for _ in range(STARTERS)]
    for process in others:
        process.join()
    assert [process.exitcode for process in others] == [0] * STARTERS
    assert sum(taken(tmp_path)) == BOUND - lost


@pytest.mark.faults
@pytest.mark.parametrize("links", [True, False])
def test_starters_that_meet_and_are_killed_at_random_moments(links: bool, tmp_path: Path) -> None:
    moments = random.Random(f"{SEED}/{links}")
    at_work = [start(tmp_path, BOUND, links=links) for _ in range(STARTERS)]
    killed = 0
    for _ in range(KILLS):
        at_work[0].join(moments.uniform(0, 0.05))
        at_work[0].kill()
        at_work[0].join()
        killed += at_work.pop(0).exitcode == -signal.SIGKILL
        at_work.append(start(tmp_path, BOUND, links=links))
    for process in at_work:
        process.join()
        assert process.exitcode == 0
    assert BOUND - GRANT * killed <= sum(taken(tmp_path)) <= BOUND


def test_an_empty_grant_counts_as_one_of_the_bounds_size(tmp_path: Path) -> None:
    layout, storage = Layout(str(tmp_path)), LocalStorage()
    storage.create(layout.request_grant(FILTER, 1), b"")
    grants = RequestGrants(layout, storage)
    assert sum(iter(lambda: grants.take(FILTER, 10), 0)) == 9
