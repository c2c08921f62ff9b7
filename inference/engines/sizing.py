"""How many images, prompts and answers a worker has in work at a time, from its GPUs' memory.

The numbers are found once, when an output is begun, and then fixed: sums, and so bytes, can depend
on what is computed together. So they follow from a GPU's whole memory, not from what is free now.
"""

from collections.abc import Callable

from pydantic import PositiveInt

from inference.checkpoint import ResolvedCheckpoint, configuration, family_of
from inference.config import Model
from inference.device import smallest_memory
from inference.engines.shape_buckets import COARSE
from inference.families.dimensions import Dimensions, number_bytes, place_layers
from schemas.errors import JobError
from schemas.frozen import Frozen


class Sizes(Frozen):
    """What an engine has in work."""

    block_size: PositiveInt  # samples that it is given at a time
    batch_size: PositiveInt  # images looked at together, and prompts read together
    slots: PositiveInt  # answers continued together, by the fast engine


ON_CPU = Sizes(block_size=256, batch_size=16, slots=64)
GIB = 1 << 30
_UNKNOWN = 24 * GIB  # bytes of a GPU that is not here to be asked
_LONGEST = 128  # tokens of an answer, where the tasks are not known
_SLOTS = 4  # a prompt of a batch, where the batch is given: keys and values take less than reading
_MOST_SLOTS = 256  # more gain little: reading a prefix takes ten times a short answer's share
_MOST_TOKENS = 20480  # of prefixes read together: matrix products gain no more
_MOST_BATCH = 64
_MOST_PIXELS = 1 << 30  # bytes of the images of a block, in the machine's own memory
_ROOM = 64  # columns of a slot for the prompt
_LEFT = 0.1  # of a GPU's memory: CUDA's own, the allocator's, graphs, and the filters' models ...
_LEAST_LEFT = 3 * GIB  # ... which take at least so many bytes


def find_sizes(
    model: Model,
    dimensions: Callable[[], Dimensions],
    memory: int | None,
    gpus: int = 1,
    longest: int = _LONGEST,
) -> Sizes:
    """Those the job gives, and for the others what fits.

    `memory` are the bytes of each GPU, None on a CPU; `longest` are the tokens of the longest
    answer. Raises JobError where nothing fits.
    """
    found = ON_CPU
    if memory is not None and None in (model.block_size, model.batch_size, model.slots):
        found = fitting(model, dimensions(), memory, gpus, longest)
    batch = model.batch_size or min(found.batch_size, model.slots or found.batch_size)
    by_batch = found.slots if model.batch_size is None else batch * _SLOTS
    slots = max(model.slots or by_batch, batch)
    return Sizes(block_size=model.block_size or found.block_size, batch_size=batch, slots=slots)


def resolve_sizes(
    model: Model,
    checkpoint: ResolvedCheckpoint,
    device: str,
    gpus: int = 1,
    longest: int = _LONGEST,
) -> Sizes:
    """Those of an engine on such a device, or `gpus` of them; `longest` as for `find_sizes`.

    Where there is no such device here, its memory is the job's `model.gpu_memory`, or 24 GiB.
    """
    memory = None
    if device != "cpu":
        given = None if model.gpu_memory is None else int(model.gpu_memory * GIB)
        memory = given or smallest_memory() or _UNKNOWN
    return find_sizes(
        model,
        lambda: family_of(checkpoint).dimensions(configuration(checkpoint)),
        memory,
        gpus,
        longest,
    )


def fitting(model: Model, dimensions: Dimensions, memory: int, gpus: int, longest: int) -> Sizes:
    """What a model of that dimensions can have in work on so many GPUs of so many bytes each."""
    layer, first = dimensions.stored(model.precision)
    number = number_bytes(model.precision)
    placed = place_layers(dimensions.layers, layer, first, gpus)
    here = [placed.count(gpu) for gpu in range(gpus)]
    columns = dimensions.image_tokens + _ROOM + longest
    columns = COARSE.seen(columns + COARSE.steps)
    taken = memory - max(_LEFT * memory, _LEAST_LEFT)
    free = [taken - layers * layer - (0 if gpu else first) for gpu, layers in enumerate(here)]
    kept = (
        2 * columns * dimensions.num_kv_heads * dimensions.head_width * number
    )  # bytes of a slot in each layer
    spoken = dimensions.vocabulary * (2 * number + 8 + 3 * model.grammar)  # bytes of a row's logits

    def slots(batch: int) -> int:
        reading = batch * prefix_bytes(dimensions, number, model)
        most = min(
            (room - reading) / (layers * kept + (0 if gpu else spoken))
            for gpu, (room, layers) in enumerate(zip(free, here, strict=True))
            if layers or not gpu
        )
        return min(int(most), _MOST_SLOTS)

    batch = min(_MOST_BATCH, max(1, _MOST_TOKENS // columns))
    batch = 1 << (batch.bit_length() - 1)
    while batch > 1 and slots(batch) < 2 * batch:
        batch //= 2
    most = slots(batch)
    if most < 1:
        needed = (first + dimensions.layers * layer) / GIB
        raise JobError(
            f"model: {model.checkpoint} has weights of {needed:.0f} GiB, which with room to work "
            f"do not fit into {gpus} x {memory / GIB:.0f} GiB: set a higher "
            "runner.gpus_per_worker, or model.precision int8 or nf4"
        )
    most = most - most % COARSE.rows if most > COARSE.rows else most
    pixels = 3 * dimensions.resolution**2
    block = max(ON_CPU.block_size, min(4 * most, _MOST_PIXELS // pixels))
    return Sizes(block_size=block, batch_size=batch, slots=most)


def prefix_bytes(dimensions: Dimensions, number: int, model: Model) -> float:
    """What reading one prefix takes beside weights, keys and values; `number` bytes a number.

    The most is held inside a perceptron, or where attention writes its weights for all pairs of
    tokens: before and after the soft-cap, then in float32.
    """
    length = dimensions.image_tokens + _ROOM
    queries = (dimensions.num_heads + 2 * dimensions.num_kv_heads) * dimensions.head_width
    passed = 3 * number * dimensions.width
    perceptron = number * (3 * dimensions.mlp_width + dimensions.width) + 4 * dimensions.width
    pairs = dimensions.num_heads * length * (2 * number + 4)
    if not dimensions.has_softcap or (model.compile and model.engine == "fast"):
        pairs = 0
    return length * (passed + max(perceptron, 2 * number * queries + pairs))
