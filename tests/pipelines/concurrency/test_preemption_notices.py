"""A notice, in a file or from a service, ends a run."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.http_server import QuietHandler, serving

from pipelines.concurrency.preemption import is_announced, watch_for_notice
from pipelines.config.runners import PreemptionNotice


class Service(QuietHandler):
    """Answers as the services of clouds do."""

    def do_GET(self) -> None:
        answers = {"/gcp-false": b"FALSE\n", "/gcp-true": b"TRUE\n", "/empty": b""}
        if self.path == "/aws" and self.headers.get("X-aws-ec2-metadata-token") != "token":
            self.send_error(401)
        elif self.path in answers or self.path == "/aws":
            self._send(answers.get(self.path, b'{"action": "terminate"}'))
        else:
            self.send_error(404)

    def do_PUT(self) -> None:
        self._send(b"token" if self.path == "/latest/api/token" else b"")

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with serving(Service) as url:
        yield url


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/gcp-true", True),
        ("/aws", True),
        ("/gcp-false", False),
        ("/empty", False),
        ("/missing", False),
    ],
)
def test_a_service_announces_the_end(service: str, path: str, expected: bool) -> None:
    assert is_announced(service + path) is expected


def test_a_service_that_is_not_there_announces_nothing() -> None:
    assert not is_announced("http://127.0.0.1:9/gone")


def test_a_file_announces_the_end_once(tmp_path: Path) -> None:
    told = threading.Event()
    notice = tmp_path / "notice"
    with watch_for_notice(str(notice), None, told.set, 0.01):
        assert not told.wait(0.05)
        notice.touch()
        assert told.wait(60)


def test_a_notice_is_a_file_or_a_web_address() -> None:
    assert PreemptionNotice(file="/run/notice", url="http://169.254.169.254/x").url
    with pytest.raises(ValueError, match="http"):
        PreemptionNotice(url="file:///etc/passwd")
