"""Builds requests with four prompts about the demo's scenes, and engines on the CPU."""

from typing import Any

from demo.evaluation.quality import LEARNED_KINDS
from demo.scenes import words
from demo.scenes.encoded_image import model_image
from demo.scenes.scenes import draw_scene
from inference import Engine, Model, load_engine, resolve_checkpoint
from schemas.generation import Request
from schemas.resources import Resources

# A caption, OCR, boxes and one mask; the answers end by themselves after 0 to about 40 tokens.
PROMPTS = (
    ("caption en", 24),
    ("ocr", 12),
    (f"detect {' ; '.join(words.SHAPES)}", 40),
    ("segment circle", 72),
)
SEED = 2026


def demo_requests(
    scenes: int, resolution: int, prompts: tuple[tuple[str, int], ...] = PROMPTS
) -> list[Request]:
    """Draw `scenes` scenes, squashed to the checkpoint's resolution, each with all prompts."""
    drawn = (draw_scene(SEED, index) for index in range(4 * scenes))
    whole = [scene for scene in drawn if scene.kind in LEARNED_KINDS][:scenes]
    return [Request((model_image(scene.image, resolution),), prompts) for scene in whole]


def cpu_engine(
    checkpoint: str, engine: str, *, precision: str, batch_size: int, threads: int
) -> Engine:
    """Load an engine of `inference.ENGINES` by name, on the CPU."""
    settings: dict[str, Any] = {"checkpoint": checkpoint, "precision": precision, "engine": engine}
    model = Model.model_validate({**settings, "batch_size": batch_size, "device": "cpu"})
    resources = Resources(lambda path: open(path, "rb"), threads=threads)  # noqa: SIM115
    return load_engine(model, resolve_checkpoint(model), resources)
