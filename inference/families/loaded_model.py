"""The interface of a loaded checkpoint: weights, tokens and layers, as engines use them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import torch

from schemas.generation import Generation

GRAMMAR_START = 0  # the state of every grammar before the first token


class Vocabulary(Protocol):
    """The tokens of a checkpoint."""

    image_tokens: int  # tokens that stand for each image, before those of the prompt
    pad: int  # id of the padding token
    end: int  # id of the end token

    def prefix(self, prompt: str, images: int = 1) -> list[int]:
        """Return the token ids of a prefix: so many images, then the prompt."""

    def suffix(self, answer: str) -> list[int]:
        """Return the token ids of a given answer, and the end token."""

    def generation(self, token_ids: Sequence[int], logprobs: Sequence[float]) -> Generation:
        """Return the answer before its end token, as text and tokens."""


class TokenGrammar(Protocol):
    """Rules for which tokens may follow; a row's state is an int64 that starts at GRAMMAR_START."""

    def forbidden(self, states: torch.Tensor) -> torch.Tensor:
        """Return the tokens that must not follow: bool [rows, vocabulary] for states [rows]."""

    def after(self, states: torch.Tensor, token_ids: torch.Tensor) -> torch.Tensor:
        """Return the states [rows] after the allowed tokens `token_ids` [rows]."""


class DecodeOutput(NamedTuple):
    """The next tokens of some rows: [rows] after one step, [rows, steps] after several."""

    token_ids: torch.Tensor  # int64
    logprobs: torch.Tensor  # float32, under the softmax over the whole vocabulary
    states: torch.Tensor  # int64, the grammar's states after the tokens


class KVCache(Protocol):
    """Keys and values of all layers, in `num_slots` rows of `capacity` columns."""

    num_slots: int
    capacity: int

    def move(self, sources: Sequence[int], targets: Sequence[int], columns: int, /) -> None:
        """Copy the first `columns` columns of the slots `sources` into the slots `targets`."""


class CachedLanguageModel(Protocol):
    """A language model with a KV cache, as the scheduler and the decode loop call it."""

    @property
    def device(self) -> torch.device: ...

    def allocate_cache(self, num_slots: int, capacity: int) -> Any:
        """Allocate a KVCache of `num_slots` rows with up to `capacity` tokens each."""

    def prefill(
        self,
        features: torch.Tensor,
        prompts: Sequence[Sequence[int]],
        cache: Any,
        slots: Sequence[int],
        /,
    ) -> DecodeOutput:
        """Read images and prompts into slots of the cache, and return each row's next token.

        `features` are [rows, tokens of all images of a row, width].
        """

    def step(
        self,
        token_ids: torch.Tensor,
        columns: torch.Tensor,
        states: torch.Tensor,
        cache: Any,
        num_columns: int,
        /,
    ) -> DecodeOutput:
        """Read one more token of each of the first rows, and return the token after it."""

    def prefill_logprobs(
        self,
        features: torch.Tensor,
        prompts: Sequence[Sequence[int]],
        cache: Any,
        slots: Sequence[int],
        token_ids: torch.Tensor,
        /,
    ) -> torch.Tensor:
        """Read images and prompts as `prefill` does, and return log-probabilities of next tokens.

        `token_ids` are int64 [rows, n]; the result is float32 [rows, n].
        """

    def step_logprobs(
        self,
        token_ids: torch.Tensor,
        columns: torch.Tensor,
        cache: Any,
        num_columns: int,
        next_ids: torch.Tensor,
        /,
    ) -> torch.Tensor:
        """Read one more token of each of the first rows, and return log-probabilities after it.

        `next_ids` are int64 [rows, n]; the result is float32 [rows, n].
        """


class VisionTower(Protocol):
    """An encoder of images: pixel values [n, 3, S, S] to features [n, image tokens, width]."""

    def __call__(self, pixel_values: torch.Tensor, /) -> torch.Tensor: ...


class FastLayers(NamedTuple):
    """A model as plain tensors, for the fast engine; `compiling` is a context around every use."""

    vision_tower: VisionTower
    language_model: CachedLanguageModel
    compiling: Callable[[], AbstractContextManager[None]]  # a context around every use


class CompilerError(RuntimeError):
    """An error of torch's compiler; the text is the type of the compiler's own error."""


class Workload(NamedTuple):
    """The operations and bytes of a model, for the roofline."""

    image_tokens: int
    vision_operations: int  # to encode one image
    layer_weights: int  # of the language model's layers: two operations each per token
    attention_operations: int  # of all layers together, per pair of tokens
    weight_bytes: int  # that one decode step reads
    token_bytes: int  # keys and values of one token, in all layers


class LoadedModel(Protocol):
    """A checkpoint in memory: its weights, its tokens and its image processing."""

    @property
    def model(self) -> Any:
        """The model as a module."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    def pixel_values(self, images: torch.Tensor) -> torch.Tensor:
        """Convert model images, uint8 [n, S, S, 3], to the vision tower's input."""

    def grammar(self) -> TokenGrammar | None:
        """Return the grammar of the family's answers; None if the family has no grammar."""

    def fast_layers(self, compiled: bool, grammar: TokenGrammar | None) -> FastLayers | None:
        """Return the model as plain tensors over the same weights.

        With `compiled`, operations are fused by torch's compiler. Returns None if the family has no
        layers for the fast engine.
        """

    def workload(self) -> Workload:
        """Count the model's operations and bytes."""


class ReferenceModel(LoadedModel, Protocol):
    """A checkpoint in memory that transformers' `generate` can run, for the reference engine."""

    def features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Encode images with transformers' own modules: [n, image tokens, width]."""

    def generate(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        features: torch.Tensor,
        max_new_tokens: int,
        logits_processor: Any,
    ) -> torch.Tensor:
        """Run transformers' greedy `generate` on padded prefixes and image features.

        `features` are [rows, tokens of all images of a row, width]. Returns token ids,
        [rows, prefix + generated].
        """
