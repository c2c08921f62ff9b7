"""The help of every command explains every argument and option, and loses no words."""

import re

import pytest
from support.command_line import call
from typer.main import get_command

from pipelines.cli.main import app

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_and_option_is_explained(name: str) -> None:
    parameters = [each for each in COMMANDS[name].params if not each.hidden]
    assert [each.name for each in parameters if not each.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_no_word_is_taken_for_markup(name: str) -> None:
    """Rich removes `[lance]`, as of `shardmill[lance]`, from a help text."""
    shown = re.sub(r"\W+", "", call(name, "--help").output)
    assert re.sub(r"\W+", "", str(COMMANDS[name].help)) in shown
