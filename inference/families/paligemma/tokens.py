"""Converts prompts to the prefix that a checkpoint was trained with, and answers to text."""

import math
from collections.abc import Sequence
from typing import Any

from schemas.errors import WorkerFault
from schemas.generation import Generation, Token

IMAGE = "<image>"
MARKUP = (  # the location tokens and the mask codes
    *(f"<loc{code:04}>" for code in range(1024)),
    *(f"<seg{code:03}>" for code in range(128)),
)


class Vocabulary:
    """The tokenizer of a PaliGemma, safe for untrusted prompts.

    The text of a prompt never becomes a control token, such as `<image>`, `<bos>`, `<eos>` or
    `<pad>`, and the text of an answer never contains one. Both may have location and segmentation
    tokens.
    """

    def __init__(self, tokens: Any, image: int, image_tokens: int) -> None:
        """Use a tokenizer of transformers or a PlainTokenizer; `image` is its image token's id."""
        self._tokens = tokens
        # Some vocabularies turn unknown characters into <unk>, so it is no control token.
        special = {
            token_id for token_id, token in tokens.added_tokens_decoder.items() if token.special
        }
        self._control = (special | set(tokens.all_special_ids)) - {tokens.unk_token_id}
        self._image, self._begin = image, tokens.bos_token_id
        self.image_tokens = image_tokens
        self.size = len(tokens)
        self.pad: int = tokens.pad_token_id
        self.end: int = tokens.eos_token_id
        if None in (tokens.bos_token_id, self.pad, self.end):
            raise ValueError("a tokenizer without <bos>, <pad> or <eos>")

    def suffix(self, answer: str) -> list[int]:
        """Return the tokens of an answer, encoded apart from the prefix, and the end token.

        big_vision and PaliGemmaProcessor encode the answers of the training so.
        """
        return [*self._encode(answer), self.end]

    def _encode(self, text: str) -> list[int]:
        token_ids = self._tokens(text, add_special_tokens=False)["input_ids"]
        return [token_id for token_id in token_ids if token_id not in self._control]

    def prefix(self, prompt: str, images: int = 1) -> list[int]:
        """Return image tokens, BOS, the prompt and a newline; the newline is a token of its own.

        The tokens of several images follow each other without a separator, as big_vision has them.
        """
        start = [self._image] * (images * self.image_tokens) + [self._begin]
        return start + self._encode(f"{prompt}\n")

    def names(self, size: int) -> list[str | None]:
        """Return the names of token ids 0 ... size - 1; padding tokens at the end have no name."""
        known = min(size, len(self._tokens))
        names: list[str | None] = self._tokens.convert_ids_to_tokens(list(range(known)))
        return names + [None] * (size - known)

    def generation(self, token_ids: Sequence[int], logprobs: Sequence[float]) -> Generation:
        """Build the answer from the tokens before the first end token, or from all without one.

        Raises WorkerFault if a log-probability is not finite.
        """
        length = token_ids.index(self.end) if self.end in token_ids else len(token_ids)
        if not all(map(math.isfinite, logprobs[: length + 1])):
            raise WorkerFault("the model's output is not finite: choose another model.precision")
        return Generation(
            tokens=self._named(token_ids[:length], logprobs[:length]),
            text=self._text(token_ids[:length]),
            finish_reason="stop" if length < len(token_ids) else "length",
        )

    def _named(self, token_ids: Sequence[int], logprobs: Sequence[float]) -> tuple[Token, ...]:
        # The last rows of the checkpoints' embeddings are padding and have no name.
        names = [name or "" for name in self._tokens.convert_ids_to_tokens(list(token_ids))]
        return tuple(map(Token, token_ids, names, logprobs))

    def _text(self, token_ids: Sequence[int]) -> str:
        visible = [token_id for token_id in token_ids if token_id not in self._control]
        text: str = self._tokens.decode(visible, clean_up_tokenization_spaces=False)
        return text
