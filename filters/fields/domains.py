"""Drop samples by the domain of a carried URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import Field

from filters.base import FieldFilter, Judge
from filters.fields.url_host import is_address, normalize_host, url_host
from filters.list_file import open_list
from schemas.errors import JobError
from schemas.path_text import PathText
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, indeterminate, keep


class Domains(FieldFilter):
    """Keep samples whose URL has a domain that is not on a list, or only those on the list.

    A sample without the URL, or whose URL has no valid host, is indeterminate.
    """

    thresholds: ClassVar = frozenset({"mode"})
    kind: Literal["domains"] = "domains"
    """The name of this filter."""
    path: PathText = Field(min_length=1)
    """A text file with one domain or IP address per line; `#` begins a comment.

    A domain includes its subdomains. International names are written in Unicode or in Punycode.
    """
    mode: Literal["block", "allow"] = "block"
    """`block`: samples of the listed domains are dropped. `allow`: all others are dropped."""

    def files(self) -> tuple[str, ...]:
        return (self.path,)

    def check(self, resources: Resources) -> None:
        read_domains(resources, self.path)

    def load(self, resources: Resources) -> Judge[Sample]:
        return _Judge(self, read_domains(resources, self.path))

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self.verdict_on(bool(scores["listed"])) if "listed" in scores else None

    def verdict_on(self, is_listed: bool) -> Verdict:
        """Return the verdict on a URL whose domain is on the list, or is not."""
        scores = {"listed": float(is_listed)}
        if is_listed and self.mode == "block":
            return drop("domain_blocked", scores)
        if not is_listed and self.mode == "allow":
            return drop("domain_not_allowed", scores)
        return keep(scores)


@dataclass(frozen=True, slots=True)
class _Judge:
    """A judge that looks up the host of a URL and its parent domains."""

    filter: Domains
    listed: frozenset[str] = field(repr=False)

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(item) for item in items]

    def _judge(self, sample: Sample) -> Verdict:
        if (text := sample.texts.get(self.filter.column)) is None or not text.value.strip():
            return indeterminate("url_missing")
        if not (host := url_host(text.value)):
            return indeterminate("url_unparsable")
        return self.filter.verdict_on(is_listed_host(host, self.listed))


def is_listed_host(host: str, listed: frozenset[str]) -> bool:
    """Return whether a normalized host, or a domain above it, is on a list."""
    if is_address(host):
        return host in listed
    labels = host.split(".")
    return any(".".join(labels[start:]) in listed for start in range(len(labels)))


def read_domains(resources: Resources, path: str) -> frozenset[str]:
    """Read a list of domains; raise JobError, which begins with `path`, if the list is wrong."""
    domains: set[str] = set()
    with open_list(resources, path) as text:
        for number, line in enumerate(text, 1):
            if not (entry := line.partition("#")[0].strip()):
                continue
            host = normalize_host(entry.removeprefix("*.").removeprefix("."))
            if not host:
                raise JobError(
                    f"path: line {number} of {path} is no domain, such as example.com: mend it"
                )
            domains.add(host)
    if not domains:
        raise JobError(f"path: {path} lists no domain: fill it")
    return frozenset(domains)
