"""The host of a URL in one normal form, as browsers find it (WHATWG URL Standard)."""

import ipaddress
import re
import socket
from urllib.parse import unquote

import idna

# Browsers take any number of slashes, or none, after these schemes.
_WEB = re.compile(r"(?:https?|ftp|wss?):[/\\]*", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_PORT = re.compile(r"(?::[0-9]*)?")
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_LONGEST_NAME = 253  # characters, as in the DNS
_LONGEST_AUTHORITY = 2000  # characters; longer ones are no valid hosts


def url_host(url: str) -> str:
    """Return the normalized host of a URL; an empty text if the URL has no valid host.

    User names, passwords and ports are left out. A URL may lack its scheme: `example.com/a.jpg`.
    """
    url = re.sub(r"[\t\r\n]", "", url.strip("".join(map(chr, range(33)))))
    if match := _WEB.match(url) or _AUTHORITY.match(url):
        rest, is_plain = url[match.end() :], False
    else:
        rest, is_plain = url, True
    authority = re.split(r"[/\\?#]", rest, maxsplit=1)[0]
    if len(authority) > _LONGEST_AUTHORITY:
        return ""
    if is_plain and "@" in authority:  # such as mailto:name@example.com
        return ""
    authority = authority.rpartition("@")[2]
    end = authority.find("]") + 1 if authority.startswith("[") else authority.find(":")
    host, port = (authority, "") if end < 0 else (authority[:end], authority[end:])
    if not _PORT.fullmatch(port):
        return ""
    host = normalize_host(host)
    return "" if is_plain and "." not in host else host


def normalize_host(host: str) -> str:
    """Return a host in lower case, in ASCII (Punycode), IP addresses in their usual form.

    Returns an empty text if the host is not valid.
    """
    if host.startswith("["):
        return _ipv6(host[1:-1]) if host.endswith("]") else ""
    try:
        host = unquote(host, errors="strict")
        if not host.isascii():
            # UTS #46 as browsers apply it: not transitional, so that "ß" is a letter of its own.
            host = idna.encode(host, uts46=True).decode("ascii")
    except ValueError:  # not UTF-8, or no international name (IDNAError)
        return ""
    host = host.lower().removesuffix(".")
    if len(host) > _LONGEST_NAME or not _NAME.fullmatch(host):
        return ""
    return _ipv4(host) if _NUMBER.fullmatch(host.rpartition(".")[2]) else host


def is_address(host: str) -> bool:
    """Return whether a normalized host is an IP address, which has no subdomains."""
    return host.startswith("[") or host.rpartition(".")[2].isdecimal()


def _ipv4(host: str) -> str:
    """Return an IPv4 address in four decimals; it may be written as 0x7f.1 or 2130706433."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return ""


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return ""
    return "" if address.scope_id else f"[{address.compressed}]"
