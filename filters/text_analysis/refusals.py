"""Finds answers in which a model declines to answer."""

import re

# PaliGemma's own words first; then those of instruction-tuned models, and of VizWiz's answers.
_REFUSAL = re.compile(
    r"sorry,? (?:but )?(?:as a|i )|\bas an? (?:base vlm|ai\b|(?:large )?(?:vision.)?language model)"
    r"|\b(?:i(?: am|'m)|am) (?:not (?:able|allowed|trained)|unable) to\b"
    r"|\bi (?:can ?not|can['’]?t|won['’]?t|will not) (?:answer|assist|comply|describe|discuss|help|"
    r"identify|provide|say|tell)\b"
    r"|^\W*(?:unanswerable|unsuitable(?: image)?|not enough information)\W*$",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Return whether an English text declines to answer, as `sorry, as a base VLM I am` does."""
    return _REFUSAL.search(text) is not None
