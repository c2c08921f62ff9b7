"""A local web server that answers like the Hugging Face hub."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.http_server import QuietHandler, serving

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Serves folders as model repositories whose main is at `COMMIT`; rejects every token."""

    folders: Mapping[str, Path]  # repository -> folder of its files
    gated: frozenset[str] = frozenset()  # repositories that show file names but no contents
    broken: frozenset[str] = frozenset()  # repositories that answer 503
    url: str = ""


def environment_of(url: str, cache: Path) -> dict[str, str]:
    """Return this process's environment with the hub at `url`, without proxies, cache and token."""
    unrelated = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_", "TRANSFORMERS_")) and not name.lower().endswith("_proxy")
    }
    return {**unrelated, "HF_ENDPOINT": url, "HF_HOME": str(cache), "HF_TOKEN": ""}


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.respond(body=True)

        def do_HEAD(self) -> None:
            self.respond(body=False)

        def respond(self, *, body: bool) -> None:
            if self.headers["Authorization"]:
                reason = "Invalid credentials in Authorization header"
                code, headers, content = 401, {"X-Error-Message": reason}, b""
            else:
                code, headers, content = answer(hub, self.path.partition("?")[0])
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

    with serving(Handler) as hub.url:
        yield hub


Answer = tuple[int, dict[str, str], bytes]


def answer(hub: Hub, path: str) -> Answer:
    described = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(?:revision|tree)/([^/]+))?", path)
    match = described or re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/[^/]+", path)
    if match is None or match[1] not in hub.folders:
        return refused(401, "RepoNotFound")  # what the hub answers without a token
    if match[1] in hub.broken:
        return 503, {}, b""
    if match[2] not in {None, "main", COMMIT}:
        return refused(404, "RevisionNotFound")
    files = {file.name: file for file in hub.folders[match[1]].iterdir()}
    if described:
        return description(match[1], files, tree="/tree/" in path)
    if match[1] in hub.gated:
        return refused(401, "GatedRepo")
    return content(files.get(path.rpartition("/")[2]))


def description(repository: str, files: Mapping[str, Path], *, tree: bool) -> Answer:
    body: object = {
        "id": repository,
        "sha": COMMIT,
        "siblings": [{"rfilename": name} for name in files],
    }
    if tree:
        body = [
            {"type": "file", "path": name, "size": file.stat().st_size, "oid": etag(file)}
            for name, file in files.items()
        ]
    return 200, {}, json.dumps(body).encode()


def content(file: Path | None) -> Answer:
    if file is None:
        return refused(404, "EntryNotFound")
    return 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{etag(file)}"'}, file.read_bytes()


def etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


def refused(code: int, reason: str) -> Answer:
    return code, {"X-Error-Code": reason, "X-Error-Message": reason}, b""


SCRIPT = """
import sys
from inference import Model, resolve_checkpoint
from inference.checkpoint import fetch_checkpoint
from schemas.errors import JobError
checkpoint, revision, recorded = sys.argv[1:]
try:
    resolved = resolve_checkpoint(Model(checkpoint=checkpoint, revision=revision), recorded or None)
    print(resolved.model_dump_json())
    print(fetch_checkpoint(resolved))
except JobError as error:
    print(error)
"""


def fetch_in_process(
    url: str, cache: Path, name: str, revision: str = "main", recorded: str = "", **more: str
) -> list[str]:
    """Resolve and fetch in another process whose hub is at `url`; return the printed lines."""
    environment = environment_of(url, cache) | more
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, name, revision, recorded],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()
