"""Rows for people to look at: panels in a terminal, and contact sheets with boxes and masks.

What is shown comes from the data, so every text of it passes through `plain`.
"""

from pipelines.show.panel import panel
from pipelines.show.pictures import pictures
from pipelines.show.sheet import Picture, sheet
from pipelines.show.stored import Row

__all__ = ["Picture", "Row", "panel", "pictures", "sheet"]
