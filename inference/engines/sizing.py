"""Chooses block size, batch size and cache slots from the memory of a worker's GPUs.

The sizes are chosen once, when an output is begun, and then fixed: sums, and so the stored bytes,
can depend on what is computed together. Therefore the sizes depend on a GPU's whole memory, not on
the memory that is free at the moment.
"""

from collections.abc import Callable

from pydantic import PositiveInt

from inference.checkpoint import ResolvedCheckpoint, configuration, family_of
from inference.config import Model
from inference.device import smallest_gpu_memory
from inference.engines.shape_buckets import GPU_BUCKETS
from inference.families.dimensions import Dimensions, number_bytes, place_layers
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.resources import FetchFolder, refuse_folder_urls


class Sizes(Frozen):
    """The numbers of samples, images, prompts and answers that an engine computes together."""

    block_size: PositiveInt
    """Samples in a block."""
    batch_size: PositiveInt
    """Images encoded together, and the images of prompts prefilled together."""
    slots: PositiveInt
    """Answers that the fast engine decodes together."""


ON_CPU = Sizes(block_size=256, batch_size=16, slots=64)
GIB = 1 << 30
_DEFAULT_GPU_MEMORY = 24 * GIB  # if neither a GPU nor `model.gpu_memory` tells the size
_MAX_NEW_TOKENS = 128  # if the tasks are not known
_SLOTS_PER_PROMPT = 4  # if the batch size is given: a slot takes less memory than a prefill
_MAX_SLOTS = 256  # more gain little: a prefill takes ten times as long as decoding a short answer
_MAX_PREFILL_TOKENS = 20480  # more gain nothing in matrix products
_MAX_BATCH_SIZE = 64
_MAX_PIXEL_BYTES = 1 << 30  # of a block's images, in the machine's own memory
_PROMPT_COLUMNS = 64  # columns of a slot for the prompt
_RESERVED_SHARE = 0.1  # of a GPU's memory: for CUDA, the allocator, graphs, and filter models ...
_MIN_RESERVED = 3 * GIB  # ... and at least so many bytes


