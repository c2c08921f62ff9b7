"""Domains of URLs as browsers find them, on lists that block or allow."""

import io
from collections.abc import Callable
from typing import BinaryIO, Literal

import pytest

from filters import Domains
from filters.fields.url_host import url_host
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Sample, Text
from schemas.verdict import Verdict


def opens(content: bytes) -> Callable[[str], BinaryIO]:
    return lambda path: io.BytesIO(content)


def judged(url: str | None, listed: str, mode: Literal["block", "allow"] = "block") -> Verdict:
    stage = Domains(column="url", path="list.txt", mode=mode)
    texts = {} if url is None else {"url": Text(url)}
    judge = stage.load(Resources(opens(listed.encode())))
    (verdict,) = judge.judge([Sample("a.tar", 0, texts, b"", 0, 0)])
    return verdict


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com/a.jpg", "example.com"),
        ("HTTP://WWW.Example.COM:8080?q", "www.example.com"),
        ("https://user:pass@example.com:443/", "example.com"),
        ("https://good.com@evil.com/", "evil.com"),
        ("https://evil.com\\@good.com/", "evil.com"),
        ("https:evil.com/a", "evil.com"),
        ("https:///evil.com/a", "evil.com"),
        (" https://exa\nmple.com\t", "example.com"),
        ("//cdn.example.com/a", "cdn.example.com"),
        ("example.com/a.jpg", "example.com"),
        ("example.com:8080/a.jpg", "example.com"),
        ("s3://bucket/a", "bucket"),
        ("https://example.com./", "example.com"),
        ("https://b\u00fccher.example/", "xn--bcher-kva.example"),
        ("https://BU\u0308CHER.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://stra\u00dfe.de/", "xn--strae-oqa.de"),
        ("https://example\u3002com/", "example.com"),
        ("https://ex%61mple.com/", "example.com"),
        ("https://my_shop.example.com/", "my_shop.example.com"),
        ("http://127.0.0.1:80/", "127.0.0.1"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://[2001:DB8:0::1]:80/", "[2001:db8::1]"),
        ("https://example.com:x/", ""),
        ("https://exa mple.com/", ""),
        ("https:///", ""),
        ("https://[::1/", ""),
        ("https://[fe80::1%25eth0]/", ""),
        ("https://1.2.3.4.5/", ""),
        ("https://a..b/", ""),
        ("https://%ff.com/", ""),
        ("mailto:a@example.com", ""),
        ("data:image/png;base64,AAAA", ""),
        ("no url", ""),
        ("word", ""),
        (f"https://{'a' * 64}.com/", ""),
        (f"https://{'a.' * 130}com/", ""),
        ("https://" + "\u00fc" * 5000 + ".com/", ""),
    ],
)
def test_hosts_are_those_of_browsers(url: str, host: str) -> None:
    assert url_host(url) == host


LIST = "# bad\nEvil.com  # a comment\n*.wild.example\n\nb\u00fccher.example\n10.0.0.1\n[::1]\n"


@pytest.mark.parametrize(
    ("url", "is_listed"),
    [
        ("https://evil.com/", True),
        ("https://a.b.evil.com/", True),
        ("https://notevil.com/", False),
        ("https://evil.com.good.org/", False),
        ("https://wild.example/", True),
        ("https://www.xn--bcher-kva.example/", True),
        ("http://10.0.0.1/", True),
        ("http://10.0.0.2/", False),
        ("http://[0:0::1]/", True),
    ],
)
def test_subdomains_are_included(url: str, is_listed: bool) -> None:
    block, allow = judged(url, LIST), judged(url, LIST, "allow")
    assert block.scores == allow.scores == {"listed": float(is_listed)}
    assert block.reason == ("domain_blocked" if is_listed else "")
    assert allow.reason == ("" if is_listed else "domain_not_allowed")
    assert {block.action, allow.action} == {"keep", "drop"}


@pytest.mark.parametrize(
    ("url", "reason"),
    [(None, "url_missing"), (" ", "url_missing"), ("mailto:a@evil.com", "url_unparsable")],
)
@pytest.mark.parametrize("mode", ["block", "allow"])
def test_without_a_host_the_sample_is_indeterminate(
    url: str | None, reason: str, mode: Literal["block", "allow"]
) -> None:
    verdict = judged(url, LIST, mode)
    assert (verdict.action, verdict.reason) == ("indeterminate", reason)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a.com\nhttps://b.com/x\n", "path: line 2 of list.txt is no domain, such as"),
        (b"# nothing\n", "path: list.txt lists no domain: fill it"),
        (b"\xff\xfe", "path: list.txt is not UTF-8 text"),
    ],
)
def test_wrong_lists_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(JobError, match=message):
        Domains(column="url", path="list.txt").check(Resources(opens(content)))
