"""A small S3 server in this process, which counts requests, for tests that need no real one.

It knows what jobs use: listings, ranges, conditions, deletions. Multipart uploads are refused.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from support.http_server import QuietHandler, QuietServer, serving

_MODIFIED = "Sat, 01 Jan 2022 00:00:00 GMT"


BUCKET, OTHER = "small-s3", "small-s3-other"  # no other test names these buckets


class SmallS3(QuietServer):
    """A server with two buckets; `conditions` says how conditions of a PUT are treated."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Empty the buckets, and answer as a store should."""
        self.conditions = "checked"  # or "ignored", or "refused"
        self.denied = False  # every request is answered 403
        self.failure: tuple[int, bytes] | None = None  # status and body of every answer
        self.objects: dict[str, dict[str, bytes]] = {BUCKET: {}, OTHER: {}}
        self.requests: Counter[tuple[str, str]] = Counter()  # by method and path
        self.signed_by: set[tuple[str, str]] = set()  # key and token of each request, or empty

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What lets clients find the server, and nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "word",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def classes(self) -> Counter[str]:
        """Count the requests by class, as clouds charge them: PUT, GET and LIST, and DELETE."""
        counts: Counter[str] = Counter()
        for (method, path), number in self.requests.items():
            counts["LIST" if "list-type" in path else method] += number
        return counts


@contextmanager
def run_small_s3() -> Iterator[SmallS3]:
    """Run a server for the time of the block.

    A process keeps its client of a bucket, so that tests in one process share one server.
    """
    server = SmallS3()
    with serving(server):
        yield server


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


class _Handler(QuietHandler):
    disable_nagle_algorithm = True
    wbufsize = -1
    server: SmallS3

    def do_PUT(self) -> None:
        name, key, query = self._begin()
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if name is None:
            return
        condition = self.headers.get("If-None-Match")
        with self.server.lock:
            objects = self.server.objects[name]
            if (condition and self.server.conditions == "refused") or query:
                self._error(501, "NotImplemented")
            elif condition == "*" and self.server.conditions == "checked" and key in objects:
                self._error(412, "PreconditionFailed")
            else:
                objects[key] = content
                self._answer(200, headers={"ETag": _etag(content)})

    def do_GET(self) -> None:
        name, key, query = self._begin()
        if name is None:
            return
        if not key:
            self._list(name, query)
            return
        content = self.server.objects[name].get(key)
        if content is None:
            self._error(404, "NoSuchKey")
            return
        match = self.headers.get("If-Match")
        if match and match != _etag(content):
            self._error(412, "PreconditionFailed")
            return
        headers = {"ETag": _etag(content), "Last-Modified": _MODIFIED, "Accept-Ranges": "bytes"}
        span = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range") or "")
        if span is None:
            self._answer(200, content, headers)
            return
        start = int(span[1]) if span[1] else max(0, len(content) - int(span[2]))
        end = min(len(content), int(span[2]) + 1) if span[1] and span[2] else len(content)
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        self._answer(206, content[start:end], headers)

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        name, key, _ = self._begin()
        if name is not None:
            self.server.objects[name].pop(key, None)
            self._answer(204)

    def do_POST(self) -> None:
        name, _, query = self._begin()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if name is None:
            return
        if "delete" not in query:
            self._error(501, "NotImplemented")
            return
        keys = [each.text or "" for each in ElementTree.fromstring(body).iter() if _is_key(each)]
        for key in keys:
            self.server.objects[name].pop(key, None)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

    def _begin(self) -> tuple[str | None, str, dict[str, list[str]]]:
        """Count the request; return bucket, key and query. The bucket is None after an error."""
        parts = urlsplit(self.path)
        name, _, key = unquote(parts.path).lstrip("/").partition("/")
        query = parse_qs(parts.query, keep_blank_values=True)
        signed = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization") or "")
        token = self.headers.get("X-Amz-Security-Token") or ""
        with self.server.lock:
            self.server.requests[self.command, self.path] += 1
            self.server.signed_by.add((signed[1] if signed else "", token))
        if self.server.failure:
            self._answer(*self.server.failure)
        elif self.server.denied:
            self._error(403, "AccessDenied")
        elif name not in self.server.objects:
            self._error(404, "NoSuchBucket")
        else:
            return name, key, query
        return None, key, query

    def _list(self, name: str, query: dict[str, list[str]]) -> None:
        prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        most = int(query.get("max-keys", ["1000"])[0])
        items: dict[str, str] = {}  # by name: an object, or a common prefix
        for key, content in sorted(self.server.objects[name].items()):
            rest = key.removeprefix(prefix)
            if not key.startswith(prefix) or key <= after:
                continue
            if delimiter and delimiter in rest:
                common = prefix + rest.partition(delimiter)[0] + delimiter
                text = f"<Prefix>{escape(common)}</Prefix>"
                items[common] = f"<CommonPrefixes>{text}</CommonPrefixes>"
            else:
                items[key] = (
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size>"
                    f"<ETag>{escape(_etag(content))}</ETag>"
                    "<LastModified>2022-01-01T00:00:00.000Z</LastModified></Contents>"
                )
        names = list(items)[:most]
        more = len(items) > most
        token = (
            f"<NextContinuationToken>{escape(names[-1])}</NextContinuationToken>" if more else ""
        )
        body = "".join(items[each] for each in names)
        self._answer(
            200,
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}"
            f"{body}</ListBucketResult>".encode(),
        )

    def _error(self, status: int, code: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
        self._answer(status, text.encode())

    def _answer(
        self, status: int, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _is_key(element: ElementTree.Element) -> bool:
    return element.tag.rpartition("}")[2] == "Key"
