"""Compares a PaliGemma checkpoint's files with its configuration, without transformers or torch."""

from collections.abc import Iterator, Mapping
from typing import Any

from inference.families.paligemma.module_names import current_name
from inference.families.paligemma.tokens import IMAGE, MARKUP
from inference.hub.model_files import ModelFolder, read_tokens

# The defaults of transformers for what a config.json may omit.
TEXT_SIZES: Mapping[str, Mapping[str, int]] = {
    "gemma": {
        "vocab_size": 256000,
        "hidden_size": 3072,
        "intermediate_size": 24576,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 16,
        "head_dim": 256,
    },
    "gemma2": {
        "vocab_size": 256000,
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
    },
}
VISION_SIZES: Mapping[str, int] = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_channels": 3,
    "image_size": 224,
    "patch_size": 16,
}
TOP_SIZES: Mapping[str, int] = {"projection_dim": 2048, "image_token_index": 256000}
_MAX_LAYERS = 1000  # of a tower; a configuration that says more is wrong
_FLOATS = ("F64", "F32", "F16", "BF16")
_TOKENIZER = "tokenizer.json"
_IMAGE_PROCESSORS = ("processor_config.json", "preprocessor_config.json")
_SPECIAL = ("bos_token", "eos_token", "pad_token")


def check(folder: ModelFolder, config: Mapping[str, Any], partial: bool) -> None:
    """Raise JobError where a file is missing, or where two files do not fit each other."""
    _check_processor(folder, partial)
    _check_tokenizer(folder, config, partial)
    tensors = folder.read_tensors("model.safetensors", partial)
    if tensors is None:
        return
    current = {current_name(name): tensor for name, tensor in tensors.items()}
    for name, shape in expected_shapes(config, folder):
        tensor = current.get(name)
        if tensor is None:
            raise (
                folder.error(next(iter(tensors.values())).file, f"has no weight {name}")
                if (tensors)
                else folder.error("model.safetensors", "has no weights")
            )
        if tensor.shape != shape:
            found = " x ".join(map(str, tensor.shape))
            wanted = " x ".join(map(str, shape))
            raise folder.error(
                tensor.file, f"has a weight {name} of {found}, but config.json says {wanted}"
            )
        if tensor.dtype not in _FLOATS:
            raise folder.error(tensor.file, f"has a weight {name} of type {tensor.dtype[:20]}")


