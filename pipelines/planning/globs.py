"""Matches paths with globs, one name of the path after the other.

A regular expression for the whole path would be slow. The one that `glob.translate` of Python 3.13
makes takes 7 s to compare `*a*a*a*a*b.tar` with a single name of 200 letters, because it tries all
ways to divide the name.
"""

import fnmatch
import re
from collections.abc import Callable
from functools import lru_cache


def glob_matcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that tells whether a path matches a glob.

    `*`, `?` and `[ab]` match inside one name, and also match a dot at its start. `**` matches any
    number of folders; at the end of a glob, `**` matches every path below. Raises ValueError if
    `**` is only a part of a name.
    """
    names = pattern.split("/")
    if any("**" in name and name != "**" for name in names):
        raise ValueError("** is a part of a name")
    names += ["*"] * (names[-1] == "**")
    # None stands for `**`.
    steps = [None if name == "**" else re.compile(fnmatch.translate(name)) for name in names]

    @lru_cache(maxsize=1)  # paths of a listing are sorted, so that those of a folder are together
    def _enter(folder: str) -> set[int]:
        """Return the numbers of the steps that the names of a path so far may have taken."""
        done = _skip({0})
        for name in folder.split("/"):
            done = _take(done, name)
        return done

    def matches(path: str) -> bool:
        folder, slash, name = path.rpartition("/")
        return len(steps) in _take(_enter(folder) if slash else _skip({0}), name)

    def _take(done: set[int], name: str) -> set[int]:
        after = set()
        for number in done:
            if number < len(steps):
                step = steps[number]
                if step is None:
                    after.add(number)
                elif step.match(name):
                    after.add(number + 1)
        return _skip(after)

    def _skip(numbers: set[int]) -> set[int]:
        """Return the numbers, and after each `**` the next step: `**` may match no folder."""
        for number in sorted(numbers):
            while number < len(steps) and steps[number] is None:
                number += 1
                numbers.add(number)
        return numbers

    return matches
