"""Reads a checkpoint's tokenizer with the `tokenizers` package alone.

The steps are those of TokenizersBackend and GemmaTokenizer of transformers 5.23, so that the token
ids are the same. The import of transformers takes seconds.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE

from inference.families.paligemma.tokens import IMAGE, MARKUP
from schemas.regular_file import open_regular, read_json

_LOGGER = logging.getLogger(__name__)
_ROLES = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)
_GEMMA_ROLES = {
    role: f"<{role[:3]}>" for role in ("bos_token", "eos_token", "unk_token", "pad_token")
}
_GEMMA_ROLES["mask_token"] = "<mask>"
_GEMMA = ("GemmaTokenizer", "GemmaTokenizerFast")
_GENERIC = ("TokenizersBackend", "PreTrainedTokenizerFast")
_IMAGE_ROLE = "image_token"
_OLDER_FILES = ("special_tokens_map.json", "added_tokens.json")
# Keys of tokenizer_config.json that are read here, or change neither token ids nor decoded texts.
_KNOWN = frozenset(
    {
        *_ROLES,
        *("added_tokens_decoder", "additional_special_tokens", "extra_special_tokens"),
        *("add_bos_token", "add_eos_token", "backend", "chat_template", "is_local", "legacy"),
        *("clean_up_tokenization_spaces", "local_files_only", "model_input_names"),
        *("model_max_length", "name_or_path", "padding_side", "processor_class"),
        *("sp_model_kwargs", "spaces_between_special_tokens", "tokenizer_class"),
        *("truncation_side", "use_default_system_prompt"),
    }
)


class PlainTokenizer:
    """The part of a transformers tokenizer that `Vocabulary` uses, under the same names."""

    def __init__(self, backend: Tokenizer, roles: Mapping[str, str], others: Sequence[str]) -> None:
        """Use a complete backend; `roles` and `others` are the special tokens."""
        backend.no_padding()
        backend.no_truncation()
        self._backend = backend
        self.added_tokens_decoder: Mapping[int, AddedToken] = backend.get_added_tokens_decoder()
        ids = {role: backend.token_to_id(token) for role, token in roles.items()}
        self.bos_token_id, self.eos_token_id = ids.get("bos_token"), ids.get("eos_token")
        self.unk_token_id, self.pad_token_id = ids.get("unk_token"), ids.get("pad_token")
        special = [*roles.values(), *others]
        self.all_special_ids = [backend.token_to_id(token) for token in special]

    def __len__(self) -> int:
        return int(self._backend.get_vocab_size())

    def __call__(self, text: str, add_special_tokens: bool) -> Mapping[str, Sequence[int]]:
        encoding = self._backend.encode(text, add_special_tokens=add_special_tokens)
        return {"input_ids": encoding.ids}

    def convert_ids_to_tokens(self, token_ids: Sequence[int]) -> list[str | None]:
        """Return the names of token ids; None for an unknown one."""
        return [self._backend.id_to_token(token_id) for token_id in token_ids]

    def decode(self, token_ids: Sequence[int], clean_up_tokenization_spaces: bool) -> str:
        """Return the text of token ids, with special tokens; spaces are kept as they are."""
        assert not clean_up_tokenization_spaces
        return str(self._backend.decode(token_ids, skip_special_tokens=False))


def read_plain_tokenizer(folder: Path) -> tuple[PlainTokenizer, int] | None:
    """Read the folder's tokenizer, and the id of its image token.

    Tokens that are missing are added as PaliGemmaProcessor adds them. The result is None for files
    and settings that only transformers knows.
    """
    try:
        settings = read_json(folder / "tokenizer_config.json")
        roles, others = _special_tokens(settings)
        backend, added = _backend(folder, settings, roles.get("unk_token"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        _LOGGER.info(
            "the tokenizer is read by transformers, which takes seconds longer: %s", reason
        )
        return None
    _add(backend, added, roles, others)
    if _IMAGE_ROLE not in roles:
        others = [IMAGE]
        backend.add_special_tokens([AddedToken(IMAGE, normalized=False, special=True)])
    backend.add_tokens(list(MARKUP))
    image = backend.token_to_id(roles.get(_IMAGE_ROLE, IMAGE))
    assert image is not None  # it was added above
    return PlainTokenizer(backend, roles, others), image


def _special_tokens(settings: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return the special tokens by role, such as `bos_token`, and those without a role."""
    own = {
        key: value
        for key, value in settings.items()
        if key not in _KNOWN and key.endswith("_token") and isinstance(value, str)
    }
    if unknown := settings.keys() - _KNOWN - own.keys():
        raise ValueError(f"unknown settings {sorted(unknown)}")
    defaults = _GEMMA_ROLES if settings["tokenizer_class"] in _GEMMA else {}
    named = {**defaults, **{role: settings[role] for role in _ROLES if role in settings}}
    others = settings.get("extra_special_tokens") or settings.get("additional_special_tokens") or []
    if isinstance(others, dict):
        own, others = {**own, **others}, []
    roles = {role: named[role] for role in _ROLES if named.get(role) is not None} | own
    if not isinstance(others, list) or {*map(type, [*roles.values(), *others])} - {str}:
        raise ValueError("a special token that is no text")
    if defaults.keys() - roles.keys():
        raise ValueError("a special token that is null")
    return roles, list(others)


