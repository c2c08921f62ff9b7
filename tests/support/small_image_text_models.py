"""Tiny image-text models with random weights, as transformers saves them."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
)

_WORDS = ["<pad>", "<start>", "<end>", "<unk>", "a", "red", "blue", "star", "moon", "of", "the"]
_SIDE = 16  # pixels of the model's image
_LENGTH = 8  # tokens
_TOWER = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
_HEADS = {"num_attention_heads": 2}


def clip(folder: Path) -> Path:
    """Save a CLIP."""
    torch.manual_seed(0)
    config = CLIPConfig(text_config=_text(), vision_config=_vision(), projection_dim=12)
    CLIPModel(config).save_pretrained(folder)
    size = {"height": _SIDE, "width": _SIDE}
    CLIPImageProcessorPil(size={"shortest_edge": _SIDE}, crop_size=size).save_pretrained(folder)
    _tokenizer(["input_ids", "attention_mask"]).save_pretrained(folder)
    return folder


def siglip(folder: Path) -> Path:
    """Save a SigLIP, whose texts have no attention mask."""
    torch.manual_seed(0)
    config = SiglipConfig(text_config=_text(), vision_config=_vision())
    SiglipModel(config).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": _SIDE, "width": _SIDE}).save_pretrained(folder)
    _tokenizer(["input_ids"]).save_pretrained(folder)
    return folder


def _text() -> dict[str, object]:
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    positions = {"vocab_size": len(_WORDS), "max_position_embeddings": _LENGTH}
    return {**_TOWER, **_HEADS, **ids, **positions, "projection_size": 16}


def _vision() -> dict[str, object]:
    return {**_TOWER, **_HEADS, "image_size": _SIDE, "patch_size": 8}


def _tokenizer(inputs: list[str]) -> PreTrainedTokenizerFast:
    vocabulary = {word: number for number, word in enumerate(_WORDS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = Lowercase()  # type: ignore[assignment]
    tokenizer.pre_tokenizer = Whitespace()  # type: ignore[assignment]
    tokenizer.post_processor = TemplateProcessing(  # type: ignore[assignment]
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<start>",
        eos_token="<end>",
        unk_token="<unk>",
        model_input_names=inputs,
        model_max_length=_LENGTH,
    )
