"""Errors can be pickled, form one tree, and name the place where a shard is damaged."""

import inspect
import pickle
import re

import pytest

from schemas import errors
from schemas.errors import (
    DeadlinePassed,
    DecoderHung,
    JobError,
    MachineFault,
    ShardFault,
    ShardmillError,
    Terminated,
    TooManyErrors,
    WorkerFault,
)

ONE_OF_EACH = [
    ShardmillError("a"),
    JobError("a: b"),
    ShardFault("cut", 512),
    TooManyErrors("9 of 10"),
    WorkerFault("disk"),
    MachineFault("disk"),
    DeadlinePassed("a block"),
    DecoderHung("an image"),
    Terminated(),
]


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda error: type(error).__name__)
def test_errors_pickle(error: BaseException) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made above
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_every_error_is_tested_and_stands_in_the_tree_under_its_base() -> None:
    classes = dict(inspect.getmembers(errors, inspect.isclass))
    assert {type(error) for error in ONE_OF_EACH} == set(classes.values())
    branches: list[str] = []  # from the root to the present line
    drawn = {}
    for indent, name in re.findall(r"^ {4}([ │├└─]*)(\w+)", errors.__doc__ or "", re.MULTILINE):
        depth = len(indent) // 4
        branches = [*branches[:depth], name]
        drawn[name] = branches[depth - 1] if depth else ""
    for name, error in classes.items():
        assert drawn.pop(name) == error.__base__.__name__
    assert drawn == {"Exception": "", "KeyboardInterrupt": ""}


def test_pydantic_takes_a_job_error_for_one_of_validation() -> None:
    assert issubclass(JobError, ValueError)


def test_no_handler_of_errors_swallows_an_interruption() -> None:
    assert not issubclass(Terminated, Exception)


def test_a_shard_fault_tells_reason_and_place() -> None:
    fault = ShardFault("shard_truncated", 512)
    assert str(fault) == "shard_truncated near byte 512"
    assert (fault.reason, fault.offset) == ("shard_truncated", 512)
