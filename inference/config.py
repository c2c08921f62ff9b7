"""The job file's `model`: the checkpoint and how the engine runs it."""

from typing import Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, ValidationInfo, model_validator

from schemas.frozen import Frozen
from schemas.path_text import PathText
from schemas.recorded import is_recorded

QUANTIZED = ("int8", "nf4")  # precisions of whole numbers, with scales


class Model(Frozen):
    """The checkpoint and how the engine runs it."""

    checkpoint: PathText
    """A hub id, such as `google/paligemma2-3b-mix-448`, or a folder with safetensors."""
    revision: PathText = "main"
    """The branch, tag or commit of a hub id; the first run resolves it to a commit."""
    adapter: PathText | None = None
    """A LoRA for the checkpoint, as peft saves it: a hub id or a folder; null: none."""
    adapter_revision: PathText = "main"
    """The branch, tag or commit of the adapter; resolved like `revision`."""
    precision: Literal["float32", "bfloat16", "float16", "int8", "nf4"] = "bfloat16"
    """The number type of the weights.

    `int8` and `nf4` quantize the linear layers of the language model; all other weights are
    bfloat16. On a CPU, `int8` is the fastest, and other weights are float32 if the CPU has no
    instructions for bfloat16.
    """
    engine: Literal["fast", "reference"] = "fast"
    """`fast`, or `reference`, which is transformers' own `generate`, for comparison.

    In float32 both give the same tokens, and log-probabilities up to the last digits.
    """
    grammar: bool = False
    """Whether boxes and masks are forced to be well-formed.

    A box is then always four locations, and a mask sixteen codes; scores stay those without the
    grammar. An answer that reaches `max_new_tokens` is still cut.
    """
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """The device of the model; `auto`: a GPU if there is one."""
    compile: bool = True
    """On a GPU with `fast`: fused kernels and CUDA graphs.

    `false` is slower and needs no compiler. On a CPU the key changes nothing.
    """
    block_size: PositiveInt | None = Field(None, le=65536)
    """Samples that the engine gets at a time; null: chosen by the memory.

    With smaller blocks the progress bar moves more often.
    """
    batch_size: PositiveInt | None = Field(None, le=4096)
    """Images encoded together, and prefilled together; null: chosen by the memory.

    If the memory does not suffice, a block runs again in batches half as large.
    """
    slots: PositiveInt | None = Field(None, le=65536)
    """Answers that `fast` decodes together.

    Null: chosen by the memory, or four times `batch_size` where that is given.
    """
    gpu_memory: PositiveFloat | None = None
    """GiB of each GPU, from which the sizes left open are chosen.

    Null: the memory of the planning machine's smallest GPU, or 24 without a GPU.
    """

    @model_validator(mode="after")
    def _check_adapter(self, info: ValidationInfo) -> Self:
        if is_recorded(info):
            return self
        if self.adapter is None and self.adapter_revision != "main":
            raise ValueError("adapter_revision: is of an adapter: name it in adapter, or remove it")
        return self


def is_plain_int8(precision: str, device: str) -> bool:
    """Return whether torch itself computes a precision of 8-bit integers, without bitsandbytes."""
    return precision == "int8" and device == "cpu"
