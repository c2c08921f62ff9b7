"""Drop samples whose owners have refused their use for training: by lists, pages or the image."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from filters.base import ImageFilter, Judge
from filters.fields.domains import is_listed_host, read_domains
from filters.fields.url_host import url_host
from filters.images.c2pa import Use, training_permission
from filters.images.hash_entries import read_hashes
from filters.images.hash_list import ALGORITHMS, ListedHashes
from filters.list_file import open_list
from schemas.errors import JobError
from schemas.path_text import PathText
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, indeterminate, keep

# Words of robots' meta elements and of X-Robots-Tag, and values of a column with a flag.
_REFUSING = frozenset(["noai", "noimageai", "noml"])
_FLAGS = frozenset(["1", "true", "yes"])
_TDM = re.compile(  # possessive, so that a long run of spaces takes linear time
    r"""tdm-reservation["']?\s*+(?:[:=,]\s*+)?(?:content\s*+=\s*+)?["']?1\b""", re.IGNORECASE
)
_WORDS = re.compile(r"[^\s,;:\"'<>=]+")


class OptOut(ImageFilter):
    """Keep samples that no list, no reservation of their page and no image file opts out.

    What cannot be judged, such as a sample without the URL, is indeterminate.
    """

    reads: ClassVar = "bytes"
    kind: Literal["opt_out"] = "opt_out"
    """The name of this filter."""
    url_column: str | None = None
    """The carried column with the sample's URL, for `domains` and `url_patterns`; null: none."""
    domains: PathText | None = None
    """A text file with one domain per line, subdomains included, as for the filter `domains`."""
    url_patterns: PathText | None = None
    """A text file with one pattern of URLs per line, in which `*` stands for any characters.

    A pattern is compared with the whole URL, without case: `https://example.com/photos/*`.
    """
    hashes: PathText | None = None
    """A CSV file with the columns `algorithm` and `hash`, as for the filter `hash_list`."""
    reservation_column: str | None = None
    """The carried column with what the page or its server says; null: none.

    A robots' meta element or header with `noai` or `noimageai`, a `tdm-reservation` of 1, or a flag
    (`1`, `true`, `yes`) opts out.
    """
    c2pa: tuple[Use, ...] = ("data_mining", "ai_training", "ai_generative_training")
    """The uses for which Content Credentials in an image or video file can opt out; empty: none.

    The file's assertion `training-mining` opts out if one of these uses is not allowed. A use that
    is allowed under a condition is indeterminate.
    """

    @model_validator(mode="after")
    def _has_sources(self) -> Self:
        sources = (self.domains, self.url_patterns, self.hashes, self.reservation_column, self.c2pa)
        if not any(sources):
            raise ValueError(
                "name a source: domains, url_patterns, hashes, reservation_column or c2pa"
            )
        if (self.domains or self.url_patterns) and self.url_column is None:
            raise ValueError("url_column is missing: domains and url_patterns are about it")
        if self.url_column is not None and not (self.domains or self.url_patterns):
            raise ValueError("url_column is given without domains or url_patterns")
        return self

    def files(self) -> tuple[str, ...]:
        return tuple(path for path in (self.domains, self.url_patterns, self.hashes) if path)

    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in (self.url_column, self.reservation_column) if name)

    def check(self, resources: Resources) -> None:
        self.load(resources)

    def load(self, resources: Resources) -> Judge[Sample]:
        domains, hashes = frozenset[str](), ListedHashes({})
        patterns: tuple[UrlPattern, ...] = ()
        if self.domains is not None:
            with _of_field("domains"):
                domains = read_domains(resources, self.domains)
        if self.url_patterns is not None:
            with _of_field("url_patterns"):
                patterns = read_url_patterns(resources, self.url_patterns)
        if self.hashes is not None:
            with _of_field("hashes"):
                found = read_hashes(resources, self.hashes, ALGORITHMS)
                hashes = ListedHashes.of(found)
        return _Judge(self, domains, patterns, hashes)


