"""The job file's `model`: the checkpoint, and how it is run."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from schemas.frozen import Frozen


class Model(Frozen):
    """The checkpoint, and how it is run."""

    checkpoint: str  # a local directory or a hub id, such as google/paligemma2-3b-mix-448
    revision: str = "main"  # of a hub id: branch, tag or commit; resolved to a commit once
    adapter: str | None = None  # LoRA by peft: a local directory or a hub id
    adapter_revision: str = "main"
    # In int8 and nf4 are the linear layers of the text tower; what else there is, in bfloat16.
    precision: Literal["float32", "bfloat16", "float16", "int8", "nf4"] = "bfloat16"
    engine: Literal["fast", "reference"] = "fast"  # the reference is transformers' own `generate`
    grammar: bool = False  # boxes and masks are well-formed, whatever the model would rather write
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compile: bool = True  # on a GPU, fast: fused kernels, and steps in CUDA graphs
    # What these leave open is found once, from a GPU's memory: inference/engines/sizing.py.
    block_size: PositiveInt | None = Field(None, le=65536)  # samples an engine is given at a time
    batch_size: PositiveInt | None = Field(None, le=4096)  # images, and prompts, read together
    slots: PositiveInt | None = Field(None, le=65536)  # answers continued together; fast alone
    gpu_memory: PositiveFloat | None = None  # GiB of each GPU, where the planner has none to ask
