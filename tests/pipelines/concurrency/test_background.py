"""BackgroundWorker runs tasks in order, one at a time; its caller gets their exceptions."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.concurrency.background import BackgroundWorker

LONG = 60.0  # seconds: only a failing test waits for as long
FAULT = ValueError("bad")


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("background")]


@given(st.lists(st.integers(), max_size=20), st.booleans())
def test_tasks_run_in_order(numbers: list[int], in_thread: bool) -> None:
    done: list[int] = []
    with BackgroundWorker("background", in_thread=in_thread) as background:
        for number in numbers:
            background.submit(done.append, number)
    assert done == numbers
    assert threads() == []


@pytest.mark.parametrize(("in_thread", "where"), [(True, "background-0"), (False, "MainThread")])
def test_the_thread_that_runs_a_task(in_thread: bool, where: str) -> None:
    names: list[str] = []
    with BackgroundWorker("background", in_thread=in_thread) as background:
        background.submit(lambda: names.append(threading.current_thread().name))
    assert names == [where]


def test_the_caller_is_at_most_one_task_ahead() -> None:
    submitted = [threading.Event() for _ in range(10)]
    done: list[int] = []

    def task(number: int) -> None:
        assert submitted[number].wait(LONG)  # the caller did not wait for this task
        done.append(number)

    with BackgroundWorker("background") as background:
        for number, event in enumerate(submitted):
            background.submit(task, number)
            assert done == list(range(number))  # all earlier tasks
            event.set()


def submit_all(
    *tasks: Callable[[], object], then: BaseException | None = None, in_thread: bool = True
) -> None:
    """Submit the tasks, then raise `then`."""
    with BackgroundWorker("background", in_thread=in_thread) as background:
        for task in tasks:
            background.submit(task)
        if then is not None:
            raise then


def fail() -> None:
    raise FAULT


@pytest.mark.parametrize("in_thread", [True, False])
def test_an_exception_reaches_the_caller_unchanged_and_no_later_task_runs(in_thread: bool) -> None:
    done: list[int] = []
    with pytest.raises(ValueError, match="bad") as raised:
        submit_all(fail, lambda: done.append(1), in_thread=in_thread)
    assert raised.value is FAULT
    assert done == []
    assert threads() == []


def test_an_exception_of_the_last_task_is_raised_on_leaving() -> None:
    with pytest.raises(ValueError, match="bad"):
        submit_all(fail)


def test_a_tasks_exception_replaces_a_later_one_of_the_caller() -> None:
    with pytest.raises(ValueError, match="bad"):
        submit_all(fail, then=KeyError())


@pytest.mark.parametrize("ending", [KeyError(), KeyboardInterrupt()], ids=repr)
def test_the_running_task_is_finished_whatever_ends_the_caller(ending: BaseException) -> None:
    leaving = threading.Event()
    done: list[int] = []

    def task() -> None:
        assert leaving.wait(LONG)
        done.append(1)

    def caller() -> None:
        with BackgroundWorker("background") as background:
            background.submit(task)
            leaving.set()
            raise ending

    with pytest.raises(type(ending)):
        caller()
    assert done == [1]
    assert threads() == []


def test_an_interruption_is_raised_even_where_the_task_failed() -> None:
    with pytest.raises(KeyboardInterrupt):
        submit_all(fail, then=KeyboardInterrupt())
    assert threads() == []