def _backend(
    folder: Path, settings: Mapping[str, Any], unknown: str | None
) -> tuple[Tokenizer, dict[int, AddedToken]]:
    """Build the tokenizer without the tokens that tokenizer_config.json adds; return them too."""
    with open_regular(folder / "tokenizer.json") as file:
        content = file.read()
    listed = settings.get("added_tokens_decoder")
    if listed is None and any((folder / name).exists() for name in _OLDER_FILES):
        raise ValueError("special tokens in files of their own")
    added = {int(number): AddedToken(**token) for number, token in (listed or {}).items()}
    if settings["tokenizer_class"] in _GENERIC:
        return Tokenizer.from_buffer(content), added
    if settings["tokenizer_class"] not in _GEMMA:
        raise ValueError("an unknown tokenizer_class")
    values = json.loads(content)
    if listed is None:
        tokens = {token.pop("id"): token for token in values["added_tokens"]}
        added = {number: AddedToken(**token) for number, token in tokens.items()}
    return _gemma_backend(values["model"], unknown), added


def _gemma_backend(model: Mapping[str, Any], unknown: str | None) -> Tokenizer:
    """Build Gemma's tokenizer from vocabulary and merges, whatever else tokenizer.json says."""
    if model["type"] != "BPE" or not isinstance(model["vocab"], dict):
        raise ValueError("a vocabulary that is not Gemma's")
    merges = [
        tuple(merge.split(" ") if isinstance(merge, str) else merge) for merge in model["merges"]
    ]
    backend = Tokenizer(
        BPE(
            vocab=model["vocab"],
            merges=merges,
            fuse_unk=True,
            unk_token=unknown,
            byte_fallback=True,
        )
    )
    backend.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    backend.normalizer = normalizers.Replace(" ", "▁")
    return backend


def _add(
    backend: Tokenizer,
    added: Mapping[int, AddedToken],
    roles: Mapping[str, str],
    others: Sequence[str],
) -> None:
    """Add the tokens that the backend lacks, in the order of transformers."""
    present = backend.get_added_tokens_decoder().values()
    known = set(map(repr, present))
    missing = [added[number] for number in sorted(added) if repr(added[number]) not in known]
    names = {str(token) for token in (*present, *missing)}
    for token in missing:
        token.special = token.special or str(token) in roles.values()
    for special in dict.fromkeys((*roles.values(), *others)):
        if special not in names:
            missing.append(AddedToken(special, special=True))
    backend.add_tokens(missing)
