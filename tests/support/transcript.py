"""Runs a transcript: indented commands with what is seen, between paragraphs that explain them.

    $ a command of bash
    > and more lines of it
    what is seen; `...` stands for any text, and alone on a line for any lines
    [2]

The last line is the exit code, which is 0 unless given. Several spaces match any number of spaces.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

INDENT = "    "


class Step(NamedTuple):
    command: str
    expected: tuple[str, ...]
    code: int
    line: int


def read(path: Path) -> list[Step]:
    """The commands of a transcript, in their order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith(f"{INDENT}$ ")]
    return [_step(start, lines[start:end]) for start, end in _ranges(starts, len(lines))]


def _ranges(starts: list[int], length: int) -> Iterator[tuple[int, int]]:
    yield from zip(starts, [*starts[1:], length], strict=True)


def _step(start: int, lines: list[str]) -> Step:
    block = []
    for line in lines:
        if line.strip() and not line.startswith(INDENT):
            break  # a paragraph
        block.append(line.removeprefix(INDENT).rstrip())
    while not block[-1]:
        del block[-1]
    first, *rest = block
    more = [line for line in rest if line.startswith("> ") or line == ">"]
    seen = rest[len(more) :]
    code = re.fullmatch(r"\[(\d+)\]", seen[-1]) if seen else None
    return Step(
        "\n".join([first[2:], *(line[2:] for line in more)]),
        tuple(seen[:-1] if code else seen),
        int(code[1]) if code else 0,
        start + 1,
    )


def matches(step: Step, printed: str) -> bool:
    """Whether a command printed what its step expects."""
    pattern = "".join(_pattern(line) for line in step.expected)
    actual = "".join(f"{' '.join(line.split())}\n" for line in printed.rstrip().splitlines())
    return re.fullmatch(pattern, actual) is not None


def _pattern(line: str) -> str:
    if line == "...":
        return r"(?:.*\n)*?"
    parts = re.split(r" ?\.\.\. ?", " ".join(line.split()))
    return ".*".join(map(re.escape, parts)) + r"\n"
