"""Makes text from the data safe and short enough to print."""

import re
import unicodedata

# Escape sequences go whole, so that their letters do not stay behind: operating system commands
# up to their terminator, and control sequences. Of others the escape character alone goes.
_ESCAPE = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]")
_JOINERS = "\u200c\u200d"  # Persian, Indic scripts and emoji need them


def plain(text: str, limit: int) -> str:
    """The text on one line of at most `limit` characters, without what acts on a terminal.

    Escape sequences, control characters and invisible formatting (such as overrides of the
    writing direction) go; runs of white space become one space; lone surrogates become U+FFFD.
    """
    shown = "".join(_harmless(character) for character in _ESCAPE.sub("", text))
    line = " ".join(shown.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def _harmless(character: str) -> str:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    hidden = category == "Cc" or (category == "Cf" and character not in _JOINERS)
    return "" if hidden else character
