"""Writes numbers with their nouns."""


def counted(number: int, noun: str) -> str:
    """Write a number and its noun, in the plural unless the number is 1, such as `1,024 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
