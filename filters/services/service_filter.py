"""The base of filters that ask a service, which is not on this machine."""

import re
from collections.abc import Collection, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt

from filters.base import Filter
from filters.services.requests import Requests
from schemas.errors import JobError
from schemas.frozen import Seconds
from schemas.resources import Resources

# The settings of such filters that change no verdict: how the service is reached.
_REACHING = frozenset(
    {"requests_per_minute", "max_requests", "concurrency", "deadline_seconds", "endpoint"}
)
_ENDPOINT = re.compile(r"(https?)://([\w.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?/?", re.IGNORECASE)
_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")


def reaching_settings(names: Collection[str]) -> frozenset[str]:
    """Return which settings of a filter say how a service is reached; most filters ask none."""
    return _REACHING if frozenset(names) >= _REACHING else frozenset()


def deciding_settings(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a filter's record without the keys that change no verdict."""
    left_out = reaching_settings(record)
    return {key: value for key, value in record.items() if key not in left_out}


def _endpoint(url: str) -> str:
    found = _ENDPOINT.fullmatch(url)
    if not found:
        raise ValueError(
            "an endpoint is a URL without a path, such as https://dlp.europe-west1.rep.googleapis.com"
        )
    if found[1].lower() == "http" and found[2].lower() not in _THIS_MACHINE:
        raise ValueError("an endpoint on another machine must begin with https://")
    return url


Endpoint = Annotated[str, AfterValidator(_endpoint)]


class ServiceFilter(Filter):
    """A filter that asks a service; a subclass derives from it first, then from a kind of filter.

    Answers of a service are not repeatable: it can change at any time.
    """

    service: ClassVar[str]  # its name
    sends: ClassVar[Literal["texts", "images"]]
    packages: ClassVar[tuple[str, ...]] = ()  # modules of the extra `google`

    requests_per_minute: PositiveFloat | None = None
    """The most requests that a worker process begins in a minute; null: any number.

    Several workers share the quota of a project: divide it by their number.
    """
    max_requests: PositiveInt | None = None
    """The most requests that are sent for an output, retries included; null: any number.

    All workers, runs and machines that share the output count together, and a rerun goes on
    counting. At the bound units fail (`service_max_requests`); raise it to go on. A process that
    ends may leave up to 1/256 of the bound unused. Without an output, as in `preview`, each process
    counts from 0.
    """
    concurrency: int = Field(8, ge=1, le=64)
    """The most requests that a worker process has in flight."""
    deadline_seconds: Seconds = 120.0
    """The longest time for a request with all its retries, in seconds; then the unit fails."""
    endpoint: Endpoint | None = None
    """The URL of the service, such as a private or regional one; null: Google's own."""

    def check(self, resources: Resources) -> None:
        self.check_packages()

    def check_packages(self) -> None:
        """Raise JobError if the packages that ask the service are not installed."""
        for package in self.packages:
            try:
                found = find_spec(package)
            except ModuleNotFoundError:  # a package above it
                found = None
            if found is None:
                raise JobError(f"kind: {self.kind} needs pip install 'shardmill[google]'")

    def requests(self, resources: Resources) -> Requests:
        """Return the sender of the requests of this filter in this process."""
        take, bound = resources.take_requests, self.max_requests
        return Requests(
            self.kind,
            per_minute=self.requests_per_minute,
            max_requests=bound,
            take=partial(take, resources.filter, bound) if take and bound else None,
            deadline_seconds=self.deadline_seconds,
            concurrency=self.concurrency,
        )

    def count_requests(self, samples: int, texts: float, answers: int) -> int:
        """Estimate the requests for samples, without retries.

        Each sample has `texts` texts, keys and carried columns included, and `answers` answers.
        """
        return round(samples * (texts + answers))
