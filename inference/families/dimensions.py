"""The dimensions of a model that decide how much memory it needs."""

from typing import NamedTuple

# Bytes of a stored weight in the language model's layers.
_STORED = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "int8": 1.0, "nf4": 0.5625}


def number_bytes(precision: str) -> int:
    """Return the size in bytes of a number in computations of this precision."""
    return 4 if precision == "float32" else 2


class Dimensions(NamedTuple):
    """The dimensions of a model: numbers of tokens, layers, heads and weights, and widths."""

    resolution: int  # pixels a side of the model image
    image_tokens: int
    layers: int  # of the language model
    width: int
    mlp_width: int
    num_heads: int
    num_kv_heads: int
    head_width: int
    vocabulary: int
    has_softcap: bool  # attention scores are soft-capped
    vision_weights: int  # of the vision tower and its projection
    max_positions: int  # tokens of a prompt with its answer

    def stored(self, precision: str) -> tuple[float, float]:
        """Return the bytes of the weights of one language model layer, and of all other weights.

        The first GPU holds all other weights: vision tower, projection, and embedding with head.
        """
        other = float(self.other_weights * number_bytes(precision))
        return self.layer_weights * _STORED[precision], other

    @property
    def layer_weights(self) -> int:
        """The number of weights of one layer of the language model."""
        queries = self.num_heads * self.head_width
        keys_and_values = 2 * self.num_kv_heads * self.head_width
        return self.width * (2 * queries + keys_and_values + 3 * self.mlp_width)

    @property
    def other_weights(self) -> int:
        """The number of all other weights: vision tower, projection, and embedding with head."""
        return self.vision_weights + self.vocabulary * self.width


def place_layers(layers: int, layer_bytes: float, first_bytes: float, gpus: int) -> tuple[int, ...]:
    """Return the GPU of each layer, in order, so that all GPUs hold about equally many bytes.

    `first_bytes` are on the first GPU beside its layers: the vision tower, and the embedding with
    its head.
    """
    share = (first_bytes + layers * layer_bytes) / gpus
    placed_bytes, gpu, placed = first_bytes, 0, []
    for number in range(layers):
        left = layers - number  # layers for the later GPUs, if this GPU takes no more
        is_full = placed_bytes + layer_bytes / 2 > share
        if gpu < gpus - 1 and (is_full or left < gpus - gpu):
            share = left * layer_bytes / (gpus - gpu - 1)
            gpu, placed_bytes = gpu + 1, 0.0
        placed.append(gpu)
        placed_bytes += layer_bytes
    return tuple(placed)
