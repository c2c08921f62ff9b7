"""PaliGemma and PaliGemma 2 as a model family."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from inference.config import QUANTIZED, Model
from inference.families.dimensions import Dimensions
from inference.families.family import Description, ModelFamily
from inference.families.paligemma import checkpoint_files, languages, locations, prompts
from inference.families.paligemma.terms import terms
from inference.hub.model_files import ModelFolder
from inference.tasks.detections import Detection
from inference.tasks.intents import Intent
from inference.tasks.task import Mask, Task
from schemas.errors import JobError
from schemas.generation import Generation, ImageSpec

if TYPE_CHECKING:
    from inference.families.loaded_model import LoadedModel

_GENERATIONS = {"gemma": 1, "gemma2": 2}  # by the type of the language model
_DEFAULT_RESOLUTION = 224  # SigLIP's
# Tokens of prompt and answer in pretraining, by resolution (arXiv 2407.07726, stages 1 and 2).
_TRAINED_TOKENS = {224: 128, 448: 512, 896: 512}


class PaliGemmaFamily(ModelFamily):
    """The family of `model_type: paligemma` over Gemma (PaliGemma) or Gemma 2 (PaliGemma 2)."""

    title: ClassVar[str] = "PaliGemma or PaliGemma 2"

    def recognizes(self, config: Mapping[str, Any]) -> bool:
        text, vision = config.get("text_config"), config.get("vision_config")
        if config.get("model_type") != "paligemma" or not isinstance(text, dict):
            return False
        if text.get("model_type", "gemma") not in [*_GENERATIONS] or not isinstance(vision, dict):
            return False
        return isinstance(vision.get("image_size", _DEFAULT_RESOLUTION), int)

    def describe(self, config: Mapping[str, Any]) -> Description:
        return Description(
            resolution=config["vision_config"].get("image_size", _DEFAULT_RESOLUTION),
            generation=_GENERATIONS[config["text_config"].get("model_type", "gemma")],
        )

    def check_files(self, folder: ModelFolder, config: Mapping[str, Any], partial: bool) -> None:
        checkpoint_files.check(folder, config, partial)

    def terms(self, source: str) -> tuple[str, ...]:
        return terms(source)

    def longest_trained(self, resolution: int) -> int | None:
        return _TRAINED_TOKENS.get(resolution)

    def image_spec(self, resolution: int) -> ImageSpec:
        return ImageSpec(resolution, "bicubic")  # as PaliGemmaProcessor resizes

    def check_task(self, task: Task) -> None:
        code = getattr(task, "language", None)
        if code is not None and code not in languages.CODES:
            raise JobError(
                f"language: {code!r} is not one of PaliGemma's languages: "
                f"{' '.join(languages.CODES)}"
            )

    def prompt(self, intent: Intent) -> str:
        return prompts.prompt(intent)

    def read_objects(
        self, generation: Generation, width: int, height: int, masks: bool
    ) -> tuple[list[Detection], bool]:
        return locations.read(generation, width, height, masks=masks)

    def strip_markup(self, text: str) -> str:
        return locations.strip_codes(text)

    def load_mask_decoder(self, path: str, open_file: Callable[[str], BinaryIO]) -> None:
        from inference.families.paligemma import masks  # which imports torch

        masks.decoder(path, open_file)

    def decode_masks(
        self, path: str, objects: Sequence[Detection], width: int, height: int
    ) -> list[Mask | None]:
        from inference.families.paligemma import masks

        return masks.run_lengths(masks.decoder(path), objects, width, height)

    def dimensions(self, folder: Path) -> Dimensions:
        from inference.families.paligemma.dimensions import read_dimensions

        return read_dimensions(folder)

    def load(
        self, folder: Path, model: Model, devices: Sequence[str], adapter: Path | None
    ) -> "LoadedModel":
        if model.engine == "fast" and adapter is None and model.precision not in QUANTIZED:
            from inference.families.paligemma.plain_loading import load_plain  # torch

            if loaded := load_plain(folder, model.precision, devices):
                return loaded
        from inference.families.paligemma.loading import load  # all of transformers

        return load(folder, model.precision, devices, adapter)
