"""Classifiers of images, texts and tokens, run by transformers.

The probabilities of an item do not depend on the items judged with it. On a CPU each item is a
batch of its own, because the last digits of a matrix product depend on its number of rows (by up to
2e-7 between batches of 1 and 16). On a GPU, where single items would be slow, all batches have the
same number of rows, filled up by repetition, and the padded length of a text depends on the text
alone.
"""

import errno
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
from transformers import (
    AutoImageProcessor,
    AutoModelForImageClassification,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)
from transformers.utils import logging

from schemas.errors import JobError, ShardmillError
from schemas.resources import Resources
from schemas.sample import RGB

Probabilities = npt.NDArray[np.float32]  # [..., labels]; NaN where the model computed NaN

_BATCH_SIZES: Mapping[str, int] = {"cpu": 1}  # items per batch, by device
_DEFAULT_BATCH_SIZE = 32  # for all other devices
_PAD_MULTIPLE = 16  # tokens; texts in batches of several items are padded to a multiple of it
_OVERLAP = 4  # consecutive windows of a long text share 1 / 4 of their tokens
_logging: Any = logging


class Window(NamedTuple):
    """A token classifier's result for one window of a text, without special tokens."""

    spans: list[tuple[int, int]]  # of each token, in characters of the text
    probabilities: Probabilities  # [tokens, labels]


class BatchedModel:
    """A float32 model on its device, and the batching of its inputs."""

    _kind = "a classifier"  # that a user should take

    def __init__(
        self, auto_model: Any, folder: Path, resources: Resources, *, independent: bool
    ) -> None:
        torch.set_num_threads(resources.threads)
        _logging.disable_progress_bar()  # the job shows its own
        with load_errors(folder):
            model, loading_info = auto_model.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are reported, and refused here
            )
        if loading_info["missing_keys"] or loading_info["mismatched_keys"]:
            # transformers initializes missing weights randomly and only warns.
            raise JobError(f"model: weights are missing in {str(folder)!r}: take {self._kind}")
        self._model = model.to(resources.device).eval()
        self._batch_size = _BATCH_SIZES.get(resources.device, _DEFAULT_BATCH_SIZE)
        self._device = resources.device
        self._independent = independent
        self._lock = threading.Lock()  # source and generated texts are judged in two threads

    def _classify(self, inputs: Iterable[Mapping[str, torch.Tensor]]) -> list[Probabilities]:
        """Return the probabilities of each input; inputs have no batch dimension.

        Inputs of the same shapes are batched.
        """
        pending: dict[object, dict[int, Mapping[str, torch.Tensor]]] = defaultdict(dict)
        probabilities: dict[int, Probabilities] = {}
        for position, values in enumerate(inputs):
            shape = tuple(value.shape for value in values.values())
            pending[shape][position] = values
            if len(pending[shape]) == self._batch_size:
                probabilities |= self._classify_batch(pending.pop(shape))
        for batch in pending.values():
            probabilities |= self._classify_batch(batch)
        return [probabilities[position] for position in range(len(probabilities))]

    def _classify_batch(
        self, inputs: Mapping[int, Mapping[str, torch.Tensor]]
    ) -> dict[int, Probabilities]:
        """Return the probabilities of up to `_batch_size` inputs with equal shapes, by position."""
        rows = list(inputs.values())
        rows += [rows[0]] * (self._batch_size - len(rows))
        batch = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        with torch.inference_mode():
            outputs = self._model(**{n: value.to(self._device) for n, value in batch.items()})
            probabilities = self._results(outputs)
        # The rows that fill the batch are cut off.
        return dict(zip(inputs, probabilities.float().cpu().numpy(), strict=False))

    def _results(self, outputs: Any) -> torch.Tensor:
        """Return the model's results for a batch: [batch, ...]."""
        logits: torch.Tensor = outputs.logits
        return logits.sigmoid() if self._independent else logits.softmax(-1)


class ImageClassifier(BatchedModel):
    """A classifier of images, which the model's own image processor preprocesses."""

    def __init__(self, folder: Path, resources: Resources, *, independent: bool) -> None:
        super().__init__(
            AutoModelForImageClassification, folder, resources, independent=independent
        )
        with load_errors(folder):
            # Always Pillow: torchvision, where installed, would give other pixels.
            processor: Any = AutoImageProcessor
            self._processor = processor.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, backend="pil"
            )

    def judge(self, images: Sequence[RGB]) -> list[Probabilities]:
        """Return the probabilities of each image: [labels]."""
        with self._lock:
            return self._classify(map(self._pixels, images))

    def _pixels(self, image: RGB) -> dict[str, torch.Tensor]:
        # An explicit layout: the shape of an image 1 or 3 pixels high is ambiguous.
        batch = self._processor(image, input_data_format="channels_last", return_tensors="pt")
        return {name: value[0] for name, value in batch.items()}


