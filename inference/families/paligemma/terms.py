"""The terms under which PaliGemma's published checkpoints may be used, as far as names tell.

Sources: ai.google.dev/gemma/terms; ai.google.dev/gemma/docs/paligemma, which calls the fine-tuned
checkpoints research-oriented and offers the mix checkpoints for immediate research use.
"""

import re

_PUBLISHED = re.compile(r"paligemma2?-\d+b-(pt|mix|ft)(?![a-z])", re.IGNORECASE)
_GEMMA = (
    "Gemma Terms of Use (ai.google.dev/gemma/terms), which also bind who passes the outputs on, or "
    "trains a model on them"
)
_RESEARCH = "published for research: check that your use is covered"


def terms(source: str) -> tuple[str, ...]:
    """Return the terms of a checkpoint with this hub id, folder or URL; empty if none is known.

    The last part of the name decides: of a checkpoint of your own, nothing is known.
    """
    published = _PUBLISHED.match(source.rstrip("/").rpartition("/")[2])
    if published is None:
        return ()
    return (_GEMMA,) if published[1].lower() == "pt" else (_GEMMA, _RESEARCH)
