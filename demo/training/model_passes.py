"""The passes of a training step through the model, in bfloat16: images, then prompts."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from demo.training import tokenizer
from demo.training.pixels import pixel_values
from demo.training.token_batches import TokenBatch
from schemas.sample import RGB

_FIRST_LOCATION = tokenizer.tokens().index(tokenizer.LOCATIONS[0])
_LAST_LOCATION = _FIRST_LOCATION + len(tokenizer.LOCATIONS) - 1
SPREAD = 3.0  # standard deviation of soft targets, in codes


def encode_patches(model: Any, images: RGB) -> torch.Tensor:
    """Encode uint8 [n, S, S, 3] with the vision tower: [n, patches, vision width]."""
    with torch.autocast(model.device.type, torch.bfloat16):
        patches: torch.Tensor = model.model.vision_tower(
            pixel_values(images, model.device)
        ).last_hidden_state
    return patches


def project(model: Any, patches: torch.Tensor) -> torch.Tensor:
    """Project encoded patches to image tokens: [n, patches, text width]."""
    with torch.autocast(model.device.type, torch.bfloat16):
        features: torch.Tensor = model.model.multi_modal_projector(patches)
    return features


def answer_logits(
    model: Any, tokens: TokenBatch, features: torch.Tensor
) -> tuple[torch.Tensor, Sequence[torch.Tensor]]:
    """Logits of the answers' tokens, and the states of the image tokens after each layer.

    `features` are each row's image tokens, [rows, image tokens, width]. The shapes are [targets,
    vocabulary] and, from layer 0, the embedding, on, [rows, image tokens, width].
    """
    text = model.model.language_model
    cap: float = model.config.text_config.final_logit_softcapping
    token_ids, attends, rows, columns, _ = (part.to(model.device) for part in tokens)
    with torch.autocast(model.device.type, torch.bfloat16):
        words = text.embed_tokens(token_ids[:, features.shape[1] :])
        embedded = torch.cat((features, words.to(features.dtype)), dim=1)
        mask = torch.zeros(attends.shape, dtype=embedded.dtype, device=model.device)
        mask.masked_fill_(~attends, torch.finfo(embedded.dtype).min)
        output = text(
            inputs_embeds=embedded,
            attention_mask={"full_attention": mask, "sliding_attention": mask},
            # PaliGemma's positions count from 1.
            position_ids=torch.arange(1, embedded.shape[1] + 1, device=model.device)[None],
            use_cache=False,
            output_hidden_states=True,
        )
        states = output.last_hidden_state[rows, columns]
        logits = functional.linear(states, text.embed_tokens.weight).float()
    image_states = [layer[:, : features.shape[1]] for layer in output.hidden_states]
    return cap * torch.tanh(logits / cap), image_states


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, *, soft: bool) -> torch.Tensor:
    """Cross-entropy per target; a soft location target is a normal distribution over the codes."""
    targets = targets.to(logits.device)
    losses = functional.cross_entropy(logits, targets, reduction="none")
    if not soft:
        return losses
    located = is_location(targets)
    codes = torch.arange(_FIRST_LOCATION, _LAST_LOCATION + 1, device=logits.device)
    distances = (codes - targets[located][:, None]) / SPREAD
    shares = torch.softmax(-0.5 * distances**2, dim=-1)
    log_probabilities = logits[located].log_softmax(-1)
    locations = log_probabilities[:, _FIRST_LOCATION : _LAST_LOCATION + 1]
    return losses.masked_scatter(located, -(shares * locations).sum(-1))


def is_location(targets: torch.Tensor) -> torch.Tensor:
    return (targets >= _FIRST_LOCATION) & (targets <= _LAST_LOCATION)


def location_embeddings(embeddings: nn.Parameter) -> torch.Tensor:
    """The rows of the location codes, which can be written to."""
    return embeddings[_FIRST_LOCATION : _LAST_LOCATION + 1]
