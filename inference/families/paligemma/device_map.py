"""Maps the modules of transformers' PaliGemma to the GPUs of a worker."""

from collections.abc import Sequence


def device_map(placed: Sequence[int]) -> dict[str, int]:
    """Return the GPU of each module, in accelerate's form, from the GPU of each layer.

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
