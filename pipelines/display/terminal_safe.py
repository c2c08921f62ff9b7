"""Makes text from the data safe to print in a terminal, and short enough."""

import re
import unicodedata

# Escape sequences that are removed whole, so that their letters do not remain: operating system
# commands up to their terminator, and control sequences. Of any other sequence only the escape
# character is removed.
_ESCAPE = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]")
_JOINERS = "\u200c\u200d"  # kept: Persian, Indic scripts and emoji need them


def plain(text: str, limit: int) -> str:
    """Return the text as one line of at most `limit` characters that cannot control a terminal.

    A longer text is cut and ends in `…`. Escape sequences, control characters and invisible
    formatting (such as overrides of the writing direction) are removed; runs of white space become
    one space; lone surrogates become U+FFFD.
    """
    shown = "".join(_harmless(character) for character in _ESCAPE.sub("", text))
    line = " ".join(shown.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def with_escapes(text: str) -> str:
    """Return the lines of a text, in which hidden characters are escapes such as `\\u202e`."""
    return "".join(_escape(each) if each != "\n" and _is_hidden(each) else each for each in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"


def _harmless(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) == "Cs":
        return "\ufffd"
    return "" if _is_hidden(character) else character


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    return category in ("Cc", "Cs") or (category == "Cf" and character not in _JOINERS)
