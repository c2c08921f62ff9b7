"""Answers as Google Cloud Storage's XML interface does, from the objects of an S3 server.

    python gcs_front.py PORT HOST:PORT

The two interfaces differ in their conditions: GCS counts the generations of an object, names the
generation in `x-goog-generation`, and writes only if the one in `x-goog-if-generation-match` is
still there; 0 stands for no object. A bucket whose name begins with `denied` refuses everybody.
"""

import http.client
import itertools
import re
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

CONDITION = "x-goog-if-generation-match"

# Headers that are not passed on: those of one connection, and those that S3 does not know.
OWN = ("host", "authorization", "connection", "content-length", "transfer-encoding", CONDITION)

# The S3 server asks for a signature, and does not check it.
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=front/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
)

_written: dict[str, tuple[str, str]] = {}  # path of an object -> its generation and its ETag
_generations = itertools.count(1_700_000_000_000_000)
_writing = Lock()  # so that a condition still holds when its object is written


class Front(BaseHTTPRequestHandler):
    """Passes each request on to the S3 server at `target`."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body leave together: the client's TCP would wait in between
    disable_nagle_algorithm = True
    target = ""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.answer(*self.passed_on(b""))

    def do_HEAD(self) -> None:
        self.answer(*self.passed_on(b""))

    def do_PUT(self) -> None:
        self.write()

    def do_POST(self) -> None:
        self.write()

    def do_DELETE(self) -> None:
        self.write()

    def write(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        with _writing:
            self.answer(*self.passed_on(body))

    def passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the S3 server's answer, as GCS gives them."""
        path, separator, query = self.path.partition("?")
        _, bucket, *key = path.split("/", 2)
        path = "/".join(["", urllib.parse.unquote(bucket), *key])  # moto wants `-`, not `%2D`
        if path.startswith("/denied"):
            return 403, {}, b"<Error><Code>AccessDenied</Code></Error>"
        headers = {k: v for k, v in self.headers.items() if k.lower() not in OWN}
        headers["Authorization"] = SIGNATURE
        generation, e_tag = _written.get(path, ("0", ""))
        match self.headers[CONDITION]:
            case None:
                pass
            case "0":
                headers["If-None-Match"] = "*"
            case wanted if wanted == generation:
                headers["If-Match"] = e_tag
            case _:
                return 412, {}, b"<Error><Code>PreconditionFailed</Code></Error>"
        connection = http.client.HTTPConnection(self.target, timeout=600)
        connection.request(self.command, path + separator + query, body, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        answered = {k: v for k, v in response.getheaders() if k.lower() not in OWN}
        if self.command == "HEAD":
            answered["Content-Length"] = response.headers["Content-Length"] or "0"
        e_tag = response.headers["ETag"]
        if completed := re.search(rb"<CompleteMultipart.*<ETag>(.*)</ETag>", content, re.DOTALL):
            e_tag = completed[1].decode().replace("&quot;", '"')
        if completed or (e_tag and self.command == "PUT" and "uploadId=" not in query):
            generation = str(next(_generations))
            _written[path] = generation, e_tag
        if e_tag:
            answered["x-goog-generation"] = generation
        return response.status, answered, content

    def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    Front.target = sys.argv[2]
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Front).serve_forever()
