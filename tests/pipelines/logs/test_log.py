"""The log of a process: its lines in JSON, its levels, and what libraries write."""

import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.shardmill_process import ROOT

from pipelines.logs import log as logs
from pipelines.logs.configuration import configured
from pipelines.logs.events import EVENTS, KEYS, log_schema
from pipelines.logs.log import log

VALIDATOR = jsonschema.Draft202012Validator(log_schema())
Capture = pytest.CaptureFixture[str]


def lines(text: str) -> list[dict[str, Any]]:
    """Parse each line of a log in JSON, and check it against the schema."""
    parsed = [json.loads(line) for line in text.splitlines()]
    for line in parsed:
        VALIDATOR.validate(line)
    return parsed


@contextmanager
def captured() -> Iterator[io.StringIO]:
    """Log in JSON into a text, without the fixtures of pytest, which hypothesis calls once."""
    stream, before = io.StringIO(), sys.stderr
    sys.stderr = stream
    try:
        with configured("json"):
            yield stream
    finally:
        sys.stderr = before


def test_the_schema_is_valid_and_describes_every_key() -> None:
    jsonschema.Draft202012Validator.check_schema(log_schema())
    assert {key for event in EVENTS.values() for key in event.keys} <= set(KEYS)
    assert all(name == name.lower() and " " not in name for name in EVENTS)


def test_an_event_is_one_line_with_stable_keys(capsys: Capture) -> None:
    with configured("json"):
        logs.set_run("20260101T000000Z-abc")
        log("unit_requeued", "00003: lost\n again", unit="00003", reason="worker_died")
    (line,) = lines(capsys.readouterr().err)
    assert list(line)[:5] == ["time", "level", "event", "run", "message"]
    assert line["level"] == "warning"
    assert line["run"] == "20260101T000000Z-abc"
    assert line["message"] == "00003: lost again"
    log("notice", "the context has ended")
    log("command_failed", "errors are always shown", exit_code=1)
    assert capsys.readouterr().err == "shardmill: errors are always shown\n"


def test_a_line_lacks_no_key_and_has_no_other_one() -> None:
    line = {"time": "2026-01-01T00:00:00.000Z", "level": "info", "event": "notice", "run": ""}
    VALIDATOR.validate({**line, "message": ""})
    for wrong in (line, {**line, "message": "", "text": "a"}, {**line, "message": "", "unit": "a"}):
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(wrong)


@settings(max_examples=30)
@given(st.text(max_size=20), st.sampled_from([1, 200]), st.text(max_size=20))
@example("\U0001f600", 3000, "a\nb")
@example("\ud800", 1, "\x1b[31m")
def test_any_text_becomes_one_short_line(part: str, times: int, unit: str) -> None:
    message = part * times
    with captured() as stream:
        log("unit_requeued", message, unit=unit, reason="")
    (line,) = lines(stream.getvalue())
    assert line["unit"] == unit
    assert len(stream.getvalue().encode()) <= 4096
    whole = " ".join(message.split())
    assert line["message"].removesuffix("…") == whole[: len(line["message"].removesuffix("…"))]


def test_quiet_shows_warnings_and_errors(capsys: Capture) -> None:
    with configured("text", quiet=True):
        log("notice", "a")
        log("warning", "b")
    assert capsys.readouterr().err == "shardmill: b\n"
    with configured("json", quiet=True):
        log("notice", "a")
        log("warning", "b")
        logging.getLogger("quiet").info("c")
    assert [line["message"] for line in lines(capsys.readouterr().err)] == ["b"]


def test_what_libraries_write_becomes_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])  # pytest's own
    logger = logging.getLogger("a_library")
    early = logging.StreamHandler()  # as a library that was imported before
    with captured() as stream:
        logger.warning("%d tokens", 3)  # without a handler
        late = logging.StreamHandler()  # as one that is imported now
        for handler in (early, late):
            handler.stream = sys.stderr
            logger.addHandler(handler)
            logger.error("once\nmore")
            logger.removeHandler(handler)
        try:
            raise ValueError("a secret")
        except ValueError:
            logger.exception("failed")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", FutureWarning, stacklevel=1)
        print("first\rsecond\n\nlast", end="", file=sys.stderr)
    written = lines(stream.getvalue())
    assert [(line["event"], line["level"], line["message"]) for line in written] == [
        ("library_message", "warning", "3 tokens"),
        ("library_message", "error", "once more"),
        ("library_message", "error", "once more"),
        ("library_message", "error", "failed"),
        ("library_message", "warning", "FutureWarning: old"),
        ("output", "warning", "first"),
        ("output", "warning", "second"),
        ("output", "warning", "last"),
    ]
    assert written[0]["logger"] == "a_library"


def test_handlers_of_other_streams_are_left_alone() -> None:
    logger, own = logging.getLogger("a_library"), io.StringIO()
    handler = logging.StreamHandler(own)
    logger.addHandler(handler)
    with captured() as stream:
        logger.warning("mine")
    logger.removeHandler(handler)
    assert (own.getvalue(), stream.getvalue()) == ("mine\n", "")


def log_often(number: int) -> None:
    for _ in range(50):
        log("notice", f"{number}" * 500)


def test_lines_of_threads_do_not_mix() -> None:
    with captured() as stream:
        threads = [threading.Thread(target=log_often, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(lines(stream.getvalue())) == 200


def test_everything_is_restored() -> None:
    before = (sys.stderr, logging.StreamHandler.emit, warnings.showwarning, dict(os.environ))
    with captured():
        logs.set_run("a")
        assert logs.variables()["SHARDMILL_LOG_RUN"] == "a"
    after = (sys.stderr, logging.StreamHandler.emit, warnings.showwarning, dict(os.environ))
    assert after == before
    assert logs.variables() == {}


WORKER = """
import logging, sys, warnings
from pipelines.logs.configuration import begin_in_worker
from pipelines.logs.log import log
begin_in_worker()
log("worker_failed", "the disk is full")
logging.getLogger("lib").warning("slow")
print("a line", file=sys.stderr)
warnings.warn("old")
"""


def test_a_worker_takes_the_settings_of_its_parent() -> None:
    with configured("json"):
        logs.set_run("a-run")
        ended = subprocess.run(
            [sys.executable, "-c", WORKER], cwd=ROOT, check=True, capture_output=True, text=True
        )
    written = lines(ended.stderr)
    assert [line["event"] for line in written] == [
        "worker_failed",
        "library_message",
        "output",
        "library_message",
    ]
    assert {line["run"] for line in written} == {"a-run"}
