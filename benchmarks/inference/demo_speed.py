"""Measures how long the demo's checkpoint takes to load and to answer four prompts on 64 scenes.

    python -m benchmarks.inference.demo_speed [--threads 2]

Runs the engine of a job in float32 on the CPU. Prints seconds; asserts nothing.
"""

import time
from typing import Annotated

import typer

from demo.scenes import words
from demo.scenes.encoded_image import model_image
from demo.scenes.scenes import draw_scene
from inference import Model, load_engine, resolve_checkpoint
from schemas.generation import Request
from schemas.resources import Resources

SCENES = 64
PROMPTS = (
    ("caption en", 24),
    ("ocr", 12),
    (f"detect {' ; '.join(words.SHAPES)}", 40),
    ("answer en how many shapes are there?", 8),
)


def main(
    checkpoint: Annotated[str, typer.Option()] = "demo/checkpoint",
    threads: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    """Print the seconds of loading and of generation."""
    import inference.engines.reference  # noqa: F401 - importing torch must not count as loading

    model = Model(checkpoint=checkpoint, precision="float32", device="cpu")
    resources = Resources(lambda path: open(path, "rb"), threads=threads)  # noqa: SIM115
    started = time.perf_counter()
    engine = load_engine(model, resolve_checkpoint(model), resources)
    loaded = time.perf_counter()
    scenes = (draw_scene(2026, index) for index in range(4 * SCENES))
    whole = [scene for scene in scenes if scene.kind != "corrupt"][:SCENES]
    block = [
        Request((model_image(scene.image, engine.image_spec.side),), PROMPTS) for scene in whole
    ]
    drawn = time.perf_counter()
    answers = engine.generate(block)
    answered = time.perf_counter()
    typer.echo(f"loading                  {loaded - started:6.2f} s")
    typer.echo(f"{sum(map(len, answers))} answers, {SCENES} scenes  {answered - drawn:6.2f} s")


if __name__ == "__main__":
    typer.run(main)
