"""The second training stage: the whole model learns to answer several prompts per image."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import torch
from torch import nn

from demo.training import model_passes, patch_labels, tokenizer
from demo.training.examples import Example, draw_examples
from demo.training.grounding import NAMED_LAYER, GroundingHead
from demo.training.scene_dataset import SceneBatch
from demo.training.token_batches import TokenBatch, TokenBatcher

VISION_SHARE = 0.4  # of the learning rate: the vision tower is pretrained
PATCH_WEIGHT = 0.2  # of the first stage's loss, which continues in this stage
GROUNDING_WEIGHT = 0.5
TOKEN_WEIGHTS = {  # by task, so that short answers count beside long ones
    "caption": 1.0,
    "ocr": 3.0,
    "answer": 3.0,
    "detect": 1.0,
    "segment": 0.4,
    "phrase": 2.0,
    "region": 3.0,
    "box": 3.0,
    "pair": 3.0,
    "clip": 3.0,
    "clip caption": 1.0,
}
# In this share of the steps, location targets are soft: codes near the true one count too. Later
# the target is one code, rounded to the pixel.
SOFT_TARGETS = 0.3


class _ImageInput(NamedTuple):
    """The images of a step, encoded, with the patch loss."""

    features: torch.Tensor  # [rows, patches, width]
    places: torch.Tensor  # int64 [rows, patches]: classes as in `patch_labels`
    loss: torch.Tensor  # the first stage's


class AnswerTraining:
    """The stage that trains the whole model."""

    name = "answering"  # part of the random seeds

    def __init__(
        self,
        model: Any,
        heads: patch_labels.PatchHeads,
        batcher: TokenBatcher,
        held_out: SceneBatch,
    ) -> None:
        self._model = model
        self._heads = heads
        self._batcher = batcher
        self._held_out = held_out
        vision = model.config.vision_config
        self._side: int = vision.image_size
        self._grid = vision.image_size // vision.patch_size
        tower = model.model.vision_tower
        self._grounding_head = GroundingHead(model.config.text_config.hidden_size).to(model.device)
        rest = nn.ModuleList([model.model.multi_modal_projector, model.model.language_model])
        self.modules: Mapping[str, tuple[nn.Module, float]] = {
            "tower": (tower, VISION_SHARE),
            "heads": (heads, VISION_SHARE),
            "rest": (rest, 1.0),
            "grounding": (self._grounding_head, 1.0),
        }

    def loss(
        self, batch: SceneBatch, random: Random, done: float
    ) -> tuple[torch.Tensor, Mapping[str, float]]:
        soft = done < SOFT_TARGETS
        pixels = None if soft else self._side
        by_scene = [draw_examples(random, scene, pixels) for scene in batch.scenes]
        examples = [example for scene_examples in by_scene for example in scene_examples]
        tokens = self._batcher.batch(examples)
        images = self._encode_images(batch, len(examples) // len(by_scene))
        logits, states = model_passes.answer_logits(self._model, tokens, images.features)
        weights = token_weights(examples, tokens).to(logits.device)
        answer_losses = weights * model_passes.cross_entropy(logits, tokens.targets, soft=soft)
        answer_loss = answer_losses.sum() / weights.sum()
        grounding_loss = self._grounding_head(
            states[NAMED_LAYER], images.places, [example.named for example in examples]
        )
        loss = answer_loss + PATCH_WEIGHT * images.loss + GROUNDING_WEIGHT * grounding_loss
        return loss, {
            "answers": answer_loss.item(),
            "patches": images.loss.item(),
            "grounding": grounding_loss.item(),
        }

    def examine(self) -> Mapping[str, float]:
        """With teacher forcing: the share of right answers, and the mean error of box codes."""
        random = Random(0)
        by_scene = [draw_examples(random, scene, self._side) for scene in self._held_out.scenes]
        figures: dict[str, list[float]] = defaultdict(list)
        with torch.no_grad():
            for start in range(0, len(by_scene), 32):
                examples = [
                    example
                    for scene_examples in by_scene[start : start + 32]
                    for example in scene_examples
                ]
                tokens = self._batcher.batch(examples)
                images = self._encode_images(
                    self._held_out.part(start, start + 32), len(by_scene[0])
                )
                logits, _ = model_passes.answer_logits(self._model, tokens, images.features)
                best = logits.argmax(-1).cpu()
                off = (best - tokens.targets).abs()
                is_location = model_passes.is_location(tokens.targets)
                errors = torch.zeros(len(examples)).index_add_(
                    0, tokens.rows, ((off > 0) & ~is_location).float()
                )
                figures["codes off"] += off[is_location].tolist()
                for example, num_errors in zip(examples, errors.tolist(), strict=True):
                    figures[example.task].append(num_errors == 0)
                    if example.task == "ocr" and example.answer:
                        figures["ocr of print"].append(num_errors == 0)
        return {name: sum(values) / len(values) for name, values in sorted(figures.items())}

    def _encode_images(self, batch: SceneBatch, repeats: int) -> _ImageInput:
        """Encode the images, and repeat each for its `repeats` examples."""
        device = self._model.device
        patches = model_passes.encode_patches(self._model, batch.images)
        features = model_passes.project(self._model, patches)
        truth = patch_labels.label_patches(batch.scenes, self._grid)
        truth = patch_labels.PatchLabels(*(part.to(device) for part in truth))
        loss, _ = self._heads(patches.float(), truth)
        places = truth.classes[..., patch_labels.PLACE].repeat_interleave(repeats, dim=0)
        return _ImageInput(features.repeat_interleave(repeats, dim=0), places, loss)


def initialize_weights(model: Any) -> None:
    """Initialize the weights that the first stage does not train.

    Neighboring location codes get similar embeddings, so that training one also trains the others.
    """
    with torch.no_grad():
        projector = model.model.multi_modal_projector.linear
        projector.weight.normal_(std=projector.in_features**-0.5)
        projector.bias.zero_()
        embeddings = model.model.language_model.embed_tokens.weight
        width = embeddings.shape[1]
        cosines = patch_labels.cosines(torch.linspace(0, 1, len(tokenizer.LOCATIONS)))
        mixed = cosines @ torch.randn(cosines.shape[1], width) / cosines.shape[1] ** 0.5
        model_passes.location_embeddings(embeddings).copy_(mixed * (2 / width) ** 0.5)


def token_weights(examples: Sequence[Example], tokens: TokenBatch) -> torch.Tensor:
    """The weight of each target."""
    per_row = [TOKEN_WEIGHTS[example.task] for example in examples]
    return torch.tensor(per_row)[tokens.rows]