def expected_shapes(
    config: Mapping[str, Any], folder: ModelFolder
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the names and shapes of the weights that the configuration asks for."""
    text = _sizes(folder, config.get("text_config"), _text_defaults(config))
    vision = _sizes(folder, config.get("vision_config"), VISION_SIZES)
    projection = _sizes(folder, config, TOP_SIZES)["projection_dim"]
    yield from _vision_tower(vision)
    yield "model.multi_modal_projector.linear.weight", (projection, vision["hidden_size"])
    yield "model.multi_modal_projector.linear.bias", (projection,)
    yield from _language_model(text, _norms(config))


def _text_defaults(config: Mapping[str, Any]) -> Mapping[str, int]:
    return TEXT_SIZES[config["text_config"].get("model_type", "gemma")]


def _norms(config: Mapping[str, Any]) -> tuple[str, ...]:
    first = ("input_layernorm", "post_attention_layernorm")
    if config["text_config"].get("model_type", "gemma") == "gemma":
        return first
    return (*first, "pre_feedforward_layernorm", "post_feedforward_layernorm")


def _sizes(folder: ModelFolder, values: Any, defaults: Mapping[str, int]) -> dict[str, int]:
    """Read the whole numbers that decide shapes; raises JobError where one is none."""
    sizes = {key: values.get(key, default) for key, default in defaults.items()}
    for key, value in sizes.items():
        limit = _MAX_LAYERS if key == "num_hidden_layers" else 1 << 31
        if type(value) is not int or not 0 < value <= limit:
            raise folder.error("config.json", f"has a wrong {key}")
    return sizes


def _vision_tower(vision: Mapping[str, int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    width, mlp, side = vision["hidden_size"], vision["intermediate_size"], vision["patch_size"]
    tower = "model.vision_tower"
    patches = (vision["image_size"] // side) ** 2
    embeddings = f"{tower}.embeddings"
    yield f"{embeddings}.patch_embedding.weight", (width, vision["num_channels"], side, side)
    yield f"{embeddings}.patch_embedding.bias", (width,)
    yield f"{embeddings}.position_embedding.weight", (patches, width)
    for number in range(vision["num_hidden_layers"]):
        layer = f"{tower}.encoder.layers.{number}"
        for norm in ("layer_norm1", "layer_norm2"):
            yield f"{layer}.{norm}.weight", (width,)
            yield f"{layer}.{norm}.bias", (width,)
        linears = dict.fromkeys(("q_proj", "k_proj", "v_proj", "out_proj"), (width, width))
        shapes = {f"self_attn.{name}": shape for name, shape in linears.items()}
        shapes |= {"mlp.fc1": (mlp, width), "mlp.fc2": (width, mlp)}
        for name, shape in shapes.items():
            yield f"{layer}.{name}.weight", shape
            yield f"{layer}.{name}.bias", shape[:1]
    yield f"{tower}.post_layernorm.weight", (width,)
    yield f"{tower}.post_layernorm.bias", (width,)


def _language_model(
    text: Mapping[str, int], norms: tuple[str, ...]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    width, mlp = text["hidden_size"], text["intermediate_size"]
    queries = text["num_attention_heads"] * text["head_dim"]
    keys = text["num_key_value_heads"] * text["head_dim"]
    yield "model.language_model.embed_tokens.weight", (text["vocab_size"], width)
    shapes = {
        "self_attn.q_proj": (queries, width),
        "self_attn.k_proj": (keys, width),
        "self_attn.v_proj": (keys, width),
        "self_attn.o_proj": (width, queries),
        "mlp.gate_proj": (mlp, width),
        "mlp.up_proj": (mlp, width),
        "mlp.down_proj": (width, mlp),
        **dict.fromkeys(norms, (width,)),
    }
    for number in range(text["num_hidden_layers"]):
        for name, shape in shapes.items():
            yield f"model.language_model.layers.{number}.{name}.weight", shape
    yield "model.language_model.norm.weight", (width,)


def _check_processor(folder: ModelFolder, partial: bool) -> None:
    """Check that one file describes an image processor with a number of image tokens."""
    found = [(name, folder.read_json(name)) for name in _IMAGE_PROCESSORS]
    present = [(name, values) for name, values in found if values is not None]
    for _, values in present:
        described = values.get("image_processor", values)
        if isinstance(described, dict) and "image_processor_type" in described:
            return
    if present:
        raise folder.error(present[0][0], "describes no image processor")
    if not partial:
        raise folder.missing(*reversed(_IMAGE_PROCESSORS))


def _check_tokenizer(folder: ModelFolder, config: Mapping[str, Any], partial: bool) -> None:
    """Check that the tokenizer is there, and that every token has a row in the embeddings."""
    settings = folder.read_json("tokenizer_config.json")
    tokens = read_tokens(folder, (IMAGE, *MARKUP))
    if tokens is None:
        if partial:
            return
        raise folder.missing(_TOKENIZER)
    if settings is None:
        if partial:
            return
        raise folder.missing("tokenizer_config.json")
    named = {**(folder.read_json("special_tokens_map.json") or {}), **settings}
    defaults = str(named.get("tokenizer_class")).startswith("Gemma")
    for special in _SPECIAL:
        token = named.get(special)
        content = token.get("content") if isinstance(token, dict) else token
        if (content is None and not defaults) or (content is not None and content not in tokens):
            raise folder.error("tokenizer_config.json", f"names no {special} of {_TOKENIZER}")
    rows = _sizes(folder, config.get("text_config"), _text_defaults(config))["vocab_size"]
    # transformers appends the location tokens that a tokenizer lacks.
    needed = max(tokens.values()) + 1 + sum(token not in tokens for token in (IMAGE, *MARKUP))
    if needed > rows:
        raise folder.error(
            _TOKENIZER, f"has {needed} tokens, but config.json says a vocab_size of {rows}"
        )
    image = _sizes(folder, config, TOP_SIZES)["image_token_index"]
    if tokens.get(IMAGE, image) != image:
        raise folder.error(
            "config.json", f"says an image_token_index of {image}, not {tokens[IMAGE]}"
        )
