"""The folder below which all shards of a job lie: rows and output files name shards from there."""

import re
from collections.abc import Sequence

from pipelines.storage.object_client import locate
from pipelines.storage.paths import absolute, common_folder, parent, relative, scheme
from pipelines.storage.resolve import check_scheme
from schemas.errors import JobError
from schemas.sample import Unit

_VARIABLE = re.compile(r"[*?\[{]")


def absolute_pattern(pattern: str) -> str:
    """Make a pattern absolute; keep a `/` at its end if it has a wildcard or brace."""
    check_scheme(pattern)
    path = absolute(pattern)
    if scheme(path) and _VARIABLE.search(locate(path).bucket):
        raise JobError(f"input.shards: {pattern}: the name of a bucket has no wildcards or braces")
    return f"{path}/" if pattern.endswith("/") and _VARIABLE.search(path) else path


def fixed_folder(pattern: str) -> str:
    """Return the deepest folder of a pattern that contains no wildcard and no brace."""
    variable = _VARIABLE.search(pattern)
    return parent(pattern[: variable.start()] if variable else pattern)


def common_root(patterns: Sequence[str]) -> str:
    """Return the deepest folder that contains all shards that absolute patterns may name."""
    return common_folder(fixed_folder(pattern) for pattern in patterns)


def relative_patterns(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return patterns relative to their common root, sorted."""
    patterns = [absolute_pattern(pattern) for pattern in patterns]
    root = common_root(patterns)
    return tuple(sorted({relative(pattern, root) for pattern in patterns}))


def prefix_of(unit: Unit) -> str:
    """Return what precedes the names of shards in their paths, from a unit of the job."""
    return unit.path.removesuffix(unit.shard)


def root_of(unit: Unit) -> str:
    """Return the common root of the shards of a job, of which `unit` is a unit, for people."""
    return prefix_of(unit).removesuffix("/") or "/"
