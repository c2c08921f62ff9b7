"""A model family of its own: a "model" that tells how bright an image is, and where.

It shows that a family is one module and one line in the table of families. Its model is a torch
module without weights; its vocabulary is one token per byte.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, ClassVar

import torch
from safetensors.numpy import save_file

from inference.config import Model
from inference.families.dimensions import Dimensions
from inference.families.family import Description, ModelFamily
from inference.families.loaded_model import Workload
from inference.tasks.detections import Box, Detection
from inference.tasks.intents import Intent, LocateObjects
from inference.tasks.task import Mask
from schemas.generation import Generation, ImageSpec, Token

END = 256  # beyond all bytes
PAD = 257


def write_checkpoint(folder: Path) -> Path:
    """Write what a job needs to name a checkpoint: a configuration and a file of weights."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "brightness", "side": 8}))
    save_file({}, folder / "model.safetensors", {"format": "pt"})
    return folder


class BrightnessFamily(ModelFamily):
    """Captions are `gray 87`; `@label` locates an object in the right half of the image.

    An answer with a question mark counts as understood in part.
    """

    title: ClassVar[str] = "Brightness"

    def recognizes(self, config: Mapping[str, Any]) -> bool:
        return config.get("model_type") == "brightness"

    def describe(self, config: Mapping[str, Any]) -> Description:
        return Description(resolution=config["side"], generation=1)

    def image_spec(self, resolution: int) -> ImageSpec:
        return ImageSpec(resolution, "bilinear")

    def prompt(self, intent: Intent) -> str:
        return f"find {intent.labels[0]}" if isinstance(intent, LocateObjects) else "tell"

    def read_objects(
        self, generation: Generation, width: int, height: int, masks: bool
    ) -> tuple[list[Detection], bool]:
        label = generation.text.removeprefix("@")
        box = Box(width / 2, 0, width, height)
        return [Detection(label, box, score=0.5)], "?" not in label

    def strip_markup(self, text: str) -> str:
        return text.removeprefix("@")

    def load_mask_decoder(self, path: str, open_file: Callable[[str], BinaryIO]) -> None:
        raise AssertionError("no task of the test has masks")

    def decode_masks(
        self, path: str, objects: Sequence[Detection], width: int, height: int
    ) -> list[Mask | None]:
        raise AssertionError("no task of the test has masks")

    def dimensions(self, folder: Path) -> Dimensions:
        raise AssertionError("asked for on a GPU only")

    def load(
        self, folder: Path, model: Model, devices: Sequence[str], adapter: Path | None
    ) -> "LoadedBrightness":
        return LoadedBrightness()


class LoadedBrightness:
    """The model and its vocabulary; a feature of an image is its mean brightness."""

    image_tokens = 1
    pad, end = PAD, END

    def __init__(self) -> None:
        self.vocabulary = self
        self.model = SimpleNamespace(dtype=torch.float32)

    def prefix(self, prompt: str, images: int = 1) -> list[int]:
        return [*[PAD] * images, *prompt.encode()]

    def suffix(self, answer: str) -> list[int]:
        return [*answer.encode(), END]

    def generation(self, token_ids: Sequence[int], logprobs: Sequence[float]) -> Generation:
        length = token_ids.index(END) if END in token_ids else len(token_ids)
        text = bytes(token_ids[:length]).decode()
        tokens = tuple(map(Token, token_ids[:length], text, logprobs))
        return Generation(tokens, text, "stop" if length < len(token_ids) else "length")

    def pixel_values(self, images: torch.Tensor) -> torch.Tensor:
        return images.float()

    def features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return pixel_values.mean(dim=(1, 2, 3)).reshape(-1, 1, 1)

    def generate(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        features: torch.Tensor,
        max_new_tokens: int,
        logits_processor: Any,
    ) -> torch.Tensor:
        rows = []
        for ids, brightness in zip(input_ids.tolist(), features.flatten().tolist(), strict=True):
            prompt = bytes(token for token in ids if token < END).decode()
            answer = f"@{prompt[5:]}" if prompt.startswith("find ") else f"gray {brightness:.0f}"
            rows.append([*answer.encode(), END])
        longest = min(max(map(len, rows)), max_new_tokens)
        new = torch.tensor([[*row, *[END] * longest][:longest] for row in rows])
        for step in range(longest):
            scores = torch.full((len(rows), PAD + 1), -20.0)
            logits_processor[0](input_ids, scores.scatter(1, new[:, step : step + 1], 0.0))
        return torch.cat([input_ids, new], dim=1)

    def grammar(self) -> None:
        return None

    def fast_layers(self, compiled: bool, grammar: object) -> None:
        return None

    def workload(self) -> Workload:
        raise AssertionError("asked for by benchmarks only")