def find_sizes(
    model: Model,
    dimensions: Callable[[], Dimensions],
    memory: int | None,
    gpus: int = 1,
    max_new_tokens: int = _MAX_NEW_TOKENS,
    *,
    images: int = 1,
) -> Sizes:
    """Take the sizes that the job gives, and choose the others so that they fit into memory.

    `memory` is the number of bytes of each GPU, None on a CPU; `max_new_tokens` is the largest
    limit of all tasks, `images` the largest number of images in a prompt. There are never fewer
    slots than prompts in a batch. Raises JobError if nothing fits.
    """
    fitting = _on_cpu(images)
    if memory is not None and None in (model.block_size, model.batch_size, model.slots):
        fitting = sizes_that_fit(model, dimensions(), memory, gpus, max_new_tokens, images=images)
    fitting_batch = fitting.batch_size
    if model.slots is not None:
        fitting_batch = min(fitting_batch, model.slots * images)
    batch = model.batch_size or fitting_batch
    prompts = max(batch // images, 1)
    default_slots = fitting.slots if model.batch_size is None else prompts * _SLOTS_PER_PROMPT
    slots = max(model.slots or default_slots, prompts)
    return Sizes(block_size=model.block_size or fitting.block_size, batch_size=batch, slots=slots)


def resolve_sizes(
    model: Model,
    checkpoint: ResolvedCheckpoint,
    device: str,
    gpus: int = 1,
    max_new_tokens: int = _MAX_NEW_TOKENS,
    *,
    images: int = 1,
    fetch: FetchFolder = refuse_folder_urls,
) -> Sizes:
    """Choose the sizes as `find_sizes` does, for an engine on one device or on `gpus` GPUs.

    The memory of a GPU is the job's `model.gpu_memory`, else the memory of this machine's smallest
    GPU, or 24 GiB without a GPU.
    """
    memory = None
    if device != "cpu":
        given = None if model.gpu_memory is None else int(model.gpu_memory * GIB)
        memory = given or smallest_gpu_memory() or _DEFAULT_GPU_MEMORY
    return find_sizes(
        model,
        lambda: family_of(checkpoint, fetch).dimensions(configuration(checkpoint, fetch)),
        memory,
        gpus,
        max_new_tokens,
        images=images,
    )


def _on_cpu(images: int) -> Sizes:
    """Choose sizes on a CPU, with about as many image tokens in blocks and slots for any number."""
    block_size, slots = (max(size // images, 1) for size in (ON_CPU.block_size, ON_CPU.slots))
    return ON_CPU.model_copy(update={"block_size": block_size, "slots": slots})


def sizes_that_fit(
    model: Model,
    dimensions: Dimensions,
    memory: int,
    gpus: int,
    max_new_tokens: int,
    *,
    images: int = 1,
) -> Sizes:
    """Choose the largest useful sizes for a model on `gpus` GPUs with `memory` bytes each.

    Raises JobError if not even one slot fits.
    """
    layer_bytes, first_bytes = dimensions.stored(model.precision)
    itemsize = number_bytes(model.precision)
    placement = place_layers(dimensions.layers, layer_bytes, first_bytes, gpus)
    layers_per_gpu = [placement.count(gpu) for gpu in range(gpus)]
    columns = images * dimensions.image_tokens + _PROMPT_COLUMNS + max_new_tokens
    columns = GPU_BUCKETS.padded_columns(columns + GPU_BUCKETS.steps)
    usable = memory - max(_RESERVED_SHARE * memory, _MIN_RESERVED)
    free_bytes = [
        usable - layers * layer_bytes - (0 if gpu else first_bytes)
        for gpu, layers in enumerate(layers_per_gpu)
    ]
    slot_bytes = (
        2 * columns * dimensions.num_kv_heads * dimensions.head_width * itemsize
    )  # keys and values in one layer
    logit_bytes = dimensions.vocabulary * (2 * itemsize + 8 + 3 * model.grammar)  # of a row

    def slots_beside(prompts: int) -> int:
        """Count the slots that fit beside the prefill of so many prompts."""
        prefill_bytes = prompts * prefix_bytes(dimensions, itemsize, model, images)
        slots = min(
            (free - prefill_bytes) / (layers * slot_bytes + (0 if gpu else logit_bytes))
            for gpu, (free, layers) in enumerate(zip(free_bytes, layers_per_gpu, strict=True))
            if layers or not gpu
        )
        return min(int(slots), _MAX_SLOTS)

    prompts = min(max(1, _MAX_BATCH_SIZE // images), max(1, _MAX_PREFILL_TOKENS // columns))
    prompts = 1 << (prompts.bit_length() - 1)
    while prompts > 1 and slots_beside(prompts) < 2 * prompts:
        prompts //= 2
    slots = slots_beside(prompts)
    if slots < 1:
        weights = (first_bytes + dimensions.layers * layer_bytes) / GIB
        raise JobError(
            f"model: {model.checkpoint} has weights of {weights:.0f} GiB, which with room to work "
            f"do not fit into {gpus} x {memory / GIB:.0f} GiB: set a higher "
            "runner.gpus_per_worker, or model.precision int8 or nf4"
        )
    if slots > GPU_BUCKETS.rows:
        slots -= slots % GPU_BUCKETS.rows
    image_bytes = 3 * dimensions.resolution**2 * images
    smallest_block = _on_cpu(images).block_size
    block_size = max(smallest_block, min(4 * slots, _MAX_PIXEL_BYTES // image_bytes))
    batch_size = min(prompts * images, _MAX_BATCH_SIZE)
    return Sizes(block_size=block_size, batch_size=batch_size, slots=slots)


def prefix_bytes(dimensions: Dimensions, itemsize: int, model: Model, images: int = 1) -> float:
    """Estimate the bytes that the prefill of one prefix takes beside weights and KV cache.

    The peak is inside an MLP, or inside an attention that writes its weights for all pairs of
    tokens: before and after the soft-cap, then in float32. `itemsize` is the number of bytes of a
    number.
    """
    length = images * dimensions.image_tokens + _PROMPT_COLUMNS
    qkv_width = (dimensions.num_heads + 2 * dimensions.num_kv_heads) * dimensions.head_width
    hidden = 3 * itemsize * dimensions.width
    mlp = itemsize * (3 * dimensions.mlp_width + dimensions.width) + 4 * dimensions.width
    pairs = dimensions.num_heads * length * (2 * itemsize + 4)
    if not dimensions.has_softcap or (model.compile and model.engine == "fast"):
        pairs = 0
    return length * (hidden + max(mlp, 2 * itemsize * qkv_width + pairs))
