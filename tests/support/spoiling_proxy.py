"""A proxy before a server of objects that spoils chosen requests."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

from support.http_server import QuietHandler, serving

Fault = Literal["", "503", "429", "reset", "cut", "lost", "hang", "stale"]
FAULTS: tuple[Fault, ...] = ("503", "429", "reset", "cut", "lost", "hang")

# From the request's number, its method and its path with the query, to what is done to it.
Rule = Callable[[int, str, str], Fault]

_BUSY = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
_OF_CONNECTIONS = ("connection", "transfer-encoding", "content-length", "keep-alive")


class SpoilingProxy:
    """The proxy's address, the rule that it follows now, and what it was asked.

    | fault | what happens |
    |---|---|
    | `503`, `429` | the store asks for fewer requests |
    | `reset` | the connection is closed, and the request is not passed on |
    | `cut` | half of the answer's body comes, or for a body of no bytes nothing |
    | `lost` | the request is passed on, and its answer is not |
    | `hang` | nothing comes for `hang_seconds` |
    | `stale` | the first answer to the same request comes again |
    """

    def __init__(self, hang_seconds: float) -> None:
        self.url = ""
        self.hang_seconds = hang_seconds
        self.asked: list[str] = []
        self._rule: Rule = lambda number, method, path: ""
        self._first: dict[str, tuple[int, list[tuple[str, str]], bytes]] = {}
        self._lock = threading.Lock()

    def follow(self, rule: Rule) -> None:
        """Follow another rule from now on, and count requests from 0."""
        with self._lock:
            self._rule, self.asked = rule, []

    def fault_of(self, method: str, path: str) -> Fault:
        with self._lock:
            self.asked.append(f"{method} {path}")
            return self._rule(len(self.asked) - 1, method, path)

    def first_answer(self, request: str, answer: Any) -> Any:
        with self._lock:
            return self._first.setdefault(request, answer)


@contextmanager
def spoiling_proxy(target: str, hang_seconds: float = 2) -> Iterator[SpoilingProxy]:
    """Start a proxy before the server with the URL `target`."""
    host = urlsplit(target).netloc

    class Handler(QuietHandler):
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._pass_on()

        def do_HEAD(self) -> None:
            self._pass_on()

        def do_PUT(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def do_DELETE(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            fault = proxy.fault_of(self.command, self.path)
            if fault in ("503", "429"):
                self._answer(int(fault), [], _BUSY)
                return
            if fault in ("reset", "hang"):
                time.sleep(proxy.hang_seconds * (fault == "hang"))
                self._abort()
                return
            status, headers, content = self._ask(body)
            request = f"{self.command} {self.path}"
            if self.command in ("GET", "HEAD"):
                first = proxy.first_answer(request, (status, headers, content))
                if fault == "stale":
                    status, headers, content = first
            if fault == "lost" or (fault == "cut" and not content):
                self._abort()
                return
            self._answer(status, headers, content, len(content) // 2 if fault == "cut" else None)
            if fault == "cut":
                self._abort()

        def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            connection = http.client.HTTPConnection(host, timeout=600)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _OF_CONNECTIONS}
            headers["Content-Length"] = str(len(body))
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            content = response.read()
            given = [(k, v) for k, v in response.getheaders() if k.lower() not in _OF_CONNECTIONS]
            if self.command == "HEAD":
                given.append(("Content-Length", response.headers["Content-Length"] or "0"))
            connection.close()
            return response.status, given, content

        def _answer(
            self,
            status: int,
            headers: list[tuple[str, str]],
            content: bytes,
            cut: int | None = None,
        ) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            if self.command != "HEAD" or status >= 400:
                self.send_header(
                    "Content-Length", str(0 if self.command == "HEAD" else len(content))
                )
            self.end_headers()
            self.wfile.write(content[:cut] if self.command != "HEAD" else b"")
            self.wfile.flush()

        def _abort(self) -> None:
            self.close_connection = True
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the client has gone
                return

    proxy = SpoilingProxy(hang_seconds)
    with serving(Handler) as proxy.url:
        yield proxy
