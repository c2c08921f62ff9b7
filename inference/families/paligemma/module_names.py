"""Translates module names of earlier versions of transformers to the current ones."""

import re

# Module names of transformers before 4.52, and before 5, with their current names.
_FORMER_NAMES = (
    (re.compile(r"^language_model\.(?=model\.)"), "model.language_model."),
    (re.compile(r"^model\.language_model\.model\."), "model.language_model."),
    (re.compile(r"^language_model\.lm_head\b"), "lm_head"),
    (re.compile(r"^(?=vision_tower\.|multi_modal_projector\.)"), "model."),
    (re.compile(r"^model\.vision_tower\.vision_model\."), "model.vision_tower."),
)


def current_name(name: str) -> str:
    """Return a module's or parameter's current name; a current name stays as it is."""
    for former, now in _FORMER_NAMES:
        name = former.sub(now, name)
    return name
