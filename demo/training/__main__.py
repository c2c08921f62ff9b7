"""Trains the models of the demo: the PaliGemma 2, its mask decoder, the placard classifier.

    python -m demo.training answers FOLDER   # three stages: images, answers, more images
    python -m demo.training answers FOLDER --start demo/checkpoint   # the last stage alone
    python -m demo.training masks FILE.npz
    python -m demo.training placards FOLDER

Seeds determine weights and scenes; the scenes of a step depend on its number alone.
"""

import signal
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from transformers import GenerationConfig, PaliGemmaForConditionalGeneration

from demo.training import (
    checkpoint,
    clip_dataset,
    mask_decoder,
    placards,
    scene_dataset,
    tokenizer,
    training_loop,
)
from demo.training.answer_training import AnswerTraining, initialize_weights
from demo.training.architecture import configuration, processor
from demo.training.later_training import LaterTraining
from demo.training.patch_labels import PatchPretraining
from demo.training.token_batches import TokenBatcher

TRAINING_SEED = 7_000_000  # training uses only scenes of this seed
HELD_OUT_SEED = 7_000_001
SCENES = 32_256
HELD_OUT = 256
CLIPS, HELD_OUT_CLIPS = 3072, 128

app = typer.Typer(help="Train the models of the demo.", no_args_is_help=True, add_completion=False)
Seed = Annotated[int, typer.Option(help="Seed of the initial weights.")]


@app.command()
def answers(
    folder: Annotated[Path, typer.Argument(help="Folder of snapshots and drawn scenes.")],
    *,
    seeing_steps: Annotated[int, typer.Option(min=1, help="Steps of the first stage.")] = 3500,
    answering_steps: Annotated[int, typer.Option(min=1, help="Steps of the second stage.")] = 3000,
    later_steps: Annotated[int, typer.Option(min=1, help="Steps of the third stage.")] = 1500,
    start: Annotated[
        Path | None, typer.Option(help="Checkpoint to train the third stage from.")
    ] = None,
    seed: Seed = 0,
    processes: Annotated[int, typer.Option(min=1, help="Processes that draw scenes.")] = 1,
) -> None:
    """Train the PaliGemma 2, on a GPU if there is one; FOLDER/checkpoint has the latest model.

    After an interruption, run it again: it continues from the last snapshot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    tokens = tokenizer.build(later=True)
    # Without Gemma 2's soft-cap of attention: so small a model does not need it.
    config: Any = configuration(tokens, attn_logit_softcapping=None)
    side = config.vision_config.image_size
    model: Any = PaliGemmaForConditionalGeneration(config)
    model.generation_config = GenerationConfig.from_model_config(config)
    initialize_weights(model)
    # In bfloat16 on a CPU, eager attention is faster for so few patches.
    model.model.vision_tower.config._attn_implementation = "eager"
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    held_out = scene_dataset.draw(HELD_OUT_SEED, 0, HELD_OUT, side)
    to_input = processor(tokens, config)
    batcher = TokenBatcher(to_input, config.text_config.num_image_tokens)
    if start is not None:
        checkpoint.load_weights(model, start)
    patch_stage = PatchPretraining(model.model.vision_tower, held_out)
    answer_stage = AnswerTraining(model, patch_stage.heads, batcher, held_out)
    later_stage = LaterTraining(
        model,
        batcher,
        clip_dataset.draw(TRAINING_SEED, CLIPS, side),
        held_out.part(0, HELD_OUT_CLIPS),
        clip_dataset.draw(HELD_OUT_SEED, HELD_OUT_CLIPS, side),
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the dataset is closed
    dataset = scene_dataset.SceneDataset(folder / "scenes", TRAINING_SEED, side, SCENES, processes)
    with closing(dataset) as scenes:
        if start is None:
            training_loop.train(
                patch_stage,
                training_loop.Schedule(seeing_steps),
                scenes,
                folder / "seeing.pt",
                typer.echo,
            )
            training_loop.train(
                answer_stage,
                training_loop.Schedule(answering_steps),
                scenes,
                folder / "answering.pt",
                typer.echo,
            )
        training_loop.train(
            later_stage,
            training_loop.Schedule(later_steps, rate=1e-3, warm_up=50, snapshot_every=200),
            scenes,
            folder / "later.pt",
            typer.echo,
            on_snapshot=lambda: checkpoint.save(model, to_input, folder / "checkpoint"),
        )


@app.command()
def masks(
    file: Annotated[Path, typer.Argument(help="File to write the decoder's weights to.")],
    steps: Annotated[int, typer.Option(min=1)] = 200,
    seed: Seed = 0,
) -> None:
    """Train the decoder that turns segmentation codes into masks."""
    torch.manual_seed(seed)
    mask_decoder.train(file, steps, typer.echo)


@app.command(name="placards")
def placards_command(
    folder: Annotated[Path, typer.Argument(help="Folder to save the classifier in.")],
    steps: Annotated[int, typer.Option(min=1, help="Steps of 64 scenes.")] = 160,
    seed: Seed = 0,
) -> None:
    """Train the placard classifier."""
    torch.manual_seed(seed)
    placards.train(folder, TRAINING_SEED, HELD_OUT_SEED, steps, typer.echo)


if __name__ == "__main__":
    app()
