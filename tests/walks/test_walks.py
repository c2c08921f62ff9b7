"""Walks of new users: each is a transcript, run in a clean environment with the built wheel."""

from pathlib import Path

import pytest
from support import transcript
from support.clean_environment import CleanEnvironment
from support.transcript import Step
from support.user_data import DATA

WALKS = sorted(Path(__file__).parent.glob("*.md"))


def test_every_walk_has_its_data() -> None:
    assert {walk.stem for walk in WALKS} == set(DATA)


@pytest.mark.faults
@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.stem)
def test_a_user_sees_what_the_walk_shows(
    walk: Path, full_environment: CleanEnvironment, tmp_path: Path
) -> None:
    DATA[walk.stem](tmp_path)
    for step in transcript.read(walk):
        printed = full_environment.run(step.command, tmp_path, step.code)
        assert transcript.matches(step, printed), (
            f"{walk.name}:{step.line}: $ {step.command}\n{printed}"
        )


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["a b"], "a   b\n", True),
        (["a", "...", "d"], "a\nb\nc\nd\n", True),
        (["a", "...", "d"], "a\nd\n", True),
        (["a ... c"], "a b c\n", True),
        (["a"], "a\nb\n", False),
        (["a", "..."], "b\na\n", False),
        ([], "a\n", False),
    ],
)
def test_a_transcript_tells_what_differs(expected: list[str], printed: str, same: bool) -> None:
    assert transcript.matches(Step("x", tuple(expected), 0, 1), printed) == same


def test_a_transcript_is_read(tmp_path: Path) -> None:
    text = (
        "Look:\n\n    $ one \\\n    > two\n    seen\n\n    more\n    [2]\n\nThen:\n\n    $ three\n"
    )
    (tmp_path / "walk.md").write_text(text)
    first, second = transcript.read(tmp_path / "walk.md")
    assert first == Step("one \\\ntwo", ("seen", "", "more"), 2, 3)
    assert second == Step("three", (), 0, 12)
