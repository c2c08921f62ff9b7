"""Read an operator's list of hashes into memory.

A list with any malformed line is an error. No error quotes an entry, and only the hash of an entry
stays in memory.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping

from filters.list_file import open_list
from schemas.counted import counted
from schemas.errors import JobError
from schemas.resources import Resources

SIZES: Mapping[str, int] = {"md5": 16, "sha1": 20, "sha256": 32, "pdq": 32}  # bytes


def read_hashes(resources: Resources, path: str, algorithms: Iterable[str]) -> dict[str, bytearray]:
    """Read the hashes of the given algorithms, concatenated per algorithm.

    The list is a CSV file whose header names the columns `algorithm` and `hash`; hashes are
    hexadecimal in either case. Algorithms without entries are left out of the result. Raises
    JobError, which begins with the field `path`, for an unreadable or malformed list and for a
    list without any entry of the algorithms.
    """
    hashes: dict[str, bytearray] = {}
    wanted = frozenset(algorithms)
    # Invalid UTF-8 is harmless in other columns; in a hash it is no hexadecimal digit.
    with open_list(resources, path, errors="replace", newline="") as text:
        for algorithm, digest in _entries(text, path):
            if algorithm in wanted:
                hashes.setdefault(algorithm, bytearray()).extend(digest)
    if not hashes:
        raise JobError(f"path: {path} lists no hash by {' or '.join(algorithms)}: fill it")
    return hashes


def _entries(text: Iterable[str], path: str) -> Iterator[tuple[str, bytes]]:
    """Yield the algorithm and the hash of each line; skip empty lines."""
    lines = csv.reader(text, strict=True)
    try:
        header = [name.strip().casefold() for name in next(lines, [])]
        if not {"algorithm", "hash"} <= set(header):
            raise _Malformed("is no header with the columns algorithm and hash")
        algorithm_at, hash_at = header.index("algorithm"), header.index("hash")
        for line in lines:
            if line:
                if len(line) != len(header):
                    raise _Malformed(
                        f"has {counted(len(line), 'column')}, and the header {len(header)}"
                    )
                yield _entry(line[algorithm_at], line[hash_at])
    except (_Malformed, csv.Error) as fault:
        problem = fault if isinstance(fault, _Malformed) else "is no CSV"
        raise JobError(
            f"path: line {max(lines.line_num, 1)} of {path} {problem}: mend the list"
        ) from None


def _entry(name: str, digits: str) -> tuple[str, bytes]:
    algorithm, digits = name.strip().casefold().replace("-", ""), digits.strip()
    size = SIZES.get(algorithm)
    if size is None:
        raise _Malformed(f"has an algorithm other than {', '.join(SIZES)}")
    try:
        digest = bytes.fromhex(digits)
    except ValueError:
        digest = b""
    if len(digits) != 2 * size or len(digest) != size:
        raise _Malformed(f"has a hash other than {2 * size} hexadecimal digits")
    return algorithm, digest


class _Malformed(Exception):
    """The error of a malformed line; its message quotes nothing of the line."""
