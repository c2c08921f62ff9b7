"""What of a checkpoint's configuration decides how much memory it takes."""

from pathlib import Path
from typing import Any, NamedTuple

_STORED = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "int8": 1.0, "nf4": 0.5625}  # bytes


def number_bytes(precision: str) -> int:
    """Of a number as it is computed with."""
    return 4 if precision == "float32" else 2


class Shape(NamedTuple):
    """Numbers of tokens and layers, widths, and weights."""

    resolution: int
    image_tokens: int
    layers: int
    width: int
    inner: int  # width inside the perceptrons
    heads: int
    shared: int  # heads of keys and values
    head: int  # width of a head
    vocabulary: int
    capped: bool  # attention has a soft-cap
    vision: int  # weights of the vision tower and what projects it

    @classmethod
    def read(cls, folder: Path) -> "Shape":
        from transformers import PaliGemmaConfig  # which takes a second to import

        config: Any = PaliGemmaConfig.from_pretrained(folder, local_files_only=True)
        text, seen = config.text_config, config.vision_config
        looking = 4 * seen.hidden_size**2 + 2 * seen.hidden_size * seen.intermediate_size
        image_tokens = (seen.image_size // seen.patch_size) ** 2
        return cls(
            resolution=seen.image_size,
            image_tokens=image_tokens,
            layers=text.num_hidden_layers,
            width=text.hidden_size,
            inner=text.intermediate_size,
            heads=text.num_attention_heads,
            shared=text.num_key_value_heads,
            head=text.head_dim,
            vocabulary=text.vocab_size,
            capped=getattr(text, "attn_logit_softcapping", None) is not None,
            vision=seen.num_hidden_layers * looking
            + (image_tokens + 3 * seen.patch_size**2 + text.hidden_size) * seen.hidden_size,
        )

    def stored(self, precision: str) -> tuple[float, float]:
        """Bytes of a layer of the text tower, and of all there is besides, on the first GPU."""
        return self.layer * _STORED[precision], float(self.first * number_bytes(precision))

    @property
    def layer(self) -> int:
        """Weights of a layer of the text tower."""
        queries, others = self.heads * self.head, 2 * self.shared * self.head
        return self.width * (2 * queries + others + 3 * self.inner)

    @property
    def first(self) -> int:
        """Weights besides the layers: all stand on the first GPU."""
        return self.vision + self.vocabulary * self.width
