"""Writes job files for tests that use the command line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

JOB = """\
name: test
input: {{shards: "{shards}/*.tar", max_samples_per_file: {part}}}
filters: {filters}
model: {{checkpoint: {checkpoint}, precision: float32, device: cpu, block_size: 4, batch_size: 4}}
tasks:
  caption: {{kind: caption, max_new_tokens: 4}}
  objects: {{kind: detect, labels: [circle], max_new_tokens: 8}}
output: {output}
"""


def write(
    path: Path, shards: Path, checkpoint: Path, part: int = 10_000, *more: Mapping[str, Any]
) -> Path:
    """Write a small job over all shards of a folder; its output lies beside the job file.

    `more` are filters after the job's own.
    """
    output = path.parent / "output"
    filters = json.dumps([{"kind": "text_quality", "min_words": 2}, *more])
    text = JOB.format(
        shards=shards, checkpoint=checkpoint, part=part, filters=filters, output=output
    )
    path.write_text(text, encoding="utf-8")
    return path
