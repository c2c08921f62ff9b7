"""Tests that errors pickle, match the documented tree, and name where a shard is damaged."""

import inspect
import pickle
import re

import pytest

from schemas import errors
from schemas.errors import (
    AnswersDrifted,
    DeadlinePassed,
    DecoderHung,
    GoldenSetFailed,
    JobError,
    MachineFault,
    ServiceFault,
    ShardFault,
    ShardmillError,
    ShardUnreachable,
    Terminated,
    TooManyErrors,
    WorkerFault,
)

ONE_OF_EACH = [
    ShardmillError("a"),
    JobError("a: b"),
    ShardFault("cut", 512),
    ShardUnreachable("denied", 512),
    ServiceFault("service_timeout"),
    TooManyErrors("9 of 10"),
    AnswersDrifted("shorter captions"),
    GoldenSetFailed("caption.cider is 0.8"),
    WorkerFault("disk"),
    MachineFault("disk"),
    DeadlinePassed("a block"),
    DecoderHung("an image"),
    Terminated(),
]


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda error: type(error).__name__)
def test_errors_pickle(error: BaseException) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled in this line
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_every_error_is_in_the_documented_tree_under_its_base() -> None:
    classes = dict(inspect.getmembers(errors, inspect.isclass))
    assert {type(error) for error in ONE_OF_EACH} == set(classes.values())
    branches: list[str] = []  # names from the root to the current line
    documented = {}  # error -> its parent in the tree
    for indent, name in re.findall(r"^ {4}([ │├└─]*)(\w+)", errors.__doc__ or "", re.MULTILINE):
        depth = len(indent) // 4
        branches = [*branches[:depth], name]
        documented[name] = branches[depth - 1] if depth else ""
    for name, error in classes.items():
        assert documented.pop(name) == error.__base__.__name__
    assert documented == {"Exception": "", "KeyboardInterrupt": ""}


def test_pydantic_treats_a_job_error_as_a_validation_error() -> None:
    assert issubclass(JobError, ValueError)


def test_except_exception_does_not_catch_an_interruption() -> None:
    assert not issubclass(Terminated, Exception)


def test_a_shard_fault_has_a_reason_and_an_offset() -> None:
    fault = ShardFault("shard_truncated", 512)
    assert str(fault) == "shard_truncated near byte 512"
    assert (fault.reason, fault.offset) == ("shard_truncated", 512)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("plain é 日 “quotes”", "plain é 日 “quotes”"),
        ("a\nb\tc\x00\x1b[31m", r"a\nb\tc\x00\x1b[31m"),
        ("\u2028\u202e\udcff", r"\u2028\u202e\udcff"),
        ("x" * 20_000 + "end", "x" * 5000 + "…" + "x" * 4996 + "end"),
    ],
)
def test_a_job_error_is_one_line_that_can_be_printed(message: str, line: str) -> None:
    assert str(JobError(message)) == line
    assert str(pickle.loads(pickle.dumps(JobError(message)))) == line  # noqa: S301
