"""Operators' lists of hashes, read into memory; a list that cannot be read whole is an error.

No error quotes an entry, and nothing of an entry but its hash is kept.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from schemas.errors import JobError
from schemas.resources import Resources

SIZES: Mapping[str, int] = {"md5": 16, "sha1": 20, "sha256": 32, "pdq": 32}  # bytes


def read_hashes(resources: Resources, path: str, algorithms: Iterable[str]) -> dict[str, bytearray]:
    """Of each of the algorithms that the list has entries of, their hashes one after another.

    The list is a CSV file with a header that names the columns `algorithm` and `hash`, in
    hexadecimal of either case. Raises JobError, which begins with the field `path`.
    """
    found: dict[str, bytearray] = {}
    wanted = frozenset(algorithms)
    try:
        with (
            resources.open(path) as stream,
            # What is not UTF-8 in other columns does no harm; in a hash it is no digit.
            io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="") as text,
        ):
            for algorithm, digest in _entries(text, path):
                if algorithm in wanted:
                    found.setdefault(algorithm, bytearray()).extend(digest)
    except OSError as error:
        raise JobError(f"path: {path} cannot be read: {error.strerror}: check the path") from None
    if not found:
        raise JobError(f"path: {path} lists no hash by {' or '.join(algorithms)}: fill it")
    return found


def _entries(text: Iterable[str], path: str) -> Iterator[tuple[str, bytes]]:
    """Algorithm and hash of each line; lines that are empty are passed over."""
    lines = csv.reader(text, strict=True)
    try:
        header = [name.strip().casefold() for name in next(lines, [])]
        if not {"algorithm", "hash"} <= set(header):
            raise _Malformed("is no header with the columns algorithm and hash")
        algorithm_at, hash_at = header.index("algorithm"), header.index("hash")
        for line in lines:
            if line:
                if len(line) != len(header):
                    raise _Malformed(f"has {len(line)} columns, and the header {len(header)}")
                yield _entry(line[algorithm_at], line[hash_at])
    except (_Malformed, csv.Error) as fault:
        trouble = fault if isinstance(fault, _Malformed) else "is no CSV"
        raise JobError(
            f"path: line {max(lines.line_num, 1)} of {path} {trouble}: mend the list"
        ) from None


def _entry(name: str, written: str) -> tuple[str, bytes]:
    algorithm, written = name.strip().casefold().replace("-", ""), written.strip()
    size = SIZES.get(algorithm)
    if size is None:
        raise _Malformed(f"has an algorithm other than {', '.join(SIZES)}")
    try:
        digest = bytes.fromhex(written)
    except ValueError:
        digest = b""
    if len(written) != 2 * size or len(digest) != size:
        raise _Malformed(f"has a hash other than {2 * size} hexadecimal digits")
    return algorithm, digest


class _Malformed(Exception):
    """What is wrong with a line, quoting nothing of it."""
