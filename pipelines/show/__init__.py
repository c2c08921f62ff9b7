"""Rows for people to look at: panels in a terminal, and contact sheets with boxes and masks.

What is shown comes from the data, so every text passes through `plain`.
"""

from pipelines.show.panel import panel
from pipelines.show.row import Row
from pipelines.show.sheet import Picture, sheet

__all__ = ["Picture", "Row", "panel", "sheet"]
