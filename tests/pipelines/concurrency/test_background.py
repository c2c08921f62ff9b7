"""Work behind its caller comes in order, one piece at a time, and its faults come back."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.concurrency.background import BackgroundWorker

LONG = 60.0  # seconds: only a failing test waits for as long
FAULT = ValueError("bad")


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("behind")]


@given(st.lists(st.integers(), max_size=20), st.booleans())
def test_pieces_are_done_in_order(pieces: list[int], apart: bool) -> None:
    done: list[int] = []
    with BackgroundWorker("behind", apart=apart) as background:
        for piece in pieces:
            background.submit(done.append, piece)
    assert done == pieces
    assert threads() == []


@pytest.mark.parametrize(("apart", "where"), [(True, "behind-0"), (False, "MainThread")])
def test_where_a_piece_is_done(apart: bool, where: str) -> None:
    names: list[str] = []
    with BackgroundWorker("behind", apart=apart) as background:
        background.submit(lambda: names.append(threading.current_thread().name))
    assert names == [where]


def test_the_caller_goes_on_meanwhile_by_one_piece_and_no_further() -> None:
    handed_over = [threading.Event() for _ in range(10)]
    done: list[int] = []

    def piece(number: int) -> None:
        assert handed_over[number].wait(LONG)  # the caller has gone on
        done.append(number)

    with BackgroundWorker("behind") as background:
        for number, event in enumerate(handed_over):
            background.submit(piece, number)
            assert done == list(range(number))  # all before it
            event.set()


def follow(
    *pieces: Callable[[], object], then: BaseException | None = None, apart: bool = True
) -> None:
    """Hand the pieces over, then raise."""
    with BackgroundWorker("behind", apart=apart) as background:
        for piece in pieces:
            background.submit(piece)
        if then is not None:
            raise then


def fail() -> None:
    raise FAULT


@pytest.mark.parametrize("apart", [True, False])
def test_a_fault_comes_back_as_it_was_and_nothing_is_done_after_it(apart: bool) -> None:
    done: list[int] = []
    with pytest.raises(ValueError, match="bad") as raised:
        follow(fail, lambda: done.append(1), apart=apart)
    assert raised.value is FAULT
    assert done == []
    assert threads() == []


def test_a_fault_of_the_last_piece_is_raised_on_leaving() -> None:
    with pytest.raises(ValueError, match="bad"):
        follow(fail)


def test_the_fault_of_a_piece_goes_before_what_the_caller_met_later() -> None:
    with pytest.raises(ValueError, match="bad"):
        follow(fail, then=KeyError())


@pytest.mark.parametrize("ending", [KeyError(), KeyboardInterrupt()], ids=repr)
def test_whatever_ends_the_caller_the_piece_in_work_is_done(ending: BaseException) -> None:
    leaving = threading.Event()
    done: list[int] = []

    def piece() -> None:
        assert leaving.wait(LONG)
        done.append(1)

    def caller() -> None:
        with BackgroundWorker("behind") as background:
            background.submit(piece)
            leaving.set()
            raise ending

    with pytest.raises(type(ending)):
        caller()
    assert done == [1]
    assert threads() == []


def test_an_interruption_is_raised_whatever_the_piece_met() -> None:
    with pytest.raises(KeyboardInterrupt):
        follow(fail, then=KeyboardInterrupt())
    assert threads() == []
