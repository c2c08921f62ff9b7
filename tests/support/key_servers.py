"""Services that give out credentials of AWS, and tell what they were asked."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from support.http_server import QuietHandler, serving

_EXPIRES = "2099-01-01T00:00:00Z"
_TOKENS = f"""\
<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>WEB-IDENTITY</AccessKeyId>
<SecretAccessKey>secret-of-web-identity</SecretAccessKey>
<SessionToken>token-of-web-identity</SessionToken><Expiration>{_EXPIRES}</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""
_REFUSAL = """\
<ErrorResponse><Error><Code>InvalidIdentityToken</Code>
<Message>token-of-the-pod is not valid</Message></Error></ErrorResponse>"""
_ROLE = {
    "Code": "Success",
    "LastUpdated": "2026-01-01T00:00:00Z",
    "Type": "AWS-HMAC",
    "AccessKeyId": "METADATA",
    "SecretAccessKey": "secret-of-metadata",
    "Token": "token-of-metadata",
    "Expiration": _EXPIRES,
}

Answer = Callable[[BaseHTTPRequestHandler], tuple[int, str]]  # status and body of a request


@dataclass
class KeyServer:
    """A running service."""

    url: str = ""
    asked: list[str] = field(default_factory=list)  # path and body of each request


@contextmanager
def token_service(tls: ssl.SSLContext, *, refuses: bool = False) -> Iterator[KeyServer]:
    """Run a service that exchanges the token of a web identity, as AWS's STS does."""
    answer = (400, _REFUSAL) if refuses else (200, _TOKENS)
    with _serve(lambda _: answer, tls) as server:
        yield server


@contextmanager
def metadata_service() -> Iterator[KeyServer]:
    """Run the service of a machine, or of a container, that knows the role of the machine."""

    def answer(handler: BaseHTTPRequestHandler) -> tuple[int, str]:
        if handler.path == "/container":
            allowed = handler.headers["Authorization"] == "token-of-the-container"
            return (200, json.dumps(_ROLE)) if allowed else (403, "")
        if handler.path == "/latest/api/token" and handler.command == "PUT":
            return 200, "session"
        if handler.headers["X-aws-ec2-metadata-token"] != "session":
            return 401, ""
        folder = "/latest/meta-data/iam/security-credentials/"
        return {folder: (200, "machine"), f"{folder}machine": (200, json.dumps(_ROLE))}.get(
            handler.path, (404, "")
        )

    with _serve(answer) as server:
        yield server


@contextmanager
def _serve(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[KeyServer]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            served.asked.append(f"{self.path} {body}")
            status, text = answer(self)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET
        do_PUT = do_GET

    served = KeyServer()
    with serving(Handler, tls) as served.url:
        yield served
