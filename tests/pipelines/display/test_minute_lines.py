"""When a log gets a line of progress."""

import threading

import pytest

from pipelines.display import minute_lines
from pipelines.display.minute_lines import MinuteLines


def test_a_line_follows_the_first_unit_and_the_last_one() -> None:
    ended: list[int] = []
    written: list[int] = []
    with MinuteLines(lambda: written.append(len(ended))) as lines:
        for unit in (1, 2, 3):
            ended.append(unit)
            lines.on_report()
    assert written == [1, 3]


def test_one_unit_gets_one_line_and_none_gets_none() -> None:
    written: list[int] = []
    with MinuteLines(lambda: written.append(0)) as lines:
        lines.on_report()
    assert written == [0]
    with MinuteLines(lambda: written.append(1)):
        pass
    assert written == [0]


def test_a_line_follows_each_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minute_lines, "_SECONDS", 0.001)
    came = threading.Event()
    with MinuteLines(came.set):
        assert came.wait(60)
