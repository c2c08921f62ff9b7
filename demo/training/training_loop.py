"""The training loop: steps, learning rate, reports, and snapshots to continue from."""

import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn

from demo.training.scene_dataset import SceneBatch, SceneDataset

Figures = Mapping[str, float]


class Stage(Protocol):
    """A training stage: its modules with their shares of the learning rate, and its loss."""

    name: str  # seeds the stage's random numbers
    modules: Mapping[str, tuple[nn.Module, float]]

    def loss(self, batch: SceneBatch, random: Random, done: float) -> tuple[torch.Tensor, Figures]:
        """The loss on a batch, and figures to report; `done` is the share of steps done."""

    def examine(self) -> Figures:
        """Figures on held-out scenes."""


class Schedule(NamedTuple):
    """Number of steps, batch size and learning rate."""

    steps: int
    batch: int = 32  # scenes
    rate: float = 1.5e-3  # the peak after a linear warm-up; then it falls as a cosine
    warm_up: int = 150  # steps
    report_every: int = 50
    snapshot_every: int = 500


def train(
    stage: Stage,
    schedule: Schedule,
    scenes: SceneDataset,
    snapshot: Path,
    report: Callable[[str], None],
    *,
    on_snapshot: Callable[[], None] = lambda: None,
) -> None:
    """Train to the last step, continuing from the snapshot if it exists.

    Writes the snapshot every `snapshot_every` steps and at the end, and then calls `on_snapshot`.
    The batches and random numbers are the same with and without interruptions.
    """
    parts: list[dict[str, Any]] = [
        {"params": list(module.parameters()), "share": share}
        for module, share in stage.modules.values()
    ]
    weights = [weight for part in parts for weight in part["params"]]
    optimizer = torch.optim.AdamW(parts, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    start = _resume(stage, optimizer, snapshot)
    started = time.monotonic()
    for step in range(start, schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = group["share"] * _rate(schedule, step)
        batch = scenes.batch(step, schedule.batch)
        loss, figures = stage.loss(batch, Random(f"{stage.name}/{step}"), step / schedule.steps)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        done = step + 1
        if done % schedule.report_every == 0 or done == schedule.steps:
            pace = (time.monotonic() - started) / (done - start)
            line = _format({"loss": loss.item(), **figures, "seconds a step": pace})
            report(f"{stage.name} {done}/{schedule.steps}: {line}")
        if done % schedule.snapshot_every == 0 or done == schedule.steps:
            _save(stage, optimizer, done, snapshot)
            on_snapshot()
            report(f"{stage.name} {done}/{schedule.steps} held out: {_format(stage.examine())}")


def _rate(schedule: Schedule, step: int) -> float:
    warm = min(1.0, (step + 1) / schedule.warm_up)
    return (
        schedule.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / schedule.steps)))
    )


def _resume(stage: Stage, optimizer: torch.optim.Optimizer, snapshot: Path) -> int:
    if not snapshot.exists():
        return 0
    state = torch.load(snapshot, weights_only=True)
    for name, (module, _) in stage.modules.items():
        module.load_state_dict(state["modules"][name])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _save(stage: Stage, optimizer: torch.optim.Optimizer, step: int, snapshot: Path) -> None:
    modules = {name: module.state_dict() for name, (module, _) in stage.modules.items()}
    temporary = snapshot.with_suffix(".part")
    torch.save({"step": step, "modules": modules, "optimizer": optimizer.state_dict()}, temporary)
    os.replace(temporary, snapshot)


def _format(figures: Figures) -> str:
    return ", ".join(f"{name} {figure:.3f}" for name, figure in figures.items())
