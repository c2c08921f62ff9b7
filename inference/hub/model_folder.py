"""Checks that a model's folder has only files and folders, and names no file outside itself.

The check comes first, because the libraries that load a model open what they find, and follow the
names that its files give. A link to a file elsewhere is allowed, because the hub's cache consists
of such links.
"""

import stat
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from schemas.errors import JobError
from schemas.regular_file import read_json

_TEMPLATES = "additional_chat_templates/*"  # read with the tokenizer


def check_model_folder(folder: Path, field: str, loaded: Sequence[str]) -> None:
    """Raise JobError if a model's folder holds a pipe or device, or names a file outside itself.

    `loaded` are the patterns of the files that the model is loaded from; a folder that matches one
    of them is refused too. Of the folders inside, only the one with chat templates is checked.
    """
    for path in sorted(chain(folder.iterdir(), folder.glob(_TEMPLATES))):
        try:
            mode = path.stat().st_mode
        except OSError:  # a broken link is no file to any library
            continue
        if stat.S_ISDIR(mode) and any(path.match(pattern) for pattern in loaded):
            raise JobError(f"{field}: {str(path)!r} is a folder, not a file: copy the model again")
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise JobError(
                f"{field}: {str(path)!r} is a pipe, a socket or a device, not a file: "
                "copy the model again"
            )
    for path, name in _named_files(folder):
        if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\0" in name:
            raise JobError(
                f"{field}: {str(path)!r} names {str(name)[:200]!r}, which is no file in its "
                "folder: copy the model again"
            )


def _named_files(folder: Path) -> Iterator[tuple[Path, Any]]:
    """Yield (path, name) for each name of another file that the file at the path gives."""
    for path in sorted(folder.glob("*.safetensors.index.json")):
        weight_map = _read(path).get("weight_map")
        if isinstance(weight_map, dict):
            for file in sorted(set(map(str, weight_map.values()))):
                yield path, file
    config = folder / "config.json"
    if name := _read(config).get("transformers_weights"):
        yield config, name
    tokenizer = folder / "tokenizer_config.json"
    names = _read(tokenizer).get("fast_tokenizer_files") or []
    for name in names if isinstance(names, list) else [names]:
        yield tokenizer, name


def _read(path: Path) -> dict[str, Any]:
    """Read a JSON object; return an empty one if there is none, because other checks report it."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
