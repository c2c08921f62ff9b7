"""The job file's `model`: the checkpoint and how the engine runs it."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from schemas.frozen import Frozen
from schemas.path_text import PathText


class Model(Frozen):
    """The checkpoint and how the engine runs it."""

    checkpoint: PathText  # a local directory or a hub id
    revision: PathText = "main"  # branch, tag or commit of a hub id; resolved to a commit once
    adapter: PathText | None = None  # a LoRA of peft: a local directory or a hub id
    adapter_revision: PathText = "main"
    # int8 and nf4 quantize the language model's linear layers; all other weights are bfloat16.
    precision: Literal["float32", "bfloat16", "float16", "int8", "nf4"] = "bfloat16"
    engine: Literal["fast", "reference"] = "fast"  # reference: `generate` of transformers
    grammar: bool = False  # force boxes and masks to be well-formed
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compile: bool = True  # on a GPU, with `fast`: fused kernels and CUDA graphs
    # Sizes left open are chosen once, from a GPU's memory: inference/engines/sizing.py.
    block_size: PositiveInt | None = Field(None, le=65536)  # samples in a block, the engine's input
    batch_size: PositiveInt | None = Field(
        None, le=4096
    )  # images encoded, prompts prefilled together
    slots: PositiveInt | None = Field(None, le=65536)  # answers decoded together; `fast` alone
    # GiB of each GPU; null: the memory of the planning machine's smallest GPU, or 24 without a GPU.
    gpu_memory: PositiveFloat | None = None