class ImageRegression(ImageClassifier):
    """A model of images whose outputs are taken as they are: numbers, not probabilities."""

    def __init__(self, folder: Path, resources: Resources) -> None:
        super().__init__(folder, resources, independent=True)

    def _results(self, outputs: Any) -> torch.Tensor:
        logits: torch.Tensor = outputs.logits
        return logits


class TextModel(BatchedModel):
    """A model of texts, and its fast tokenizer, for which "[SEP]" in a text is no special token."""

    def __init__(
        self, auto_model: Any, folder: Path, resources: Resources, *, independent: bool
    ) -> None:
        super().__init__(auto_model, folder, resources, independent=independent)
        with load_errors(folder):
            loaded: Any = AutoTokenizer
            loaded = loaded.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if not loaded.is_fast:
            raise JobError(f"model: {str(folder)!r} has no fast tokenizer: take a model with one")
        self._input_names = loaded.model_input_names
        self._tokenizer = tokenizer = loaded.backend_tokenizer
        self._longest = min(loaded.model_max_length, max_positions(self._model))  # tokens
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        if loaded.pad_token is None:  # texts cannot be padded to a common length
            self._batch_size = 1
        if self._batch_size > 1:
            tokenizer.enable_padding(
                direction=loaded.padding_side,
                pad_id=loaded.pad_token_id,
                pad_token=loaded.pad_token,
                pad_to_multiple_of=_PAD_MULTIPLE,
            )

    def _inputs(self, encoding: Any) -> dict[str, torch.Tensor]:
        parts = {
            "input_ids": encoding.ids,
            "token_type_ids": encoding.type_ids,
            "attention_mask": encoding.attention_mask,
        }
        return {
            name: torch.tensor(part) for name, part in parts.items() if name in self._input_names
        }


class _WindowedClassifier(TextModel):
    """A text model that judges long texts in windows; consecutive windows overlap by a quarter."""

    def __init__(
        self,
        auto_model: Any,
        folder: Path,
        resources: Resources,
        max_tokens: int,
        *,
        independent: bool,
    ) -> None:
        super().__init__(auto_model, folder, resources, independent=independent)
        max_tokens = min(max_tokens, self._longest)
        self._tokenizer.enable_truncation(max_tokens, stride=max_tokens // _OVERLAP)

    def _classify_windows(self, texts: Sequence[str]) -> Iterator[list[tuple[Any, Probabilities]]]:
        """Yield, for each text, the encoding and the probabilities of each of its windows."""
        encoded: list[list[Any]] = []

        def inputs() -> Iterator[dict[str, torch.Tensor]]:
            for text in texts:
                first = self._tokenizer.encode(text)
                encoded.append([first, *first.overflowing])
                yield from map(self._inputs, encoded[-1])

        with self._lock:
            probabilities = iter(self._classify(inputs()))
        for windows in encoded:
            yield list(zip(windows, probabilities, strict=False))


class TextClassifier(_WindowedClassifier):
    """A classifier of texts, window by window."""

    def __init__(
        self, folder: Path, resources: Resources, max_tokens: int, *, independent: bool
    ) -> None:
        auto_model = AutoModelForSequenceClassification
        super().__init__(auto_model, folder, resources, max_tokens, independent=independent)

    def judge(self, texts: Sequence[str]) -> list[Probabilities]:
        """Return the probabilities of each text: [windows, labels]."""
        return [
            np.stack([probabilities for _, probabilities in windows])
            for windows in self._classify_windows(texts)
        ]


class TokenClassifier(_WindowedClassifier):
    """A classifier of the tokens of a text, window by window; the labels exclude each other."""

    def __init__(self, folder: Path, resources: Resources, max_tokens: int) -> None:
        auto_model = AutoModelForTokenClassification
        super().__init__(auto_model, folder, resources, max_tokens, independent=False)

    def judge(self, texts: Sequence[str]) -> list[list[Window]]:
        """Return the windows of each text."""
        return [
            [_window(*window) for window in windows] for windows in self._classify_windows(texts)
        ]


def _window(encoding: Any, probabilities: Probabilities) -> Window:
    # Special tokens have empty offsets.
    tokens = [index for index, (start, end) in enumerate(encoding.offsets) if start < end]
    return Window([encoding.offsets[index] for index in tokens], probabilities[tokens])


def max_positions(model: Any) -> int:
    """Return the number of tokens that the model has positions for; sys.maxsize if unlimited."""
    limit = getattr(model.config, "max_position_embeddings", None) or sys.maxsize
    for name, module in model.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith(".position_embeddings") and padding is not None:
            return int(limit - padding - 1)  # RoBERTa's positions begin after the padding index
    return int(limit)


@contextmanager
def load_errors(folder: Path) -> Iterator[None]:
    """Raise a JobError of one line for errors of transformers about a model's files."""
    try:
        yield
    except (ShardmillError, RuntimeError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.ENOENT):
            raise  # the machine's
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise JobError(f"model: {str(folder)!r} cannot be loaded: {reason}") from None
