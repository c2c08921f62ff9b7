"""The folder below which all shards of a job lie: rows and output files name shards from there."""

import re
from collections.abc import Sequence

from pipelines.config.validation_errors import errors_at
from pipelines.storage.object_client import WEB
from pipelines.storage.paths import absolute, common_folder, parent, relative, scheme
from pipelines.storage.urls import check_url
from schemas.errors import JobError
from schemas.sample import Unit

_VARIABLE = re.compile(r"[*?\[{]")
_WILDCARD = re.compile(r"[*?\[]")


def absolute_pattern(pattern: str) -> str:
    """Make a pattern absolute; keep a `/` at its end if it has a wildcard or brace."""
    with errors_at("input.shards: "):
        check_url(pattern)
        if scheme(pattern) in WEB and (found := _WILDCARD.search(pattern)):
            raise JobError(
                f"{pattern}: a web server has no listing, so that {found[0]} cannot be a wildcard: "
                "name each file, or write braces such as {00000..00099}"
            )
    path = absolute(pattern)
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
