"""Runs the command line in this process, as its entry point does."""

import sys
from typing import NamedTuple

import pytest
from typer.testing import CliRunner, Result

from pipelines.cli.main import app, main


class Ended(NamedTuple):
    """The exit code of a command, and what it printed."""

    code: int
    out: str
    err: str


class CommandLine:
    """Commands of `shardmill`, run one after the other in the current folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> Ended:
        """Run a command."""
        self._monkeypatch.setattr(sys, "argv", ["shardmill", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self._capsys.readouterr()
        assert "Traceback" not in printed.err, printed.err
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    def done(self, *arguments: object) -> str:
        """Run a command that succeeds, and return what it prints on stdout."""
        code, out, err = self(*arguments)
        assert code == 0, err
        return out

    def mistake(self, *arguments: object) -> str:
        """Run a command that a user's mistake ends, and return its one line."""
        code, out, err = self(*arguments)
        assert code == 2, out + err
        line = err.removesuffix("\n")
        assert line.startswith("shardmill: "), line
        assert "\n" not in line
        return line


def call(*arguments: object, code: int = 0, answer: str = "") -> Result:
    """Run a command on a terminal of 120 columns, and check its exit code.

    `answer` is what it reads from stdin.
    """
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(app, words, input=answer, env={"COLUMNS": "120"})
    assert result.exit_code == code, result.output
    return result
