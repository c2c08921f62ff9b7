"""Reads a checkpoint's tokenizer and image processor, without transformers' slow processors."""

from pathlib import Path
from typing import Any, NamedTuple

from inference.families.paligemma.load_errors import load_errors
from inference.families.paligemma.plain_tokenizer import read_plain_tokenizer
from inference.families.paligemma.tokens import IMAGE, MARKUP, Vocabulary
from schemas.regular_file import read_json

# The defaults of transformers' SiglipImageProcessor.
_SIGLIP = {"rescale_factor": 1 / 255, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}


class Processing(NamedTuple):
    """A checkpoint's tokens, and how its pixels are normalized."""

    vocabulary: Vocabulary
    rescale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


def read_processing(folder: Path, config: Any, plain: bool = False) -> Processing:
    """Read tokenizer and image processor of the checkpoint with this configuration.

    With `plain`, transformers is imported only if the tokenizer needs it.
    """
    with load_errors(folder, "tokenizer or image processor"):
        read = read_plain_tokenizer(folder) if plain else None
        tokenizer, image = read or read_transformers_tokenizer(folder)
        vocabulary = Vocabulary(tokenizer, image, config.text_config.num_image_tokens)
        if vocabulary.size > config.text_config.vocab_size or image != config.image_token_id:
            raise ValueError("more tokens than embeddings, or another image token")
        return Processing(vocabulary, *_read_pixels(folder))


def read_transformers_tokenizer(folder: Path) -> tuple[Any, int]:
    """Read a tokenizer of transformers, and the id of its image token.

    Tokens that are missing are added as PaliGemmaProcessor adds them.
    """
    from transformers import AddedToken, AutoTokenizer  # an import of two seconds

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if not hasattr(tokenizer, "image_token"):
        token = AddedToken(IMAGE, normalized=False, special=True)
        tokenizer.add_special_tokens({"additional_special_tokens": [token]})
        image = tokenizer.convert_tokens_to_ids(IMAGE)
    else:
        image = tokenizer.image_token_id
    tokenizer.add_tokens(list(MARKUP))
    return tokenizer, image


def _read_pixels(folder: Path) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
    """Read the factor, the means and the spreads of the colors from the image processor's file."""
    path = folder / "processor_config.json"
    values = read_json(path).get("image_processor") if path.is_file() else None
    if values is None:
        values = read_json(folder / "preprocessor_config.json")
    if values["image_processor_type"].startswith("Siglip"):
        values = {**_SIGLIP, **values}
    mean, std = (tuple(map(float, values[key])) for key in ("image_mean", "image_std"))
    if len(mean) != 3 or len(std) != 3 or 0 in std:
        raise ValueError("not a mean and a spread for each color")
    return float(values["rescale_factor"]), mean, std
