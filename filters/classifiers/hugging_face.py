"""Classifiers of images, texts and tokens, run by transformers; of the filters only this has torch.

What a model says of an item does not depend on what is judged with it. On a CPU each item goes
through by itself: the last digits of a matrix product follow from the number of its rows (2e-7 was
seen between batches of 1 and 16). On a GPU, where that would be slow, all batches of a length have
the same number of rows, filled up with repetitions; and how far a text is padded follows from the
text alone.
"""

import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from transformers import (
    AutoImageProcessor,
    AutoModelForImageClassification,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)
from transformers.utils import logging

from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import RGB

Probabilities = npt.NDArray[np.float32]  # [..., labels]; NaN where the model gave none

_ROWS: Mapping[str, int] = {"cpu": 1}  # of a batch, by device ...
_ROWS_ELSEWHERE = 32
_STEP = 16  # tokens; where batches have several rows, texts are padded to a multiple of it
_OVERLAP = 4  # windows over long texts share 1 / 4 of their tokens
_logging: Any = logging


class Window(NamedTuple):
    """A stretch of a text, as a token classifier sees it, without special tokens."""

    spans: list[tuple[int, int]]  # of each token: characters of the text
    probabilities: Probabilities  # [tokens, labels]


class _Classifier:
    """A model in float32 on its device."""

    def __init__(
        self, automatic: Any, folder: Path, resources: Resources, *, independent: bool
    ) -> None:
        torch.set_num_threads(resources.threads)
        _logging.disable_progress_bar()  # the job has its own
        with _loading(folder):
            model, loaded = automatic.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        if loaded["missing_keys"] or loaded["mismatched_keys"]:
            # transformers makes up what is missing, with a warning only: a head of random weights.
            raise JobError(f"model: weights are missing in {str(folder)!r}: take a classifier")
        self._model = model.to(resources.device).eval()
        self._rows = _ROWS.get(resources.device, _ROWS_ELSEWHERE)
        self._device = resources.device
        self._independent = independent
        self._lock = threading.Lock()  # texts of source and model are judged in two threads

    def _each(self, inputs: Iterable[Mapping[str, torch.Tensor]]) -> list[Probabilities]:
        """What the model says of each input, given without the dimension of the batch."""
        waiting: dict[object, dict[int, Mapping[str, torch.Tensor]]] = defaultdict(dict)
        said: dict[int, Probabilities] = {}
        for position, values in enumerate(inputs):
            shape = tuple(value.shape for value in values.values())
            waiting[shape][position] = values
            if len(waiting[shape]) == self._rows:
                said |= self._together(waiting.pop(shape))
        for alike in waiting.values():
            said |= self._together(alike)
        return [said[position] for position in range(len(said))]

    def _together(
        self, alike: Mapping[int, Mapping[str, torch.Tensor]]
    ) -> dict[int, Probabilities]:
        rows = list(alike.values())
        rows += [rows[0]] * (self._rows - len(rows))
        batch = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        with torch.inference_mode():
            logits = self._model(**{n: value.to(self._device) for n, value in batch.items()}).logits
            chances = logits.sigmoid() if self._independent else logits.softmax(-1)
        return dict(zip(alike, chances.float().cpu().numpy(), strict=False))  # less the filling


class ImageClassifier(_Classifier):
    """Says of images how likely each label is; what it sees is what its own processor makes."""

    def __init__(self, folder: Path, resources: Resources, *, independent: bool) -> None:
        super().__init__(
            AutoModelForImageClassification, folder, resources, independent=independent
        )
        with _loading(folder):
            # By Pillow, whether or not torchvision is there: their pixels differ.
            processor: Any = AutoImageProcessor
            self._processor = processor.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, backend="pil"
            )

    def judge(self, images: Sequence[RGB]) -> list[Probabilities]:
        """Of each image: [labels]."""
        with self._lock:
            return self._each(map(self._pixels, images))

    def _pixels(self, image: RGB) -> dict[str, torch.Tensor]:
        # The layout is said, for that of an image 1 or 3 pixels high cannot be told by its shape.
        seen = self._processor(image, input_data_format="channels_last", return_tensors="pt")
        return {name: value[0] for name, value in seen.items()}


