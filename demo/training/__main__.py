"""Trains what the demo ships: the PaliGemma 2 that answers, its masks, the classifier of placards.

    python -m demo.training answers FOLDER   # vision tower on patches, then everything
    python -m demo.training masks FILE.npz
    python -m demo.training placards FOLDER

Weights and scenes follow from seeds; what is shown at a step follows from its number alone.
"""

import signal
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from transformers import GenerationConfig, PaliGemmaForConditionalGeneration

from demo.training import checkpoint, course, gallery, mask_decoder, placards, tokenizer
from demo.training.answering import Answering, begin
from demo.training.architecture import configuration, processor
from demo.training.dense import Seeing
from demo.training.sheets import Clerk

TRAINING_SEED = 7_000_000  # scenes of other seeds are never trained on
HELD_OUT_SEED = 7_000_001
SCENES = 32_256
HELD_OUT = 256

app = typer.Typer(help="Train what the demo ships.", no_args_is_help=True, add_completion=False)
Seed = Annotated[int, typer.Option(help="Of the first weights.")]


@app.command()
def answers(
    folder: Annotated[Path, typer.Argument(help="Where snapshots and drawn scenes are kept.")],
    seeing_steps: Annotated[int, typer.Option(min=1, help="Of the first lesson.")] = 3500,
    answering_steps: Annotated[int, typer.Option(min=1, help="Of the second lesson.")] = 3000,
    seed: Seed = 0,
    processes: Annotated[int, typer.Option(min=1, help="That draw scenes.")] = 1,
) -> None:
    """Train the PaliGemma 2, on a GPU where there is one; the newest lies in FOLDER/checkpoint.

    Run again after anything that stopped it: it goes on from the last snapshot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    tokens = tokenizer.build()
    # Without Gemma 2's soft-cap of attention, of which so small a model has no need.
    config: Any = configuration(tokens, attn_logit_softcapping=None)
    side = config.vision_config.image_size
    model: Any = PaliGemmaForConditionalGeneration(config)
    model.generation_config = GenerationConfig.from_model_config(config)
    begin(model)
    # In bfloat16 on a CPU, eager attention is faster for so few patches.
    model.model.vision_tower.config._attn_implementation = "eager"
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    held_out = gallery.draw(HELD_OUT_SEED, 0, HELD_OUT, side)
    to_input = processor(tokens, config)
    clerk = Clerk(to_input, config.text_config.num_image_tokens)
    seeing = Seeing(model.model.vision_tower, held_out)
    answering = Answering(model, seeing.heads, clerk, held_out)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the gallery is closed
    with closing(
        gallery.Gallery(folder / "scenes", TRAINING_SEED, side, SCENES, processes)
    ) as scenes:
        course.train(seeing, course.Plan(seeing_steps), scenes, folder / "seeing.pt", typer.echo)
        course.train(
            answering,
            course.Plan(answering_steps),
            scenes,
            folder / "answering.pt",
            typer.echo,
            keep=lambda: checkpoint.save(model, to_input, folder / "checkpoint"),
        )


@app.command()
def masks(
    file: Annotated[Path, typer.Argument(help="Where the decoder's weights are written.")],
    steps: Annotated[int, typer.Option(min=1)] = 200,
    seed: Seed = 0,
) -> None:
    """Train the decoder that makes masks of segmentation codes."""
    torch.manual_seed(seed)
    mask_decoder.train(file, steps, typer.echo)


@app.command(name="placards")
def placards_command(
    folder: Annotated[Path, typer.Argument(help="Where the classifier is saved.")],
    steps: Annotated[int, typer.Option(min=1, help="64 scenes each.")] = 160,
    seed: Seed = 0,
) -> None:
    """Train the classifier of placards."""
    torch.manual_seed(seed)
    placards.train(folder, TRAINING_SEED, HELD_OUT_SEED, steps, typer.echo)


if __name__ == "__main__":
    app()
