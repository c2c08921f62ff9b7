"""Builds a small tokenizer that behaves like Gemma's."""

import string

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from demo.scenes.words import later_vocabulary, vocabulary

SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<image>")
LOCATIONS = tuple(f"<loc{code:04}>" for code in range(1024))
SEGMENTS = tuple(f"<seg{code:03}>" for code in range(128))
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
SPACE = "▁"
CHARACTERS = ("\n", SPACE, *string.digits, *string.ascii_letters, *string.punctuation)
WORDS = tuple(vocabulary())
LATER_WORDS = tuple(later_vocabulary())  # their tokens come last, so that older ids stay

# A word, a digit or a mark includes the space before it. A piece that is no token is split into
# characters, and unknown characters into UTF-8 bytes, so that no text is lost.
_PIECE = Regex(rf"{SPACE}?\p{{L}}+|{SPACE}?[^{SPACE}\p{{L}}]|{SPACE}")


def tokens(*, later: bool = False) -> list[str]:
    """The vocabulary; the position of a token is its id.

    With `later`, it has the words of the third training stage too.
    """
    whole = [
        spelled
        for words in (WORDS, LATER_WORDS if later else ())
        for spelled in (*(SPACE + word for word in words), *words)
    ]
    return list(dict.fromkeys([*SPECIAL, *LOCATIONS, *SEGMENTS, *BYTES, *CHARACTERS, *whole]))


def build(*, later: bool = False) -> PreTrainedTokenizerFast:
    """Build the tokenizer of `tokens`: whole words are tokens; padding is on the left."""
    backend = Tokenizer(
        BPE(
            vocab={token: code for code, token in enumerate(tokens(later=later))},
            merges=[],
            unk_token="<unk>",
            byte_fallback=True,
            ignore_merges=True,
        )
    )
    backend.normalizer = normalizers.Replace(" ", SPACE)
    backend.pre_tokenizer = pre_tokenizers.Split(_PIECE, "isolated")
    backend.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    backend.add_special_tokens([AddedToken(token, normalized=False) for token in SPECIAL])
    backend.add_tokens([AddedToken(token, normalized=False) for token in LOCATIONS + SEGMENTS])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        unk_token="<unk>",
        extra_special_tokens={"image_token": "<image>"},
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