class _Reader(_Classifier):
    """A model of texts: long ones are read in windows that overlap by a quarter."""

    def __init__(
        self, automatic: Any, folder: Path, resources: Resources, longest: int, *, independent: bool
    ) -> None:
        super().__init__(automatic, folder, resources, independent=independent)
        with _loading(folder):
            loaded: Any = AutoTokenizer
            loaded = loaded.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if not loaded.is_fast:
            raise JobError(f"model: {str(folder)!r} has no fast tokenizer: take a model with one")
        self._names = loaded.model_input_names
        self._tokenizer = tokenizer = loaded.backend_tokenizer
        longest = min(longest, loaded.model_max_length, _positions(self._model))
        tokenizer.enable_truncation(longest, stride=longest // _OVERLAP)
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True  # "[SEP]" in a text is text
        if loaded.pad_token is None:  # texts cannot be filled up to a common length
            self._rows = 1
        if self._rows > 1:
            tokenizer.enable_padding(
                direction=loaded.padding_side,
                pad_id=loaded.pad_token_id,
                pad_token=loaded.pad_token,
                pad_to_multiple_of=_STEP,
            )

    def _read(self, texts: Sequence[str]) -> Iterator[list[tuple[Any, Probabilities]]]:
        """Of each text its windows: their encodings, and what the model says of them."""
        encoded: list[list[Any]] = []

        def inputs() -> Iterator[dict[str, torch.Tensor]]:
            for text in texts:
                first = self._tokenizer.encode(text)
                encoded.append([first, *first.overflowing])
                yield from map(self._inputs, encoded[-1])

        with self._lock:
            said = iter(self._each(inputs()))
        for windows in encoded:
            yield list(zip(windows, said, strict=False))

    def _inputs(self, encoding: Any) -> dict[str, torch.Tensor]:
        parts = {
            "input_ids": encoding.ids,
            "token_type_ids": encoding.type_ids,
            "attention_mask": encoding.attention_mask,
        }
        return {name: torch.tensor(part) for name, part in parts.items() if name in self._names}


class TextClassifier(_Reader):
    """Says of texts how likely each label is, window by window."""

    def __init__(
        self, folder: Path, resources: Resources, longest: int, *, independent: bool
    ) -> None:
        kind = AutoModelForSequenceClassification
        super().__init__(kind, folder, resources, longest, independent=independent)

    def judge(self, texts: Sequence[str]) -> list[Probabilities]:
        """Of each text: [windows, labels]."""
        return [np.stack([said for _, said in windows]) for windows in self._read(texts)]


class TokenClassifier(_Reader):
    """Says of the tokens of a text how likely each label is; labels exclude each other."""

    def __init__(self, folder: Path, resources: Resources, longest: int) -> None:
        kind = AutoModelForTokenClassification
        super().__init__(kind, folder, resources, longest, independent=False)

    def judge(self, texts: Sequence[str]) -> list[list[Window]]:
        """Of each text its windows."""
        return [[_window(*window) for window in windows] for windows in self._read(texts)]


def _window(encoding: Any, said: Probabilities) -> Window:
    own = [number for number, (start, end) in enumerate(encoding.offsets) if start < end]
    return Window([encoding.offsets[number] for number in own], said[own])


def _positions(model: Any) -> int:
    """How many tokens the model has positions for; where it does not say, there is no limit."""
    limit = getattr(model.config, "max_position_embeddings", None) or sys.maxsize
    for name, module in model.named_modules():
        first = getattr(module, "padding_idx", None)
        if name.endswith(".position_embeddings") and first is not None:
            return int(limit - first - 1)  # RoBERTa's positions begin after that of the padding
    return int(limit)


@contextmanager
def _loading(folder: Path) -> Iterator[None]:
    """What transformers finds wrong with the files of a model, in one line."""
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise JobError(f"model: {str(folder)!r} cannot be loaded: {reason}") from None
