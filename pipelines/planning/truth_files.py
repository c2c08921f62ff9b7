"""Finds the files of references that a pattern names."""

import hashlib
import json
import re
from collections.abc import Iterable

from pipelines.evaluation.truth_rows import LINES, PARQUET
from pipelines.planning.globs import glob_matcher
from pipelines.planning.shard_root import fixed_folder
from pipelines.storage.storage import Entry, Storage
from schemas.errors import JobError

_WILDCARD = re.compile(r"[*?\[]")


def find_truth_files(pattern: str, storage: Storage, place: str = "--truth") -> list[Entry]:
    """Return the files that an absolute pattern names; `place` begins the messages of errors.

    Raises JobError if there are none, or if the ending is not that of files of references.
    """
    if not pattern.lower().endswith((PARQUET, LINES)):
        raise JobError(
            f"{place}: {pattern} is neither the name of a column nor of files that end in "
            f"{PARQUET} or {LINES}: correct it"
        )
    if not _WILDCARD.search(pattern):
        found = storage.entry(pattern)
        if found is None:
            raise JobError(f"{place}: {pattern} cannot be read: No such file or directory")
        return [found]
    try:
        matches = glob_matcher(pattern)
    except ValueError as error:
        raise JobError(f"{place}: {pattern}: {error}: write it as a whole name") from None
    files = [each for each in storage.list(fixed_folder(pattern)) if matches(each.path)]
    if not files:
        raise JobError(f"{place}: no file matches {pattern}: check the pattern")
    return files


def truth_version(files: Iterable[Entry]) -> str:
    """Return the SHA-256 of the paths and versions of files: other references have another one."""
    content = json.dumps(sorted((each.path, each.version) for each in files))
    return hashlib.sha256(content.encode()).hexdigest()
