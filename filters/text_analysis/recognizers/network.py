"""Recognize network addresses: IPv4, IPv6 and MAC."""

import ipaddress
import re
from collections.abc import Iterator

from filters.text_analysis.recognizers.context_words import ContextWords
from filters.text_analysis.recognizers.prefilter import NETWORK_ADDRESS
from filters.text_analysis.recognizers.recognizer import Recognizer, Span

_IPV4 = re.compile(r"(?<![A-Za-z0-9_])(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?![A-Za-z0-9_])(?!\.\w)")
_IPV6 = re.compile(
    r"(?<![A-Za-z0-9_:.])(?:[0-9A-Fa-f]{1,4}|:)(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:\.\d{1,3}){3})?"
    r"(?![A-Za-z0-9_:])(?!\.\w)"
)
_MAC = re.compile(
    r"(?<![A-Za-z0-9_])(?<![0-9A-Fa-f][:-])"
    r"(?:[0-9A-Fa-f]{2}(?P<sign>[:-])(?:[0-9A-Fa-f]{2}(?P=sign)){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})"
    r"(?![A-Za-z0-9_])(?![:.-][0-9A-Fa-f])"
)
_VERSION_WORDS = ContextWords(
    r"\b(?:version|ver|v|release|released|build|firmware|driver|update|patch|kernel|android|ios|windows"
    r"|macos|chrome|chromium|firefox|edge|opera|safari|section|sec|chapter|clause|paragraph|figure|fig"
    r"|table|article|appendix|rule)|§"
)
_SOFTWARE_BEHIND = re.compile(
    r"\s(?:setup|installer|portable|beta|alpha|rc\d?|final|build|full|crack(?:ed)?|keygen|x64|x86"
    r"|for (?:windows|mac|linux|android))\b",
    re.IGNORECASE,
)
_IP_WORDS = ContextWords(r"\bip(?:v4)?(?: address)?|\bhost|\bserver|\bping|\bgateway|\bfrom")
_MAC_WORDS = ContextWords(r"\bmac(?: address)?|\bbssid|\bethernet|\bwi-?fi")


def is_machine_address(address: str) -> bool:
    """Return whether an IP address can belong to one machine, in a public or private network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed.version == 4 and (parsed.packed[0] == 0 or parsed.packed[0] == 255):
        return False  # "this network", and masks
    return not (parsed.is_unspecified or parsed.is_loopback)


def _find_ip_addresses(text: str) -> Iterator[Span]:
    for match in _IPV4.finditer(text):
        start, end = match.span()
        is_version = (
            _VERSION_WORDS.precede(start, text)
            or _SOFTWARE_BEHIND.match(text, end)
            # The byte 0 at the end names a network, unless a version ends with it.
            or (
                match[0].endswith(".0")
                and text[end : end + 1] != "/"
                and not _IP_WORDS.precede(start, text)
            )
        )
        if is_machine_address(match[0]) and not is_version:
            yield start, end
    for match in _IPV6.finditer(text):
        groups = match[0].replace("::", ":").strip(":").split(":")
        # Two short groups, such as ab::1, are just as often names in source code.
        is_long = len(groups) > 2 or len(groups[0]) > 2
        if is_long and any(map(str.isdecimal, match[0])) and is_machine_address(match[0]):
            yield match.span()


def _find_mac_addresses(text: str) -> Iterator[Span]:
    for match in _MAC.finditer(text):
        digits = re.sub("[^0-9a-f]", "", match[0].lower())
        if len(set(digits)) == 1:
            continue  # no single machine: all zeros, or broadcast
        # Pairs of decimal digits can be dates or lottery numbers.
        if (
            match["sign"] == ":"
            or not digits.isdecimal()
            or (_MAC_WORDS.precede(match.start(), text))
        ):
            yield match.span()


IP_ADDRESS = Recognizer("IP_ADDRESS", NETWORK_ADDRESS, _find_ip_addresses)
MAC_ADDRESS = Recognizer("MAC_ADDRESS", NETWORK_ADDRESS, _find_mac_addresses)
