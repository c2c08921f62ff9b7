"""Which layers of the text tower lie on which of a worker's GPUs, where a model takes several."""

from collections.abc import Sequence


def spread(layers: int, layer: float, first: float, gpus: int) -> tuple[int, ...]:
    """The GPU of each layer, in order, so that all hold about the same.

    `layer` are the bytes of each layer, `first` those of all that stands on the first GPU besides:
    the vision tower, and the embedding with its head.
    """
    share = (first + layers * layer) / gpus
    held, gpu, placed = first, 0, []
    for number in range(layers):
        left = layers - number  # which the GPUs behind this one share, if it takes no more
        full = held + layer / 2 > share
        if gpu < gpus - 1 and (full or left < gpus - gpu):
            share = left * layer / (gpus - gpu - 1)
            gpu, held = gpu + 1, 0.0
        placed.append(gpu)
        held += layer
    return tuple(placed)


def device_map(placed: Sequence[int]) -> dict[str, int]:
    """As accelerate takes it: the modules of transformers' PaliGemma -> their GPUs.

    The embedding and the head are one matrix, so they stay together.
    """
    last = placed[-1]
    return {
        "model.vision_tower": 0,
        "model.multi_modal_projector": 0,
        "model.language_model.embed_tokens": 0,
        "model.language_model.rotary_emb": 0,
        **{f"model.language_model.layers.{number}": gpu for number, gpu in enumerate(placed)},
        "model.language_model.norm": last,
        "lm_head": 0,
    }
