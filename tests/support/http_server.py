"""Servers in threads of the tests' own process."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POLL_SECONDS = 0.01  # after which a server notices that it has to end


class QuietHandler(BaseHTTPRequestHandler):
    """Answers requests and prints nothing. Each answer needs a Content-Length, or closes."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


@contextmanager
def serving(
    server: type[BaseHTTPRequestHandler] | ThreadingHTTPServer, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serve on a free port of this machine, over https with `tls`; yield the URL of the server."""
    if not isinstance(server, ThreadingHTTPServer):
        server = ThreadingHTTPServer(("127.0.0.1", 0), server)
    server.daemon_threads = True  # connections that clients keep open do not delay the end
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