@dataclass(frozen=True, slots=True)
class _Judge:
    """A judge that asks the sources from the cheapest to the dearest; the first refusal counts."""

    filter: OptOut
    domains: frozenset[str] = field(repr=False)
    patterns: "tuple[UrlPattern, ...]" = field(repr=False)
    hashes: ListedHashes = field(repr=False)

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        listed = self.hashes.match([item.image for item in items])
        return [self._judge(item, bool(match)) for item, match in zip(items, listed, strict=True)]

    def _judge(self, sample: Sample, is_listed: bool) -> Verdict:
        if is_listed:
            return drop("hash_opted_out")
        by_url = self._by_url(sample)
        if by_url.action == "drop":
            return by_url
        column = self.filter.reservation_column
        said = sample.texts.get(column) if column is not None else None
        if said is not None and refuses(said.value):
            return drop("rights_reserved")
        by_file = self._by_file(sample)
        return by_file if by_file.action != "keep" else by_url

    def _by_url(self, sample: Sample) -> Verdict:
        if self.filter.url_column is None:
            return keep()
        text = sample.texts.get(self.filter.url_column)
        if text is None or not text.value.strip():
            return indeterminate("url_missing")
        if not (host := url_host(text.value)):
            return indeterminate("url_unparsable")
        if is_listed_host(host, self.domains):
            return drop("domain_opted_out")
        url = text.value.strip().casefold()
        if any(pattern.matches(url) for pattern in self.patterns):
            return drop("url_opted_out")
        return keep()

    def _by_file(self, sample: Sample) -> Verdict:
        if not self.filter.c2pa:
            return keep()
        match training_permission(sample.image, self.filter.c2pa):
            case "refused":
                return drop("c2pa_opted_out")
            case "constrained":
                return indeterminate("c2pa_constrained")
            case "unreadable":
                return indeterminate("c2pa_unreadable")
        return keep()


def refuses(said: str) -> bool:
    """Return whether what a page or its server says reserves the rights of data mining.

    Sources: DeviantArt's `noai` and `noimageai`; the TDM Reservation Protocol of the W3C group.
    """
    if _TDM.search(said):
        return True
    said = said.strip().casefold()
    return said in _FLAGS or not _REFUSING.isdisjoint(_WORDS.findall(said))


@dataclass(frozen=True, slots=True)
class UrlPattern:
    """A pattern of URLs; `*` stands for any characters. Comparing takes linear time."""

    parts: tuple[str, ...]  # between the stars, without case

    def matches(self, url: str) -> bool:
        """Return whether the whole URL, without case, fits the pattern."""
        first, *middle = self.parts
        if not middle:
            return url == first
        *middle, last = middle
        if not url.startswith(first) or len(url) < len(first) + len(last):
            return False
        at, end = len(first), len(url) - len(last)
        for part in middle:
            found = url.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return url.endswith(last)


def read_url_patterns(resources: Resources, path: str) -> tuple[UrlPattern, ...]:
    """Read a list of patterns; raise JobError, which begins with `path`, if the list is wrong."""
    patterns: list[UrlPattern] = []
    with open_list(resources, path) as text:
        for number, line in enumerate(text, 1):
            pattern = line.strip()
            if not pattern or pattern.startswith("#"):
                continue
            if not pattern.strip("*"):
                raise JobError(f"path: line {number} of {path} fits every URL: name some")
            patterns.append(UrlPattern(tuple(pattern.casefold().split("*"))))
    if not patterns:
        raise JobError(f"path: {path} lists no pattern: fill it")
    return tuple(patterns)


@contextmanager
def _of_field(name: str) -> Iterator[None]:
    """Let errors about a list begin with the field that names it, instead of `path`."""
    try:
        yield
    except JobError as error:
        raise JobError(f"{name}{str(error).removeprefix('path')}") from None
