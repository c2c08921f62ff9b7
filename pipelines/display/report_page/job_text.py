"""Writes a recorded job as YAML."""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from pipelines.display.terminal_safe import with_escapes

MAX_TEXT = 100_000  # characters of a job that are shown


def job_text(job: Mapping[str, Any]) -> str:
    """Return the job as YAML, cut after MAX_TEXT characters.

    Hidden characters, such as overrides of the writing direction, are escapes.
    """
    yaml = YAML()
    yaml.default_flow_style = None  # short lists and groups on one line
    yaml.width = 100
    text = io.StringIO()
    yaml.dump(dict(job), text)
    written = with_escapes(text.getvalue())
    return written if len(written) <= MAX_TEXT else f"{written[:MAX_TEXT]}…"
