"""Cloud DLP, Natural Language, Vision (gRPC) and Perspective (HTTP) on this machine.

gRPC is spoken with the clients' own messages. The server refuses what exceeds the services' limits,
counts what it is asked, and fails as a test tells it.
"""

import io
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import grpc
import numpy as np
from google.cloud import dlp_v2, language_v2, vision_v1
from google.rpc import status_pb2
from PIL import Image
from support.http_server import QuietServer

PATTERNS = {
    "US_SOCIAL_SECURITY_NUMBER": re.compile(r"\b\d{3}-\d{2}-\d{4}\b"),
    "EMAIL_ADDRESS": re.compile(r"\b[\w.]+@[\w.]+\.\w+\b"),
    "US_PASSPORT": re.compile(r"\bpassport \d{9}\b"),
}
DLP_BYTES, DLP_FINDINGS, DLP_VALUES = 524_288, 3_000, 50_000
RED, BLUE, GREEN, GRAY = (255, 0, 0), (0, 0, 255), (0, 255, 0), (128, 128, 128)
LIKELIHOODS = {RED: "VERY_LIKELY", BLUE: "UNKNOWN", GRAY: "VERY_UNLIKELY"}  # GREEN: an error
CATEGORIES = {
    "Toxic": 0.02,
    "Insult": 0.02,
    "Profanity": 0.01,
    "Derogatory": 0.01,
    "Sexual": 0.0,
    "Violent": 0.0,
    "Death, Harm & Tragedy": 0.1,
    "Firearms & Weapons": 0.0,
    "Public Safety": 0.0,
    "Health": 0.9,
    "Religion & Belief": 0.9,
    "Illicit Drugs": 0.0,
    "War & Conflict": 0.0,
    "Politics": 0.0,
    "Finance": 0.0,
    "Legal": 0.0,
}
KEY = "a key for tests"


@dataclass
class Asked:
    """A request: its method, and its texts or image files."""

    method: str
    items: tuple[Any, ...]
    message: Any = None


