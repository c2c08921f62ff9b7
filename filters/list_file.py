"""Opens the text files with lists that filters read, such as words, domains and hashes."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TextIO

from schemas.errors import JobError
from schemas.resources import Resources


@contextmanager
def open_list(
    resources: Resources,
    path: str,
    *,
    errors: Literal["strict", "replace"] = "strict",
    newline: str | None = None,
) -> Iterator[TextIO]:
    """Open a list of UTF-8 text; a byte order mark is skipped.

    `errors` and `newline` are as in `open`. Raises JobError, which begins with the field `path`, if
    the list cannot be read or is not UTF-8.
    """
    try:
        with (
            resources.open(path) as stream,
            io.TextIOWrapper(stream, "utf-8-sig", errors=errors, newline=newline) as text,
        ):
            yield text
    except OSError as error:
        raise JobError(f"path: {path} cannot be read: {error.strerror}: check the path") from None
    except UnicodeDecodeError:
        raise JobError(f"path: {path} is not UTF-8 text: convert it") from None
