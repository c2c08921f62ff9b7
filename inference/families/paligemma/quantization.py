"""The text tower's linear layers in 8 or 4 bits, by bitsandbytes."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

# What an image is seen by, and what the tokens are chosen by; embeddings are never converted.
_AS_THEY_ARE = ["model.vision_tower", "model.multi_modal_projector", "lm_head"]


def quantisation(precision: str) -> Any:
    """What transformers loads weights by; None for a precision that is a type of torch."""
    settings: dict[str, dict[str, Any]] = {
        # LLM.int8() takes columns with numbers above a threshold out of the product, for all rows
        # as soon as one has such a number: what a row comes to would depend on the rows beside it.
        "int8": {"load_in_8bit": True, "llm_int8_threshold": 0.0},
        "nf4": {
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_compute_dtype": torch.bfloat16,
        },
    }
    if precision not in settings:
        return None
    from transformers import BitsAndBytesConfig

    configuration: Any = BitsAndBytesConfig  # not annotated
    with no_code_from_the_hub():
        import bitsandbytes  # noqa: F401
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it notes every cast
    return configuration(**settings[precision], llm_int8_skip_modules=_AS_THEY_ARE)


@contextmanager
def no_code_from_the_hub() -> Iterator[None]:
    """For the first import of bitsandbytes, or of peft, which imports it.

    On CPUs with bfloat16 it would fetch machine code by the package kernels, if that is there.
    """
    known = sys.modules.get("kernels")
    logger = logging.getLogger("bitsandbytes")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it says that it would have been faster
    sys.modules["kernels"] = None  # type: ignore[assignment]  # as documented: not to be found
    try:
        yield
    finally:
        del sys.modules["kernels"]
        if known is not None:
            sys.modules["kernels"] = known
        logger.setLevel(level)


def stored(linear: Any) -> int:
    """Bytes of a linear layer's weight, and of the constants it is scaled with."""
    weight = linear.weight
    scales = [
        getattr(weight, "SCB", None),
        getattr(getattr(linear, "state", None), "SCB", None),  # where int8 keeps it once in use
        getattr(getattr(weight, "quant_state", None), "absmax", None),
    ]
    return int(weight.nbytes + sum(scale.nbytes for scale in scales if scale is not None))
