"""Measures the quality of the demo's models on scenes that they were not trained on.

    python -m benchmarks.inference.demo_quality [--scenes 500] [--seed 2026]

Runs the engine, the tasks and their parsers as a job does, and whole jobs for phrases, regions,
pairs and clips, in float32 on the CPU. Prints a table of scores and targets; asserts nothing.
"""

import itertools
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from demo.evaluation import job_quality, quality
from demo.evaluation.quality import LEARNED_KINDS
from demo.evaluation.scoring import Score
from demo.scenes.scenes import draw_scene
from demo.training import placards
from inference import Model, load_engine, resolve_checkpoint
from schemas.resources import Resources


def main(
    checkpoint: Annotated[str, typer.Option()] = "demo/checkpoint",
    classifier: Annotated[Path, typer.Option()] = Path("demo/placard_classifier"),
    scenes: Annotated[int, typer.Option(min=1)] = 500,
    seed: Annotated[int, typer.Option(help="Of the scenes; training uses other seeds.")] = 2026,
    threads: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    """Print the scores and their targets."""
    model = Model(checkpoint=checkpoint, precision="float32", device="cpu", batch_size=32)
    targets = {**quality.TARGETS, **job_quality.TARGETS}
    resources = Resources(lambda path: open(path, "rb"), threads=threads)  # noqa: SIM115
    engine = load_engine(model, resolve_checkpoint(model), resources)
    drawn = (draw_scene(seed, index) for index in itertools.count())
    learnt = (scene for scene in drawn if scene.kind in LEARNED_KINDS)
    unseen = list(itertools.islice(learnt, scenes))
    scores = dict(quality.measure(engine, unseen))
    mixed = placards.scenes(seed, 0, scenes)
    scores["placard"] = Score(placards.examine(classifier, mixed), scenes)
    with tempfile.TemporaryDirectory() as folder:
        settings = model.model_dump(mode="json", exclude_unset=True)
        scores |= job_quality.measure(Path(folder), settings, unseen, seed)
    table = Table("what", "reached", "target", "of")
    for name, score in scores.items():
        target = f"{targets[name]:.2f}"
        table.add_row(name, f"{score.value:.3f}", target, str(score.of))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
