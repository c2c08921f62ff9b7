"""Measures the cost of judging every item as a batch of its own on a CPU.

    python -m benchmarks.filters.models [--threads 1] [--tokens 16]

A BERT and a ViT of base size with random weights judge 16 items one by one, as the filters do, and
16 in a batch. Prints the CPU time per item and the largest difference of the scores; nothing is
asserted.
"""

import time
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    ViTConfig,
    ViTForImageClassification,
)

ITEMS = 16


def main(
    threads: Annotated[int, typer.Option(min=1)] = 1,
    tokens: Annotated[int, typer.Option(min=1, help="Tokens per text.")] = 16,
) -> None:
    """Print the table."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    texts = {"input_ids": torch.randint(5, 30_000, (ITEMS, tokens))}
    images = {"pixel_values": torch.randn(ITEMS, 3, 224, 224)}
    table = Table("model", "one by one, ms", "in a batch, ms", "scores differ by up to")
    bert: Any = BertForSequenceClassification(BertConfig()).eval()
    vit: Any = ViTForImageClassification(ViTConfig()).eval()
    for name, model, items in (("BERT base", bert, texts), ("ViT base", vit, images)):
        rows = [{key: values[n : n + 1] for key, values in items.items()} for n in range(ITEMS)]
        alone, one_by_one = _timed(model, rows)
        batched, together = _timed(model, [items])
        difference = (one_by_one - together).abs().max().item()
        table.add_row(name, f"{alone:.1f}", f"{batched:.1f}", f"{difference:.0e}")
    Console().print(table)


def _timed(model: Any, batches: list[dict[str, torch.Tensor]]) -> tuple[float, torch.Tensor]:
    """CPU milliseconds per item in the second run, and the scores of all items."""
    with torch.inference_mode():
        for _ in range(2):
            started = time.process_time()
            scores = torch.cat([model(**batch).logits.softmax(-1) for batch in batches])
            seconds = time.process_time() - started
    return 1000 * seconds / ITEMS, scores


if __name__ == "__main__":
    typer.run(main)
