"""Ends a run, as SIGTERM does, when its machine announces that it will be taken away."""

import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urljoin

_SECONDS_APART = 2.0
_TIMEOUT = 2.0  # seconds; the services of clouds that announce it answer at once
_NO_NOTICE = (b"", b"FALSE", b"NONE")  # answers that announce nothing, such as Google's
_LONGEST = 4096  # bytes of an answer that are read


def stop_process() -> None:
    """Send SIGTERM to this process."""
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def watch_for_notice(
    file: str | None,
    url: str | None,
    on_notice: Callable[[], None] = stop_process,
    seconds_apart: float = _SECONDS_APART,
) -> Iterator[None]:
    """Call `on_notice` once as soon as the file exists or the URL announces it, in the block."""
    if not (file or url):
        yield
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(seconds_apart):
            if (file and os.path.exists(file)) or (url and is_announced(url)):
                on_notice()
                return

    threading.Thread(target=watch, name="preemption", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def is_announced(url: str) -> bool:
    """Return whether a URL announces the end: it answers with a text other than FALSE and NONE.

    A service that is not reached, or knows no such URL, announces nothing.
    """
    headers = {"Metadata-Flavor": "Google"}
    try:
        try:
            return _ask(url, headers).upper() not in _NO_NOTICE
        except urllib.error.HTTPError as error:
            if error.code != 401:
                return False
        # AWS wants a token of its service (IMDSv2).
        wanted = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        token = _ask(urljoin(url, "/latest/api/token"), wanted, "PUT").decode("ascii")
        answer = _ask(url, {"X-aws-ec2-metadata-token": token})
        return answer.upper() not in _NO_NOTICE
    except (OSError, ValueError):  # HTTPError is an OSError
        return False


def _ask(url: str, headers: dict[str, str], method: str = "GET") -> bytes:
    request = urllib.request.Request(url, headers=headers, method=method)
    # Without proxies, which do not reach the machine's own service.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=_TIMEOUT) as answer:
        content: bytes = answer.read(_LONGEST)
        return content.strip()
