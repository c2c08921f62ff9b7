"""Names of tar members that follow from keys, and that every reader of tars takes as they are.

A key of letters, digits, spaces and most signs stays as it is. Other characters are
percent-encoded, as in URLs, so that `urllib.parse.unquote` gives the key back.
"""

import re
from urllib.parse import quote

# Control characters, and signs that end a line, a name or a folder on some systems.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069%\\]")


def safe_key(key: str) -> str:
    """Return the beginning of the names of a sample's members; distinct keys give distinct names.

    A dot would end WebDataset's key, and a name may not begin with `/`, a dot or `__`, nor have an
    empty part.
    """
    *folders, last = _UNSAFE.sub(_encoded, key).split("/")
    last = last.replace(".", "%2E")
    folders = [f"%2E{each[1:]}" if each.startswith(".") else each for each in folders]
    name = re.sub(r"(?:^|(?<=/))/|/$", "%2F", "/".join([*folders, last])) or "%"
    return f"%5F{name[1:]}" if name.startswith("__") else name


def _encoded(character: re.Match[str]) -> str:
    return quote(character[0], safe="")


class UniqueKeys:
    """The names of the samples of one file, made distinct where a key repeats."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}  # hash of a name -> how often it was given

    def name(self, key: str) -> str:
        """Return `a` for the first sample with the key `a`, and `a%232` for the second."""
        name = safe_key(key)
        number = self._seen.get(hash(name), 0) + 1
        self._seen[hash(name)] = number
        return name if number == 1 else f"{name}%23{number}"
