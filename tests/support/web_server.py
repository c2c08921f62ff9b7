"""A web server in this process, with the habits of real ones, that records its requests."""

import gzip
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from support.http_server import QuietHandler, serving

_PIECE = 64 << 10  # bytes that are sent at once

MODIFIED = "Sat, 28 Nov 2026 12:00:00 GMT"


@dataclass
class Answered:
    """A request that was answered."""

    method: str
    path: str
    range: str | None  # the value of the header
    sent: int = 0  # bytes of the body that were written


@dataclass
class WebServer:
    """Files by their paths, such as `/a.tar`, and how the server behaves."""

    files: dict[str, bytes]
    url: str = ""
    ranges: bool = True
    lengths: bool = True
    e_tag: str | None = '"1"'
    e_tags: dict[str, str] = field(default_factory=dict)  # path -> its own
    modified: str | None = MODIFIED
    compresses: bool = False  # sends gzip to every client, whether it asks for it or not
    redirects: dict[str, str] = field(default_factory=dict)  # path -> URL
    statuses: dict[str, int] = field(default_factory=dict)  # path -> of an error
    heads: bool = True  # answers HEAD
    piece: int = _PIECE
    pause: float = 0  # seconds after each piece of a body
    requests: list[Answered] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """The bytes of all bodies that were sent."""
        return sum(request.sent for request in self.requests)

    def gets(self) -> list[Answered]:
        return [request for request in self.requests if request.method == "GET"]


@contextmanager
def web_server(
    files: Mapping[str, bytes], tls: ssl.SSLContext | None = None
) -> Iterator[WebServer]:
    """Serve files on a free port of this machine, over https with `tls`."""
    served = WebServer(dict(files))

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            _answer(self, served)

        def do_HEAD(self) -> None:
            _answer(self, served)

    with serving(Handler, tls) as served.url:
        yield served


def _answer(handler: BaseHTTPRequestHandler, served: WebServer) -> None:
    asked = handler.headers.get("Range")
    status, headers, body = _response(handler, served, asked)
    if handler.command == "HEAD" and not served.heads:
        status, headers, body = 405, {}, b""
    answered = Answered(handler.command, handler.path, asked)
    served.requests.append(answered)
    handler.send_response(status)
    if served.lengths or status >= 300:
        headers["Content-Length"] = str(len(body))
    else:
        headers["Connection"] = "close"
        handler.close_connection = True
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command != "GET":
        return
    try:
        for start in range(0, len(body), served.piece):
            piece = body[start : start + served.piece]
            answered.sent += len(piece)
            handler.wfile.write(piece)
            time.sleep(served.pause)
    except OSError:  # the client has read enough
        handler.close_connection = True


def _response(
    handler: BaseHTTPRequestHandler, served: WebServer, asked: str | None
) -> tuple[int, dict[str, str], bytes]:
    path = handler.path
    if path in served.redirects:
        return 302, {"Location": served.redirects[path]}, b""
    if path in served.statuses or path not in served.files:
        return served.statuses.get(path, 404), {}, b"no such file"
    e_tag = served.e_tags.get(path, served.e_tag)
    expected = handler.headers.get("If-Match")
    if expected is not None and expected != e_tag:
        return 412, {}, b""
    headers = {}
    if e_tag:
        headers["ETag"] = e_tag
    if served.modified:
        headers["Last-Modified"] = served.modified
    content = served.files[path]
    if served.compresses:
        return 200, {**headers, "Content-Encoding": "gzip"}, gzip.compress(content)
    if not asked or not served.ranges:
        return 200, headers, content
    first, _, last = asked.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(content)) + 1, len(content))
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
    return 206, headers, content[start:end]
