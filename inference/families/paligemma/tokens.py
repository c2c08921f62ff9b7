"""A checkpoint's tokens: prompts become the prefix it was trained with, answers become text."""

import math
from collections.abc import Sequence

from transformers import PaliGemmaProcessor

from schemas.errors import WorkerFault
from schemas.generation import Generation, Token


class Vocabulary:
    """The tokenizer of a PaliGemma processor, for prompts that nobody vouches for.

    Control tokens, such as `<image>`, `<bos>`, `<eos>` and `<pad>`, are never made of a prompt's
    text and never come back in an answer's. Location and segmentation tokens may do both.
    """

    def __init__(self, processor: PaliGemmaProcessor, image_tokens: int) -> None:
        tokens = processor.tokenizer
        self._tokens = tokens
        # Text of unknown characters becomes <unk> in some vocabularies: that one is no control.
        special = {code for code, token in tokens.added_tokens_decoder.items() if token.special}
        self._control = (special | set(tokens.all_special_ids)) - {tokens.unk_token_id}
        self._start = [processor.image_token_id] * image_tokens + [tokens.bos_token_id]
        self.image_tokens = image_tokens
        self.pad: int = tokens.pad_token_id
        self.end: int = tokens.eos_token_id

    def prefix(self, prompt: str) -> list[int]:
        """Image tokens, BOS, the prompt and a newline, which is a token of its own."""
        codes = self._tokens(f"{prompt}\n", add_special_tokens=False)["input_ids"]
        return self._start + [code for code in codes if code not in self._control]

    def names(self, size: int) -> list[str | None]:
        """Of all tokens, by code; a vocabulary may be filled up to `size` with nameless ones."""
        known = min(size, len(self._tokens))
        names: list[str | None] = self._tokens.convert_ids_to_tokens(list(range(known)))
        return names + [None] * (size - known)

    def generation(self, codes: Sequence[int], logprobs: Sequence[float]) -> Generation:
        """The answer that ends at its end token, if it has one; what follows it does not count."""
        length = codes.index(self.end) if self.end in codes else len(codes)
        if not all(map(math.isfinite, logprobs[: length + 1])):
            raise WorkerFault("the model's output is not finite: choose another model.precision")
        return Generation(
            tokens=self._named(codes[:length], logprobs[:length]),
            text=self._text(codes[:length]),
            finish_reason="stop" if length < len(codes) else "length",
        )

    def _named(self, codes: Sequence[int], logprobs: Sequence[float]) -> tuple[Token, ...]:
        # The last rows of the checkpoints' embeddings are padding and have no name.
        names = [name or "" for name in self._tokens.convert_ids_to_tokens(list(codes))]
        return tuple(map(Token, codes, names, logprobs))

    def _text(self, codes: Sequence[int]) -> str:
        kept = [code for code in codes if code not in self._control]
        text: str = self._tokens.decode(kept, clean_up_tokenization_spaces=False)
        return text
