"""Writes numbers with their nouns."""


def counted(number: int, noun: str, *, commas: bool = False) -> str:
    """Write a number and its noun, in the plural unless the number is 1.

    With `commas`, the thousands are separated: `1,024 rows`.
    """
    digits = f"{number:,}" if commas else f"{number}"
    return f"{digits} {noun}" if number == 1 else f"{digits} {noun}s"
