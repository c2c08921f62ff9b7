"""Of how many rows and columns steps are taken."""

from typing import NamedTuple


class Rounding(NamedTuple):
    """Of how many rows and columns steps are taken: few shapes, so few graphs and allocations."""

    steps: int  # between looks at which rows have ended: on a GPU a look waits for all before it
    rows: int  # are continued in whole numbers of so many
    columns: int  # likewise seen; of more than eight times as many, an eighth to a sixteenth

    def seen(self, columns: int) -> int:
        """How many are seen where so many are needed, whatever room there is for more."""
        each = max(self.columns, 1 << max(columns.bit_length() - 4, 0))
        return -(-columns // each) * each


EXACT = Rounding(steps=1, rows=1, columns=32)  # on a CPU, where a step waits for no look
COARSE = Rounding(steps=4, rows=32, columns=64)  # on a GPU
