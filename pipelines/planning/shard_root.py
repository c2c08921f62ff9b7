"""The folder below which all shards of a job lie: rows and output files name shards from there."""

import os
import re
from collections.abc import Sequence

from pipelines.storage.resolve import absolute
from schemas.sample import Unit

_VARIABLE = re.compile(r"[*?\[{]")


def absolute_pattern(pattern: str) -> str:
    """Make a pattern absolute; keep a `/` at its end if it has a wildcard or brace."""
    path = absolute(pattern)
    return f"{path}/" if pattern.endswith("/") and _VARIABLE.search(path) else path


def fixed_folder(pattern: str) -> str:
    """Return the deepest folder of a pattern that contains no wildcard and no brace."""
    variable = _VARIABLE.search(pattern)
    return os.path.dirname(pattern[: variable.start()] if variable else pattern)


def common_root(patterns: Sequence[str]) -> str:
    """Return the deepest folder that contains all shards that absolute patterns may name."""
    return os.path.commonpath([fixed_folder(pattern) for pattern in patterns])


def relative_patterns(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return patterns relative to their common root, sorted."""
    patterns = [absolute_pattern(pattern) for pattern in patterns]
    prefix = common_root(patterns).rstrip("/") + "/"
    return tuple(sorted({pattern.removeprefix(prefix) for pattern in patterns}))


def root_of(unit: Unit) -> str:
    """Return the common root of the shards of a job, of which `unit` is a unit."""
    return unit.path.removesuffix(unit.shard).rstrip("/") or "/"
