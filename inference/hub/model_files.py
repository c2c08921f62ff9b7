"""Checks that the files of a model are whole, without loading its weights."""

import json
import os
from collections.abc import Collection, Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import JobError
from schemas.regular_file import open_regular, parse_json

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_MAX_HEADER = 100_000_000  # bytes; the limit of the safetensors library
_MAX_JSON = 256 << 20  # bytes
_TOKENIZER = "tokenizer.json"
# bytes; of a larger tokenizer only the added tokens are read: Gemma's 34 MB would take a second
_MAX_PARSED_TOKENIZER = 8 << 20
_ITEM_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("BOOL", "I8", "U8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
}
# Files that transformers reads where they exist, so each must be a JSON object.
_CONFIGURATIONS = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)


class Tensor(NamedTuple):
    """The description of a tensor in the header of its file."""

    dtype: str  # as safetensors writes it: F32, BF16, ...
    shape: tuple[int, ...]
    file: str  # the file's name


class ModelFolder(NamedTuple):
    """A model's folder on this machine, and how errors name the folder."""

    path: Path
    field: str  # of the job
    from_hub: bool = False  # a folder of the hub's cache
    url: str = ""  # of the folder in a bucket of which this one is a copy

    @property
    def shown(self) -> str:
        """The path or the URL of the folder, as errors name it."""
        return self.url or str(self.path)

    def shown_file(self, name: str) -> str:
        """Return the path or the URL of a file, as errors name it."""
        return f"{self.url}/{name}" if self.url else str(self.path / name)

    def error(self, name: str, trouble: str) -> JobError:
        """Return the error for a file that exists but is wrong."""
        if self.from_hub:  # the cache keeps a file until it is deleted
            path = (self.path / name).resolve()
            way_out = f"delete {str(path)!r} and download it again: shardmill fetch"
        else:
            way_out = "upload it again" if self.url else "copy it again"
        return JobError(f"{self.field}: {self.shown_file(name)!r} {trouble}: {way_out}")

    def missing(self, *names: str) -> JobError:
        """Return the error for a file that exists under none of these names."""
        copy = "upload" if self.url else "copy"
        way_out = (
            "download it again: shardmill fetch" if self.from_hub else f"{copy} it again, whole"
        )
        return JobError(f"{self.field}: {self.shown!r} lacks {' or '.join(names)}: {way_out}")

    def read(self, name: str) -> bytes | None:
        """Read a file; return None if the file is missing.

        Raises JobError if the file cannot be read or is too large.
        """
        try:
            with open_regular(self.path / name) as file:
                content = file.read(_MAX_JSON + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(name, error) from None
        if len(content) > _MAX_JSON:
            raise self.error(name, f"has more than {_MAX_JSON >> 20} MiB")
        return content

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Read a file that holds a JSON object; return None if the file is missing.

        Raises JobError as `read` does, or if the file holds no JSON object.
        """
        content = self.read(name)
        if content is None:
            return None
        try:
            values = parse_json(content)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise self.error(name, "is not a whole JSON object")
        return values

    def check_files(self, names: Mapping[str, Path]) -> None:
        """Raise JobError if a file cannot be read, is a git-lfs pointer, or is damaged JSON.

        `names` has the path of each file that exists, by its name. Of the JSON files, only
        configurations and tokenizer.json are parsed.
        """
        for name, path in names.items():
            try:
                with open_regular(path) as file:
                    start = file.read(len(_LFS_POINTER))
            except OSError as error:
                raise self._unreadable(name, error) from None
            if start == _LFS_POINTER:
                raise JobError(
                    f"{self.field}: {self.shown_file(name)!r} is a git-lfs pointer, not the "
                    "file itself: run `git lfs pull` in its folder"
                )
        for name in _CONFIGURATIONS:
            if name in names:
                self.read_json(name)
        if _TOKENIZER in names:
            read_tokens(self)

    def read_tensors(self, weights: str, partial: bool = False) -> dict[str, Tensor] | None:
        """Return the tensors in the safetensors files that transformers would load, by their names.

        Only headers are read. `weights` names the single file; its index, beside it, names several.
        With `partial`, the result is None if a file is missing. Raises JobError if a file is not
        whole.
        """
        if (self.path / weights).is_file():
            return self._read_header(weights)
        index_name = f"{weights}.index.json"
        index = self.read_json(index_name)
        if index is None:
            if partial:
                return None
            raise self.missing(weights, index_name)
        files = index.get("weight_map")
        if not isinstance(files, dict) or not files:
            raise self.error(index_name, "has no weight_map")
        tensors: dict[str, Tensor] = {}
        complete = True
        for name in dict.fromkeys(files.values()):
            if not isinstance(name, str) or Path(name).name != name:
                raise self.error(index_name, "names a file outside its folder")
            if os.path.isfile(self.path / name):  # False for a name that is too long
                tensors |= self._read_header(name)
            elif partial:
                complete = False
            else:
                raise self.missing(name)
        if not complete:
            return None
        for tensor, name in files.items():
            if tensor not in tensors or tensors[tensor].file != name:
                raise self.error(name, f"lacks the tensor {tensor[:200]!r} that the index names")
        return tensors

    def _read_header(self, name: str) -> dict[str, Tensor]:
        """Read the header of a safetensors file; raise JobError if the file is not whole.

        The file has the length of the header in 8 bytes, the header as JSON, and the tensors
        without gaps.
        """
        try:
            with open_regular(self.path / name) as file:
                size = file.seek(0, 2)
                file.seek(0)
                length = int.from_bytes(file.read(8), "little")
                header = file.read(length) if size >= 8 and length <= _MAX_HEADER else b""
        except OSError as error:
            raise self._unreadable(name, error) from None
        trouble = f"is cut or is not safetensors ({size} bytes)"
        try:
            entries = json.loads(header)
            described = [(key, e) for key, e in entries.items() if key != "__metadata__"]
            tensors = {k: Tensor(str(e["dtype"]), tuple(e["shape"]), name) for k, e in described}
            spans = sorted((*e["data_offsets"], _bits(tensors[key]), key) for key, e in described)
            end = 0
            for start, stop, bits, _ in spans:
                if start != end or stop < start or bits not in (None, 8 * (stop - start)):
                    raise self.error(name, trouble)
                end = stop
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self.error(name, trouble) from None
        if 8 + len(header) + end != size:
            whole = 8 + len(header) + end
            raise self.error(name, f"is cut or damaged: it has {size} bytes, not {whole}")
        return tensors

    def _unreadable(self, name: str, error: OSError) -> JobError:
        reason = error.strerror or type(error).__name__
        return JobError(
            f"{self.field}: {str(self.path / name)!r} cannot be read: {reason}: check the file"
        )


def _bits(tensor: Tensor) -> int | None:
    """Return the bits that a tensor takes; None if its type is not in `_ITEM_BITS`.

    Raises ValueError if the shape is malformed.
    """
    if not all(type(side) is int and side >= 0 for side in tensor.shape):
        raise ValueError("a side of a tensor is no whole number")
    bits = _ITEM_BITS.get(tensor.dtype)
    return None if bits is None else bits * prod(tensor.shape)


def read_tokens(folder: ModelFolder, needed: Collection[str] = ()) -> dict[str, int] | None:
    """Return the ids of the tokens in tokenizer.json, by token; None if the file is missing.

    Of a large file, only the added tokens are read if they include all the `needed` ones. Raises
    JobError if the part that is read is damaged.
    """
    content = folder.read(_TOKENIZER)
    if content is None:
        return None
    try:
        if len(content) > _MAX_PARSED_TOKENIZER:
            added = _added_tokens(content)
            if added.keys() >= set(needed):
                return added
        tokenizer = json.loads(content)
        vocabulary = tokenizer["model"]["vocab"]
        if isinstance(vocabulary, list):  # Unigram: [token, score], in the order of ids
            ids = {str(token): number for number, (token, _) in enumerate(vocabulary)}
        else:
            ids = dict(vocabulary)
        ids |= {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
        if not ids or not all(type(number) is int for number in ids.values()):
            raise ValueError("a token without an id")
    except (KeyError, TypeError, ValueError, RecursionError):
        raise folder.error(_TOKENIZER, "is no whole tokenizer") from None
    return ids


def _added_tokens(content: bytes) -> dict[str, int]:
    """Return the ids of the added tokens at the start of a large tokenizer.json.

    Raises ValueError if the file is cut. The rest of the file is not parsed.
    """
    if not content.startswith(b"{") or not content.rstrip().endswith(b"}"):
        raise ValueError("a cut file")
    text = content.decode()
    start = text.index("[", text.index('"added_tokens"'))
    tokens, _ = json.JSONDecoder().raw_decode(text, start)
    return {str(token["content"]): int(token["id"]) for token in tokens}


def check_sizes(folder: ModelFolder, tensors: Mapping[str, Tensor]) -> None:
    """Raise JobError if a classifier's weights have other numbers of rows than config.json says."""
    config = folder.read_json("config.json") or {}
    labels = config.get("id2label")
    wanted = {
        ".word_embeddings.weight": config.get("vocab_size"),
        ".classifier.weight": len(labels) if isinstance(labels, dict) else None,
    }
    for name, tensor in tensors.items():
        for ending, rows in wanted.items():
            is_named = f".{name}".endswith(ending)
            if is_named and isinstance(rows, int) and tensor.shape[:1] != (rows,):
                raise folder.error(
                    tensor.file,
                    f"has {tensor.shape[0] if tensor.shape else 0} rows in {name[:200]}, but "
                    f"config.json says {rows}",
                )
