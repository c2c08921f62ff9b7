"""The second training stage: the whole model learns to answer several prompts per image."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from demo.training import patch_labels, tokenizer
from demo.training.examples import Example, draw_examples
from demo.training.grounding import LAYER, GroundingHead
from demo.training.pixels import pixel_values
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
}
# In this share of the steps, location targets are soft: codes near the true one count too. Later
# the target is one code, rounded to the pixel.
SOFT_TARGETS = 0.3
SPREAD = 3.0  # standard deviation of soft targets, in codes

_FIRST_LOCATION = tokenizer.tokens().index(tokenizer.LOCATIONS[0])
_LAST_LOCATION = _FIRST_LOCATION + len(tokenizer.LOCATIONS) - 1


class _ImageInput(NamedTuple):
    """The images of a step, encoded, with the patch loss."""

    features: torch.Tensor  # [rows, patches, width]
    shapes: torch.Tensor  # int64 [rows, patches]: classes as in `patch_labels`
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
        self._cap: float = model.config.text_config.final_logit_softcapping
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
        logits, states = self._logits(tokens, images.features)
        weights = _weights(examples, tokens).to(logits.device)
        answer_losses = weights * _cross_entropy(logits, tokens.targets, soft=soft)
        answer_loss = answer_losses.sum() / weights.sum()
        grounding_loss = self._grounding_head(states, images.shapes, examples)
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
                best = self._logits(tokens, images.features)[0].argmax(-1).cpu()
                off = (best - tokens.targets).abs()
                is_location = _is_location(tokens.targets)
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
        model = self._model.model
        device = self._model.device
        with torch.autocast(device.type, torch.bfloat16):
            patches = model.vision_tower(pixel_values(batch.images, device)).last_hidden_state
            features = model.multi_modal_projector(patches)
        truth = patch_labels.label_patches(batch.scenes, self._grid)
        truth = patch_labels.PatchLabels(*(part.to(device) for part in truth))
        loss, _ = self._heads(patches.float(), truth)
        shapes = truth.classes[..., patch_labels.SHAPE].repeat_interleave(repeats, dim=0)
        return _ImageInput(features.repeat_interleave(repeats, dim=0), shapes, loss)

    def _logits(
        self, tokens: TokenBatch, features: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of the answers' tokens, and the image tokens' states after LAYER layers.

        The shapes are [targets, vocabulary] and [rows, patches, width].
        """
        text = self._model.model.language_model
        device = self._model.device
        token_ids, attends, rows, columns, _ = (part.to(device) for part in tokens)
        with torch.autocast(device.type, torch.bfloat16):
            words = text.embed_tokens(token_ids[:, features.shape[1] :])
            embedded = torch.cat((features, words.to(features.dtype)), dim=1)
            mask = torch.zeros(attends.shape, dtype=embedded.dtype, device=device)
            mask.masked_fill_(~attends, torch.finfo(embedded.dtype).min)
            output = text(
                inputs_embeds=embedded,
                attention_mask={"full_attention": mask, "sliding_attention": mask},
                # PaliGemma's positions count from 1.
                position_ids=torch.arange(1, embedded.shape[1] + 1, device=device)[None],
                use_cache=False,
                output_hidden_states=True,
            )
            states = output.last_hidden_state[rows, columns]
            logits = functional.linear(states, text.embed_tokens.weight).float()
        image_states = output.hidden_states[LAYER][:, : features.shape[1]]
        return self._cap * torch.tanh(logits / self._cap), image_states


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
        embeddings[_FIRST_LOCATION : _LAST_LOCATION + 1] = mixed * (2 / width) ** 0.5


def _cross_entropy(logits: torch.Tensor, targets: torch.Tensor, *, soft: bool) -> torch.Tensor:
    """Cross-entropy per target; a soft location target is a normal distribution over the codes."""
    targets = targets.to(logits.device)
    losses = functional.cross_entropy(logits, targets, reduction="none")
    if not soft:
        return losses
    is_location = _is_location(targets)
    codes = torch.arange(_FIRST_LOCATION, _LAST_LOCATION + 1, device=logits.device)
    distances = (codes - targets[is_location][:, None]) / SPREAD
    shares = torch.softmax(-0.5 * distances**2, dim=-1)
    log_probabilities = logits[is_location].log_softmax(-1)
    locations = log_probabilities[:, _FIRST_LOCATION : _LAST_LOCATION + 1]
    return losses.masked_scatter(is_location, -(shares * locations).sum(-1))


def _is_location(targets: torch.Tensor) -> torch.Tensor:
    return (targets >= _FIRST_LOCATION) & (targets <= _LAST_LOCATION)


def _weights(examples: Sequence[Example], tokens: TokenBatch) -> torch.Tensor:
    """The weight of each target."""
    per_row = [TOKEN_WEIGHTS[example.task] for example in examples]
    return torch.tensor(per_row)[tokens.rows]
