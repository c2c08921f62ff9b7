"""Servers in threads of the tests' own process."""

import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

POLL_SECONDS = 0.01  # after which a server notices that it has to end


class QuietHandler(BaseHTTPRequestHandler):
    """Answers requests and prints nothing. Each answer needs a Content-Length, or closes."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


class QuietServer(ThreadingHTTPServer):
    """Says nothing about clients that close a connection before they have read the answer."""

    daemon_threads = True  # connections that clients keep open do not delay the end

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(
    server: type[BaseHTTPRequestHandler] | QuietServer, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serve on a free port of this machine, over https with `tls`; yield the URL of the server."""
    if not isinstance(server, QuietServer):
        server = QuietServer(("127.0.0.1", 0), server)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
