"""A classifier of pairs of texts that knows three things by name, as transformers load it.

A text entails a sentence that names a thing which the text names too. A sentence without a thing is
neutral.
"""

from pathlib import Path
from typing import Any

import torch
from support.small_classifiers import FILLING, with_special_tokens
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.modeling_outputs import SequenceClassifierOutput

THINGS = ("cat", "dog", "bird")
LABELS = ("CONTRADICTION", "NEUTRAL", "ENTAILMENT")
LONGEST = 40  # tokens of a pair
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *FILLING, *THINGS)


class NamedThingsConfig(PreTrainedConfig):
    model_type = "named_things"
    max_position_embeddings = LONGEST


class NamedThings(PreTrainedModel):
    """A sequence classifier without training: its logits follow from the names of things."""

    config_class = NamedThingsConfig

    def __init__(self, config: NamedThingsConfig) -> None:
        super().__init__(config)
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.post_init()

    def forward(
        self,
        input_ids: torch.Tensor,
        token_type_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
    ) -> SequenceClassifierOutput:
        """Return the logits of pairs, [pairs, 3], from token ids, [pairs, tokens]."""
        del attention_mask  # padding names nothing
        things = torch.arange(len(WORDS) - len(THINGS), len(WORDS))
        named = input_ids[..., None] == things
        in_text = (named & (token_type_ids == 0)[..., None]).any(1)
        in_sentence = (named & (token_type_ids == 1)[..., None]).any(1)
        entailed = (in_text & in_sentence).any(1)
        labels = [in_sentence.any(1) & ~entailed, ~in_sentence.any(1), entailed]
        return SequenceClassifierOutput(logits=torch.stack(labels, -1).float() * self.scale)


AutoConfig.register("named_things", NamedThingsConfig)
AutoModelForSequenceClassification.register(NamedThingsConfig, NamedThings)


def entailment_model(folder: Path) -> Path:
    """Save the model in a folder."""
    labels: Any = {"id2label": dict(enumerate(LABELS)), "label2id": _numbers(LABELS)}
    NamedThings(NamedThingsConfig(**labels)).save_pretrained(folder)
    pair_tokenizer().save_pretrained(folder)
    return folder


def pair_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of words, whose second text has the type 1."""
    tokenizer: Any = Tokenizer(WordLevel(_numbers(WORDS), unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return with_special_tokens(tokenizer, model_max_length=LONGEST, model_input_names=inputs)


def _numbers(names: tuple[str, ...]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}
