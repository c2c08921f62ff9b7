"""The recognizer of one kind of personal data."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from filters.text_analysis.recognizers.prefilter import Prefilter

Span = tuple[int, int]  # positions of characters, [start, end)


def follows_digits(start: int, text: str, after: int) -> bool:
    """Return whether a digit and a space come before `start`.

    The match that ended at `after` does not count.
    """
    return (
        start >= 2
        and start - 1 != after
        and text[start - 1] in " \n"
        and text[start - 2].isdecimal()
    )


@dataclass(frozen=True, slots=True)
class Recognizer:
    """A recognizer of one infotype in normalized text, in time linear in the text's length."""

    infotype: str
    prefilter: Prefilter  # every text in which `find` finds something passes
    find: Callable[[str], Iterator[Span]]
