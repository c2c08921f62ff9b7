"""Quantizes the language model's linear layers to 8 or 4 bits.

bitsandbytes does it, or torch alone: 8 bits on a CPU.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from inference.families.paligemma.int8_linear import Int8Linear

# Modules that stay in bfloat16; embeddings are never quantized.
_NOT_QUANTIZED = ["model.vision_tower", "model.multi_modal_projector", "lm_head"]


def quantization_config(precision: str) -> Any:
    """Return transformers' configuration of bitsandbytes; None if a precision needs none."""
    settings: dict[str, dict[str, Any]] = {
        # LLM.int8() computes columns with numbers above a threshold separately, for all rows as
        # soon as one row has such a number. With threshold 0 a row does not depend on other rows.
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
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it logs every cast
    return configuration(**settings[precision], llm_int8_skip_modules=_NOT_QUANTIZED)


@contextmanager
def no_code_from_the_hub() -> Iterator[None]:
    """Hide the package `kernels` during the first import of bitsandbytes, or of peft.

    On CPUs with bfloat16, bitsandbytes would use that package to download machine code.
    """
    known = sys.modules.get("kernels")
    logger = logging.getLogger("bitsandbytes")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it logs that it would be faster with kernels
    sys.modules["kernels"] = None  # type: ignore[assignment]  # documented: makes imports fail
    try:
        yield
    finally:
        del sys.modules["kernels"]
        if known is not None:
            sys.modules["kernels"] = known
        logger.setLevel(level)


def stored(linear: Any) -> int:
    """Return the bytes of a linear layer's weight and of its scales."""
    if isinstance(linear, Int8Linear):
        return linear.stored_bytes
    weight = linear.weight
    scales = [
        getattr(weight, "SCB", None),
        getattr(
            getattr(linear, "state", None), "SCB", None
        ),  # where int8 keeps the scales after the first use
        getattr(getattr(weight, "quant_state", None), "absmax", None),
    ]
    return int(weight.nbytes + sum(scale.nbytes for scale in scales if scale is not None))
