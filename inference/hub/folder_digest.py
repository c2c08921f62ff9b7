"""Digests the files that a model in a folder is loaded from, so that a change is noticed."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from schemas.errors import JobError
from schemas.models import ResolvedModel
from schemas.regular_file import open_regular

_WHOLE = 16 << 20  # bytes; the digest covers smaller files in full
_STRIDE = 4 << 20  # bytes; of larger files it covers one sample per stride ...
_SAMPLE = 64 << 10  # bytes; ... of this size


def digest_folder(folder: Path, patterns: Sequence[str]) -> str:
    """Digest the names, sizes and contents of the files, sorted by name, as `sha256:...`.

    A file over 16 MiB is sampled: 64 KiB at the start of every 4 MiB, and the last 64 KiB. That is
    1 / 64 of the bytes, and every weight matrix of 4 MiB or more contributes to it. Folders that
    match a pattern are left out.
    """
    total = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        if path.is_dir():
            continue
        size = path.stat().st_size
        total.update(f"{path.relative_to(folder)}\0{size}\0".encode())
        with open_regular(path) as file:
            if size <= _WHOLE:
                total.update(file.read(size))
            else:
                for offset in (*range(0, size, _STRIDE), size - _SAMPLE):
                    file.seek(offset)
                    total.update(file.read(_SAMPLE))
    return f"sha256:{total.hexdigest()}"


def changed_folder(model: ResolvedModel, field: str) -> JobError:
    """Return the error of a folder with other files than when the job was planned."""
    return JobError(
        f"{field}: {model.source!r} is not what it was when the job was planned: "
        "put its files back, or plan the job anew"
    )
