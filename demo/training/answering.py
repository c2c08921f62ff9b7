"""The second lesson: the whole model learns to answer, several prompts about an image at a time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from demo.training import dense, lessons, tokenizer
from demo.training.finding import LAYER, Finder
from demo.training.gallery import Drawn
from demo.training.lessons import Exercise
from demo.training.pixels import pixel_values
from demo.training.sheets import Clerk, Sheet

VISION_SHARE = 0.4  # of the learning rate: the tower has learnt its part already
DENSE_WEIGHT = 0.2  # of the first lesson, which is kept up beside the answers
FINDING_WEIGHT = 0.5
TOKEN_WEIGHTS = {  # by task: answers of few tokens must not be lost among those of many
    "caption": 1.0,
    "ocr": 3.0,
    "answer": 3.0,
    "detect": 1.0,
    "segment": 0.4,
}
BLURRED = 0.3  # of the steps: at first, a location code near the true one is nearly right, ...
SPREAD = 3.0  # ... by this many codes; later it is told to the pixel, and that one alone is right

_FIRST_LOCATION = tokenizer.tokens().index(tokenizer.LOCATIONS[0])
_LAST_LOCATION = _FIRST_LOCATION + len(tokenizer.LOCATIONS) - 1


class _Seen(NamedTuple):
    """What a step sees of its images."""

    features: torch.Tensor  # [rows, patches, width]
    shapes: torch.Tensor  # int64 [rows, patches]: classes as in `dense`
    loss: torch.Tensor  # the first lesson's


class Answering:
    """The lesson that trains the whole model."""

    name = "answering"

    def __init__(self, model: Any, heads: dense.Heads, clerk: Clerk, held_out: Drawn) -> None:
        self._model = model
        self._heads = heads
        self._clerk = clerk
        self._held_out = held_out
        vision = model.config.vision_config
        self._side: int = vision.image_size
        self._grid = vision.image_size // vision.patch_size
        tower = model.model.vision_tower
        self._cap: float = model.config.text_config.final_logit_softcapping
        self._finder = Finder(model.config.text_config.hidden_size).to(model.device)
        rest = nn.ModuleList([model.model.multi_modal_projector, model.model.language_model])
        self.modules: Mapping[str, tuple[nn.Module, float]] = {
            "tower": (tower, VISION_SHARE),
            "heads": (heads, VISION_SHARE),
            "rest": (rest, 1.0),
            "finder": (self._finder, 1.0),
        }

    def loss(
        self, drawn: Drawn, random: Random, done: float
    ) -> tuple[torch.Tensor, Mapping[str, float]]:
        blurred = done < BLURRED
        pixels = None if blurred else self._side
        asked = [lessons.exercises(random, scene, pixels) for scene in drawn.scenes]
        flat = [exercise for exercises in asked for exercise in exercises]
        sheet = self._clerk.sheet(flat)
        seen = self._seen(drawn, len(flat) // len(asked))
        logits, states = self._told(sheet, seen.features)
        weights = _weights(flat, sheet).to(logits.device)
        told = (weights * _surprise(logits, sheet.targets, blurred=blurred)).sum() / weights.sum()
        found = self._finder(states, seen.shapes, flat)
        return told + DENSE_WEIGHT * seen.loss + FINDING_WEIGHT * found, {
            "answers": told.item(),
            "patches": seen.loss.item(),
            "finding": found.item(),
        }

    def examine(self) -> Mapping[str, float]:
        """By teacher forcing: the share of answers told right, and for boxes codes off by."""
        random = Random(0)
        asked = [lessons.exercises(random, scene, self._side) for scene in self._held_out.scenes]
        figures: dict[str, list[float]] = defaultdict(list)
        with torch.no_grad():
            for start in range(0, len(asked), 32):
                part = [exercise for one in asked[start : start + 32] for exercise in one]
                sheet = self._clerk.sheet(part)
                drawn = self._held_out.part(start, start + 32)
                seen = self._seen(drawn, len(asked[0]))
                best = self._told(sheet, seen.features)[0].argmax(-1).cpu()
                off = (best - sheet.targets).abs()
                places = _is_location(sheet.targets)
                wrong = torch.zeros(len(part)).index_add_(
                    0, sheet.rows, ((off > 0) & ~places).float()
                )
                figures["codes off"] += off[places].tolist()
                for exercise, errors in zip(part, wrong.tolist(), strict=True):
                    figures[exercise.task].append(errors == 0)
                    if exercise.task == "ocr" and exercise.answer:
                        figures["ocr of print"].append(errors == 0)
        return {name: sum(each) / len(each) for name, each in sorted(figures.items())}

    def _seen(self, drawn: Drawn, times: int) -> _Seen:
        """The images, each for the `times` rows that ask about it."""
        model = self._model.model
        device = self._model.device
        with torch.autocast(device.type, torch.bfloat16):
            patches = model.vision_tower(pixel_values(drawn.images, device)).last_hidden_state
            features = model.multi_modal_projector(patches)
        truth = dense.labels(drawn.scenes, self._grid)
        truth = dense.Labels(*(part.to(device) for part in truth))
        loss, _ = self._heads(patches.float(), truth)
        shapes = truth.classes[..., dense.SHAPE].repeat_interleave(times, dim=0)
        return _Seen(features.repeat_interleave(times, dim=0), shapes, loss)

    def _told(self, sheet: Sheet, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the answers' tokens alone the logits, [targets, vocabulary]; half-way image states."""
        text = self._model.model.language_model
        device = self._model.device
        codes, sees, rows, columns, _ = (part.to(device) for part in sheet)
        with torch.autocast(device.type, torch.bfloat16):
            words = text.embed_tokens(codes[:, features.shape[1] :])
            embedded = torch.cat((features, words.to(features.dtype)), dim=1)
            mask = torch.zeros(sees.shape, dtype=embedded.dtype, device=device)
            mask.masked_fill_(~sees, torch.finfo(embedded.dtype).min)
            told = text(
                inputs_embeds=embedded,
                attention_mask={"full_attention": mask, "sliding_attention": mask},
                # PaliGemma's positions count from 1.
                position_ids=torch.arange(1, embedded.shape[1] + 1, device=device)[None],
                use_cache=False,
                output_hidden_states=True,
            )
            states = told.last_hidden_state[rows, columns]
            logits = functional.linear(states, text.embed_tokens.weight).float()
        halfway = told.hidden_states[LAYER][:, : features.shape[1]]
        return self._cap * torch.tanh(logits / self._cap), halfway


