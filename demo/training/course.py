"""Trains whatever can say its loss, step by step, with snapshots from which it goes on."""

import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn

from demo.training.gallery import Drawn, Gallery

Figures = Mapping[str, float]


class Lesson(Protocol):
    """What is trained: its modules, their share of the learning rate, and the loss on scenes."""

    name: str
    modules: Mapping[str, tuple[nn.Module, float]]

    def loss(self, drawn: Drawn, random: Random, done: float) -> tuple[torch.Tensor, Figures]:
        """The loss to go down on, and what else is worth a look; `done` is the share of steps."""

    def examine(self) -> Figures:
        """How well it does on scenes it is not trained on."""


class Plan(NamedTuple):
    """How long and how fast."""

    steps: int
    batch: int = 32  # scenes
    rate: float = 1.5e-3  # at its highest, after the warm-up; from there it falls as a cosine
    warm_up: int = 150  # steps
    report_every: int = 50
    snapshot_every: int = 500


def train(
    lesson: Lesson,
    plan: Plan,
    gallery: Gallery,
    snapshot: Path,
    report: Callable[[str], None],
    *,
    keep: Callable[[], None] = lambda: None,
) -> None:
    """Train to the last step, from the snapshot on where there is one; one lies there at the end.

    `keep` is called whenever a snapshot was written. The same seeds give the same batches, stopped
    and gone on or not.
    """
    parts: list[dict[str, Any]] = [
        {"params": list(module.parameters()), "share": share}
        for module, share in lesson.modules.values()
    ]
    weights = [weight for part in parts for weight in part["params"]]
    optimizer = torch.optim.AdamW(parts, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    start = _resume(lesson, optimizer, snapshot)
    began = time.monotonic()
    for step in range(start, plan.steps):
        for group in optimizer.param_groups:
            group["lr"] = group["share"] * _rate(plan, step)
        drawn = gallery.batch(step, plan.batch)
        loss, figures = lesson.loss(drawn, Random(f"{lesson.name}/{step}"), step / plan.steps)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        done = step + 1
        if done % plan.report_every == 0 or done == plan.steps:
            pace = (time.monotonic() - began) / (done - start)
            told = _told({"loss": loss.item(), **figures, "seconds a step": pace})
            report(f"{lesson.name} {done}/{plan.steps}: {told}")
        if done % plan.snapshot_every == 0 or done == plan.steps:
            _save(lesson, optimizer, done, snapshot)
            keep()
            report(f"{lesson.name} {done}/{plan.steps} held out: {_told(lesson.examine())}")


def _rate(plan: Plan, step: int) -> float:
    warm = min(1.0, (step + 1) / plan.warm_up)
    return plan.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / plan.steps)))


def _resume(lesson: Lesson, optimizer: torch.optim.Optimizer, snapshot: Path) -> int:
    if not snapshot.exists():
        return 0
    state = torch.load(snapshot, weights_only=True)
    for name, (module, _) in lesson.modules.items():
        module.load_state_dict(state["modules"][name])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _save(lesson: Lesson, optimizer: torch.optim.Optimizer, step: int, snapshot: Path) -> None:
    modules = {name: module.state_dict() for name, (module, _) in lesson.modules.items()}
    beside = snapshot.with_suffix(".part")
    torch.save({"step": step, "modules": modules, "optimizer": optimizer.state_dict()}, beside)
    os.replace(beside, snapshot)


def _told(figures: Figures) -> str:
    return ", ".join(f"{name} {figure:.3f}" for name, figure in figures.items())
