"""Tests that a server ends with the process that started it, however that process ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.object_servers import request

from pipelines.storage.resolve import AnyStorage

STARTER = """
import os, sys, time
from support import object_servers
with object_servers.moto() as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


def test_a_new_bucket_is_reached_and_empty(s3_bucket: str) -> None:
    storage = AnyStorage()
    assert list(storage.list(s3_bucket)) == []
    storage.write_bytes(f"{s3_bucket}/a", b"content")
    assert storage.read_bytes(f"{s3_bucket}/a") == b"content"


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_a_server_ends_with_its_starter(tmp_path: Path, end: signal.Signals | None) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": "tests", "TMPDIR": str(tmp_path)},
        text=True,
        start_new_session=True,
    )
    assert starter.stdin is not None
    assert starter.stdout is not None
    url = starter.stdout.readline().strip()
    request("GET", f"{url}/moto-api/")
    if end:
        os.killpg(starter.pid, end)
    starter.stdin.close()
    starter.wait()
    while _answers(url) or list(tmp_path.iterdir()):  # the guard deletes the server's folder
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        request("GET", f"{url}/moto-api/")
    except OSError:
        return False
    return True