def begin(model: Any) -> None:
    """Set the first weights of what the first lesson leaves out.

    Codes of neighbouring locations get embeddings that are near each other: what is learnt of one
    is learnt of the others, too.
    """
    with torch.no_grad():
        projector = model.model.multi_modal_projector.linear
        projector.weight.normal_(std=projector.in_features**-0.5)
        projector.bias.zero_()
        embeddings = model.model.language_model.embed_tokens.weight
        width = embeddings.shape[1]
        smooth = dense.cosines(torch.linspace(0, 1, len(tokenizer.LOCATIONS)))
        mixed = smooth @ torch.randn(smooth.shape[1], width) / smooth.shape[1] ** 0.5
        embeddings[_FIRST_LOCATION : _LAST_LOCATION + 1] = mixed * (2 / width) ** 0.5


def _surprise(logits: torch.Tensor, targets: torch.Tensor, *, blurred: bool) -> torch.Tensor:
    """Cross-entropy per target; that of a blurred location is shared with the codes near it."""
    targets = targets.to(logits.device)
    surprise = functional.cross_entropy(logits, targets, reduction="none")
    if not blurred:
        return surprise
    places = _is_location(targets)
    codes = torch.arange(_FIRST_LOCATION, _LAST_LOCATION + 1, device=logits.device)
    off = (codes - targets[places][:, None]) / SPREAD
    shares = torch.softmax(-0.5 * off**2, dim=-1)
    likely = logits[places].log_softmax(-1)[:, _FIRST_LOCATION : _LAST_LOCATION + 1]
    return surprise.masked_scatter(places, -(shares * likely).sum(-1))


def _is_location(targets: torch.Tensor) -> torch.Tensor:
    return (targets >= _FIRST_LOCATION) & (targets <= _LAST_LOCATION)


def _weights(exercises: Sequence[Exercise], sheet: Sheet) -> torch.Tensor:
    """Per target, how much it counts."""
    per_row = [TOKEN_WEIGHTS[each.task] for each in exercises]
    return torch.tensor(per_row)[sheet.rows]
