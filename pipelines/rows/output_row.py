"""A row of an output as Python's own values, for display."""

from collections.abc import Iterable, Sequence


class OutputRow(dict[str, object]):
    """A row of an output as Python's own values, which knows its carried columns."""

    def __init__(self, values: Iterable[tuple[str, object]], carried: Sequence[str]) -> None:
        super().__init__(values)
        self.carried = carried  # the names of the carried columns, in order
