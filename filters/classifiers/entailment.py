"""Decides whether a text entails a sentence, by a classifier of pairs that transformers runs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from transformers import AutoModelForSequenceClassification

from filters.classifiers.class_labels import ClassLabels
from filters.classifiers.hugging_face import Probabilities, TextModel
from schemas.errors import JobError
from schemas.resources import Resources

_MAX_TOKENS = 512  # of a pair; models without positions often name no limit
_SHARE = 4  # a sentence may take 1 / 4 of the tokens, and the text before it the rest

Sentences = tuple[str, ...]  # of a text, in order


class _Piece(NamedTuple):
    """A sentence, or a part of it that fits into a window."""

    text: str
    tokens: int


class EntailmentModel(TextModel):
    """A classifier of pairs of texts, of which one label means that the first entails the second.

    A text that is too long is read in windows of whole sentences. Each begins with the first
    sentence that ends in the second half of the window before it, and the text entails what one of
    its windows entails.
    """

    _kind = "a classifier of pairs of texts"

    def __init__(self, folder: Path, resources: Resources, label: str) -> None:
        """Load the model; raise JobError if it cannot be loaded, or has no such label."""
        labels = ClassLabels.read(folder)
        self._label = labels.index_of(label, "label")
        auto_model = AutoModelForSequenceClassification
        independent = labels.are_independent()
        super().__init__(auto_model, folder, resources, independent=independent)
        longest = min(self._longest, _MAX_TOKENS)
        special = self._tokenizer.num_special_tokens_to_add(is_pair=True)
        self._longest_sentence = longest // _SHARE
        self._longest_window = longest - special - self._longest_sentence
        if self._longest_window < 1:
            raise JobError(f"model: {str(folder)!r} takes {longest} tokens: take a longer model")
        # Sentences that are tokenized together may have a token more than alone.
        self._tokenizer.enable_truncation(longest, strategy="only_first")

    def entails(self, claims: Sequence[tuple[str, Sequence[Sentences]]]) -> list[bool]:
        """Return for each sentence, with the texts that may entail it, whether one of them does.

        A sentence is entailed if its label is the likeliest one, or, of a model with independent
        labels, at least as likely as not. A sentence longer than a quarter of the model's tokens is
        never entailed. Raises JobError if the model computes what is no number.
        """
        split = {text: [*self._split(text)] for _, texts in claims for text in texts}
        windows = [self._windows(sentence, texts, split) for sentence, texts in claims]
        entailed = [False] * len(claims)
        while waiting := [place for place, each in enumerate(entailed) if not each]:
            pairs = {place: pair for place in waiting if (pair := next(windows[place], None))}
            if not pairs:
                break
            with self._lock:
                found = self._classify(self._inputs(pair) for pair in pairs.values())
            for place, probabilities in zip(pairs, found, strict=True):
                entailed[place] = self._is_entailed(probabilities)
        return entailed

    def _is_entailed(self, probabilities: Probabilities) -> bool:
        if not np.isfinite(probabilities).all():
            raise JobError("model: its output is not finite: take another model")
        own = probabilities[self._label]
        return bool(own >= 0.5 if self._independent else own >= probabilities.max())

    def _windows(
        self, sentence: str, texts: Sequence[Sentences], split: Mapping[Sentences, Sequence[str]]
    ) -> Iterator[Any]:
        """Yield the encoding of each window of the texts with the sentence."""
        if len(self._spans(sentence)) <= self._longest_sentence:
            for text in texts:
                for window in split[text]:
                    yield self._tokenizer.encode(window, sentence)

    def _split(self, text: Sentences) -> Iterator[str]:
        """Yield windows of a text that fit beside a sentence."""
        pieces = [piece for sentence in text for piece in self._pieces(sentence)]
        start = end = 0
        while end < len(pieces):
            middle, tokens = start + 1, 0
            end = start
            while end < len(pieces) and tokens + pieces[end].tokens <= self._longest_window:
                tokens += pieces[end].tokens
                end += 1
                middle = end if 2 * tokens <= self._longest_window else middle
            yield " ".join(piece.text for piece in pieces[start:end])
            start = middle

    def _pieces(self, sentence: str) -> Iterator[_Piece]:
        """Yield a sentence, in pieces if it is longer than a window."""
        spans = self._spans(sentence)
        for first in range(0, len(spans), self._longest_window):
            part = spans[first : first + self._longest_window]
            yield _Piece(sentence[part[0][0] : part[-1][1]], len(part))

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Return the characters of each token of a text, without special tokens."""
        first = self._tokenizer.encode(text, add_special_tokens=False)
        return [
            span
            for part in (first, *first.overflowing)
            for span, is_text in zip(part.offsets, part.attention_mask, strict=True)
            if is_text
        ]