@dataclass
class GoogleServices:
    """The state of the servers; a fault is a status code."""

    asked: list[Asked] = field(default_factory=list)
    faults: deque[str] = field(default_factory=deque)
    alter: Callable[[Any], None] = lambda _: None  # changes an answer before it is sent
    answer_after: Callable[[Asked], str] = lambda _: ""  # a status code, by the request
    lock: threading.Lock = field(default_factory=threading.Lock)
    port: int = 0
    http_port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def http_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def fail(self, code: str, times: int = 1) -> None:
        """Let the next requests fail with a code."""
        self.faults.extend([code] * times)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Let requests wait for their answers to the end of the `with` block."""
        over = threading.Event()

        def hold(_: Asked) -> str:
            over.wait()
            return ""

        self.answer_after = hold
        try:
            yield
        finally:
            over.set()

    def reset(self) -> None:
        """Forget requests and faults."""
        self.asked.clear()
        self.faults.clear()
        self.alter = lambda _: None
        self.answer_after = lambda _: ""

    def texts(self) -> list[str]:
        """All texts of all requests, in order."""
        return [item for asked in self.asked for item in asked.items]

    def begin(self, method: str, items: tuple[Any, ...], message: Any = None) -> str:
        """Note a request; return the status code with which it fails, or an empty string."""
        with self.lock:
            asked = Asked(method, items, message)
            self.asked.append(asked)
            code = self.faults.popleft() if self.faults else ""
            answer_after = self.answer_after
        return code or answer_after(asked)


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, services: GoogleServices) -> None:
        self.services = services

    def service(self, details: Any) -> Any:
        name = details.method.rpartition("/")[2]
        request, response, answer, items = {
            "DeidentifyContent": (
                dlp_v2.DeidentifyContentRequest,
                dlp_v2.DeidentifyContentResponse,
                _deidentify,
                lambda r: tuple(row.values[0].string_value for row in r.item.table.rows),
            ),
            "ModerateText": (
                language_v2.ModerateTextRequest,
                language_v2.ModerateTextResponse,
                _moderate,
                lambda r: (r.document.content,),
            ),
            "BatchAnnotateImages": (
                vision_v1.BatchAnnotateImagesRequest,
                vision_v1.BatchAnnotateImagesResponse,
                _safe_search,
                lambda r: tuple(each.image.content for each in r.requests),
            ),
        }[name]

        def call(message: Any, context: Any) -> Any:
            code = self.services.begin(name, items(message), message)
            if code:
                context.abort(grpc.StatusCode[code], f"refused: {items(message)[0]!r}")
            answered = answer(message, context)
            self.services.alter(answered)
            return answered

        return grpc.unary_unary_rpc_method_handler(
            call, request_deserializer=request.deserialize, response_serializer=response.serialize
        )


def _refuse(context: Any, message: str) -> None:
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)


def _deidentify(request: Any, context: Any) -> Any:
    if len(type(request).serialize(request)) > DLP_BYTES:
        _refuse(context, "Request payload size exceeds the limit: 524288 bytes.")
    wanted = [each.name for each in request.inspect_config.info_types]
    table = request.item.table
    if not request.parent.startswith("projects/my-project/") or len(table.rows) > DLP_VALUES:
        _refuse(context, "Invalid parent, or too many values.")
    counts = dict.fromkeys(wanted, 0)
    rows = []
    for row in table.rows:
        value = row.values[0].string_value
        if "poison" in value:
            _refuse(context, f"Invalid value: {value}")
        for name, pattern in PATTERNS.items():
            if name in wanted:
                value, number = pattern.subn(f"[{name}]", value)
                counts[name] += number
        rows.append({"values": [{"string_value": value}]})
    if sum(counts.values()) > DLP_FINDINGS:
        _refuse(context, "Too many findings to de-identify. Retry with a smaller request.")
    summaries = [
        {"info_type": {"name": name}, "results": [{"count": number, "code": "SUCCESS"}]}
        for name, number in counts.items()
        if number
    ]
    return dlp_v2.DeidentifyContentResponse(
        item={"table": {"headers": table.headers, "rows": rows}},
        overview={"transformation_summaries": summaries},
    )


def _moderate(request: Any, context: Any) -> Any:
    content = request.document.content
    if "nuqneH" in content:
        _refuse(context, f"The language tlh is not supported: {content}")
    confidences = {**CATEGORIES, **({"Toxic": 0.93, "Insult": 0.6} if "idiot" in content else {})}
    return language_v2.ModerateTextResponse(
        moderation_categories=[
            {"name": name, "confidence": confidence} for name, confidence in confidences.items()
        ],
        language_code="en",
        language_supported="zdravo" not in content,
    )


def _safe_search(request: Any, context: Any) -> Any:
    if len(request.requests) > 16:
        _refuse(context, "Too many images per request.")
    responses: list[Any] = []
    for each in request.requests:
        with Image.open(io.BytesIO(each.image.content)) as image:
            mean = np.asarray(image.convert("RGB"), float).mean(axis=(0, 1))
        color = min((*LIKELIHOODS, GREEN), key=lambda c: float(np.abs(mean - c).sum()))
        if color == GREEN:
            bad = status_pb2.Status(code=3, message="Bad image data.")  # type: ignore[attr-defined]
            responses.append({"error": bad})
            continue
        unlikely = dict.fromkeys(("spoof", "medical", "violence", "racy"), "VERY_UNLIKELY")
        responses.append({"safe_search_annotation": {"adult": LIKELIHOODS[color], **unlikely}})
    return vision_v1.BatchAnnotateImagesResponse(responses=responses)


_STATUS = {"RESOURCE_EXHAUSTED": 429, "UNAVAILABLE": 503, "PERMISSION_DENIED": 403}


def _perspective(services: GoogleServices) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = content["comment"]["text"]
            code = services.begin("analyze", (text,), content)
            if code == "REDIRECT":
                self.send_response(302)
                self.send_header("Location", services.http_endpoint + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif code == "CUT":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b'{"attributeScores"')
                self.close_connection = True
            elif code:
                self._error(_STATUS[code], "")
            elif self.headers["X-Goog-Api-Key"] != KEY:
                self._error(400, "API_KEY_INVALID", key="reason")
            elif len(text.encode()) > 3_000:
                self._error(400, "COMMENT_TOO_LONG")
            elif "tlh" in content.get("languages", []) or "nuqneH" in text:
                self._error(400, "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE")
            else:
                score = 0.93 if "idiot" in text else 0.02
                scores = {
                    name: {"summaryScore": {"value": score, "type": "PROBABILITY"}}
                    for name in content["requestedAttributes"]
                }
                answer = {"attributeScores": scores, "languages": ["en"]}
                services.alter(answer)
                self._send(200, answer)

        def _error(self, status: int, detail: str, key: str = "errorType") -> None:
            error = {"code": status, "message": "the comment", "details": [{key: detail}]}
            self._send(status, {"error": error})

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


@contextmanager
def google_services() -> Iterator[GoogleServices]:
    """Run the servers on ports that the system gives."""
    services = GoogleServices()
    options = [("grpc.max_receive_message_length", 64 << 20)]
    server = grpc.server(futures.ThreadPoolExecutor(16), options=options)
    server.add_generic_rpc_handlers((_Handler(services),))
    services.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    web = QuietServer(("127.0.0.1", 0), _perspective(services))
    services.http_port = web.server_address[1]
    thread = threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield services
    finally:
        web.shutdown()
        web.server_close()
        thread.join()
        server.stop(0).wait()
