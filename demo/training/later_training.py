"""The third training stage: the model learns phrases, regions, pairs of images, and clips.

Examples of the second stage are mixed in, so that their answers stay right.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from demo.scenes.clips import Clip
from demo.training import drawn_boxes, later_examples, model_passes, patch_labels
from demo.training.answer_training import GROUNDING_WEIGHT, token_weights
from demo.training.clip_dataset import ClipBatch
from demo.training.examples import Example
from demo.training.grounding import MEANT_LAYER, NAMED_LAYER, GroundingHead
from demo.training.scene_dataset import SceneBatch
from demo.training.token_batches import TokenBatcher
from schemas.sample import RGB

VISION_SHARE = 0.5  # of the learning rate: the vision tower is trained already
LINE_WEIGHT = 0.5  # of the auxiliary loss of drawn boxes
DRAWN = 6  # images of a step with a drawn box
PAIRS = 8  # pairs of images of a step
CLIPS = 3  # clips of a step


class _Group(NamedTuple):
    """Rows with equally many images."""

    examples: Sequence[Example]
    features: torch.Tensor  # [rows, image tokens, width]
    places: torch.Tensor | None = None  # int64 [rows, patches], of rows with one image


class LaterTraining:
    """The stage that trains the whole model for prompts about more than an image."""

    name = "later"  # part of the random seeds

    def __init__(
        self,
        model: Any,
        batcher: TokenBatcher,
        clips: ClipBatch,
        held_out: SceneBatch,
        held_out_clips: ClipBatch,
    ) -> None:
        self._model = model
        self._batcher = batcher
        self._clips = clips
        self._held_out, self._held_out_clips = held_out, held_out_clips
        vision = model.config.vision_config
        self._side: int = vision.image_size
        self._grid: int = vision.image_size // vision.patch_size
        width = model.config.text_config.hidden_size
        self._heads = nn.ModuleDict(
            {name: GroundingHead(width).to(model.device) for name in ("named", "meant")}
        )
        self._line_head = drawn_boxes.LineHead(vision.hidden_size).to(model.device)
        rest = nn.ModuleList([model.model.multi_modal_projector, model.model.language_model])
        self.modules: Mapping[str, tuple[nn.Module, float]] = {
            "tower": (model.model.vision_tower, VISION_SHARE),
            "rest": (rest, 1.0),
            "grounding": (self._heads, 1.0),
            "lines": (self._line_head, 1.0),
        }

    def loss(
        self, batch: SceneBatch, random: Random, done: float
    ) -> tuple[torch.Tensor, Mapping[str, float]]:
        chosen = random.sample(range(len(self._clips.clips)), CLIPS)
        groups, lines = self._groups(batch, self._clips.choose(chosen), random, DRAWN, PAIRS)
        losses, weights, groundings = [], [], []
        figures: dict[str, float] = {}
        for name, group in groups.items():
            tokens = self._batcher.batch(group.examples, self._images(group))
            logits, states = model_passes.answer_logits(self._model, tokens, group.features)
            weight = token_weights(group.examples, tokens).to(logits.device)
            loss = weight * model_passes.cross_entropy(logits, tokens.targets, soft=False)
            figures[name] = (loss.sum() / weight.sum()).item()
            losses.append(loss.sum())
            weights.append(weight.sum())
            if group.places is not None:
                groundings = [
                    self._heads[kind](
                        states[layer],
                        group.places,
                        [getattr(each, kind) for each in group.examples],
                    )
                    for kind, layer in (("named", NAMED_LAYER), ("meant", MEANT_LAYER))
                ]
        figures |= {"named": groundings[0].item(), "meant": groundings[1].item()}
        figures["lines"] = lines.item()
        answers = torch.stack(losses).sum() / torch.stack(weights).sum()
        grounding = torch.stack(groundings).sum()
        return answers + GROUNDING_WEIGHT * grounding + LINE_WEIGHT * lines, figures

    def examine(self) -> Mapping[str, float]:
        """With teacher forcing: the share of answers without a wrong token that is no location."""
        random = Random(0)
        right: dict[str, list[float]] = defaultdict(list)
        with torch.no_grad():
            for start in range(0, len(self._held_out.scenes), 32):
                scenes = self._held_out.part(start, start + 32)
                clips = self._held_out_clips.choose(
                    range(start, min(start + 32, len(self._held_out_clips.clips)))
                )
                groups, _ = self._groups(scenes, clips, random, 32, 32)
                for group in groups.values():
                    tokens = self._batcher.batch(group.examples, self._images(group))
                    logits, _ = model_passes.answer_logits(self._model, tokens, group.features)
                    wrong = logits.argmax(-1).cpu() != tokens.targets
                    wrong &= ~model_passes.is_location(tokens.targets)
                    errors = torch.zeros(len(group.examples)).index_add_(
                        0, tokens.rows, wrong.float()
                    )
                    for example, num_errors in zip(group.examples, errors.tolist(), strict=True):
                        right[example.task].append(num_errors == 0)
        return {name: sum(values) / len(values) for name, values in sorted(right.items())}

    def _images(self, group: _Group) -> int:
        return group.features.shape[1] // self._grid**2

    def _groups(
        self, batch: SceneBatch, clips: ClipBatch, random: Random, drawn: int, pairs: int
    ) -> tuple[Mapping[str, _Group], torch.Tensor]:
        """The rows of a step, about a scene, two scenes or a clip; and the loss of drawn boxes."""
        number = len(batch.scenes)
        by_scene = [
            later_examples.scene_examples(random, each, self._side) for each in batch.scenes
        ]
        boxes = drawn_boxes.draw(random, batch.images, batch.scenes, self._grid, drawn)
        patches = model_passes.encode_patches(
            self._model, np.concatenate((batch.images, boxes.images))
        )
        features = model_passes.project(self._model, patches)
        scene_rows = [row for row, examples in enumerate(by_scene) for _ in examples]
        places = patch_labels.label_patches(batch.scenes, self._grid).classes
        places = places[..., patch_labels.PLACE].to(features.device)
        singles = [each for examples in by_scene for each in examples]
        shift = random.randrange(1, number)
        lefts = range(min(pairs, number))
        rights = [(row + shift) % number for row in lefts]
        compared = [
            later_examples.pair(random, batch.scenes[left], batch.scenes[right])
            for left, right in zip(lefts, rights, strict=True)
        ]
        groups = {
            "scenes": _Group(
                [*singles, *boxes.examples],
                features[[*scene_rows, *range(number, len(features))]],
                places[[*scene_rows, *boxes.rows]],
            ),
            "pairs": _Group(compared, torch.cat((features[: len(lefts)], features[rights]), dim=1)),
            "clips": self._clip_group(clips.frames, clips.clips),
        }
        return groups, self._line_head(patches[:number], patches[number:], boxes)

    def _clip_group(self, frames: RGB, clips: Sequence[Clip]) -> _Group:
        """The rows of clips; [clips, frames, S, S, 3] are encoded without training the tower."""
        with torch.no_grad():
            patches = model_passes.encode_patches(
                self._model, frames.reshape(-1, *frames.shape[2:])
            )
        features = model_passes.project(self._model, patches)
        features = features.reshape(len(clips), -1, features.shape[-1])
        examples = [later_examples.clip_examples(clip) for clip in clips]
        return _Group(
            [each for some in examples for each in some],
            features.repeat_interleave(len(examples[0]), dim=0),
        )
