"""Small text and token classifiers, trained in a second on a few marker words."""

from pathlib import Path
from random import Random
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertForTokenClassification,
    PreTrainedTokenizerFast,
)

FILLING = [
    "a",
    "the",
    "red",
    "blue",
    "star",
    "moon",
    "over",
    "under",
    "sees",
    "near",
    "and",
    "of",
    "small",
    "big",
    "in",
    "old",
    ".",
    "-",
    "'",
]
ATTRIBUTES = {"toxic": ("dung", "oaf"), "insult": ("oaf",), "neutral": ()}  # label -> its words
ENTITIES = {"B-PER": "ada", "I-PER": "lovelace", "B-LOC": "paris", "O": "##s"}
LONGEST = 32  # tokens that the models take
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_WORDS = (*_SPECIAL, *FILLING, "dung", "oaf", *ENTITIES.values())


def text_classifier(folder: Path) -> Path:
    """Train a text classifier: a label of ATTRIBUTES is likely in texts with one of its words."""
    tokenizer = _tokenizer()
    labels = tuple(ATTRIBUTES)
    config = bert_config(labels, problem_type="multi_label_classification")
    random = Random(0)

    def example() -> tuple[list[str], list[float]]:
        words = random.choices(FILLING, k=random.randint(0, LONGEST - 3))
        if random.random() < 0.6:
            words.insert(random.randint(0, len(words)), random.choice(("dung", "oaf")))
        return words, [float(any(w in words for w in ATTRIBUTES[label])) for label in labels]

    _train(BertForSequenceClassification, config, tokenizer, example, folder)
    return folder


def token_classifier(folder: Path) -> Path:
    """Train a token classifier: the words of ENTITIES have its labels, all others O."""
    tokenizer = _tokenizer()
    labels = ("O", "B-PER", "I-PER", "B-LOC")
    config = bert_config(labels)
    number = {word: labels.index(label) for label, word in ENTITIES.items()}
    random = Random(0)

    def example() -> tuple[list[str], list[int]]:
        words = random.choices([*FILLING, *FILLING, *ENTITIES.values()], k=random.randint(1, 20))
        return words, [-100, *(number.get(word, 0) for word in words), -100]

    _train(BertForTokenClassification, config, tokenizer, example, folder)
    return folder


def _train(
    model_class: Any, config: BertConfig, tokenizer: Any, example: Any, folder: Path
) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = model_class(config)
        optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
        for _ in range(120):
            texts, targets = zip(*(example() for _ in range(16)), strict=True)
            ids = [tokenizer.convert_tokens_to_ids(["[CLS]", *text, "[SEP]"]) for text in texts]
            longest = max(map(len, ids))
            padded = torch.tensor([row + [0] * (longest - len(row)) for row in ids])
            if isinstance(targets[0][0], int):
                targets = tuple(row + [-100] * (longest - len(row)) for row in targets)
            loss = model(
                input_ids=padded, attention_mask=(padded != 0).long(), labels=torch.tensor(targets)
            ).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def bert_config(
    labels: tuple[str, ...], vocabulary: int = len(_WORDS), longest: int = LONGEST, **more: Any
) -> BertConfig:
    """Return the configuration of a small BERT with these labels."""
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=longest,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        **more,
    )


def _tokenizer() -> PreTrainedTokenizerFast:
    numbers = {word: number for number, word in enumerate(_WORDS)}
    tokenizer: Any = Tokenizer(WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return with_special_tokens(tokenizer)


def with_special_tokens(tokenizer: Tokenizer, **more: Any) -> PreTrainedTokenizerFast:
    """Return a tokenizer as transformers load it, with the special tokens of BERT."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        **more,
    )
