"""Lists known names in an error about an unknown one: all of a few, else the closest ones."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMES = 10  # names of which all are listed
_CLOSE = 3  # names that are listed of more
_SHORTEST = 3  # characters that other names may contain
_MOST_COMPARED = 5000  # names: a Parquet file may have any number of columns


def known_names(wanted: str, known: Iterable[str]) -> str:
    """Return the known names as a text: all of up to ten, else three and the number of others.

    The three are those closest to `wanted`, in any case of letters, among the first 5,000;
    without a close one, they are the first ones. Without known names, the text is `none`.
    """
    names = list(dict.fromkeys(known))
    if len(names) <= MOST_NAMES:
        return ", ".join(names) or "none"
    shown = close_names(wanted, names[:_MOST_COMPARED]) or names[:_CLOSE]
    return f"{', '.join(shown)} and {len(names) - len(shown):,} more"


def close_names(wanted: str, known: Iterable[str]) -> list[str]:
    """Return up to three of the known names that are close to `wanted`, the closest first.

    Names that contain `wanted` come after those that are spelled like it.
    """
    folded: dict[str, list[str]] = {}
    for name in known:
        folded.setdefault(name.casefold(), []).append(name)
    key = wanted.casefold()
    close = get_close_matches(key, folded, _CLOSE)
    containing = (name for name in folded if len(key) >= _SHORTEST and key in name)
    return [name for each in dict.fromkeys([*close, *containing]) for name in folded[each]][:_CLOSE]
