"""Starts a Ray head for one test, isolated from any other Ray on this machine."""

import itertools
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
from support.ray_session import tried

ROOT = Path(__file__).parents[2]
_TOKEN = secrets.token_hex(32)
_STARTED = "will now block forever"  # in the last line that `ray start --block` prints
_ANY_PORT = ("dashboard-agent-listen-port", "dashboard-agent-grpc-port", "metrics-export-port")

# The command `ray`, without the server of Ray Client: no test needs it, and the head ends with it,
# which it does if a busy machine takes 30 s to start the node.
_WITHOUT_CLIENTS = """
from ray.scripts import scripts
scripts.get_ray_client_dependency_error = lambda: ImportError("not wanted")
scripts.main()
"""


class Head(NamedTuple):
    """A running head."""

    address: str  # of the cluster: host:port
    dashboard: str  # URL
    process: psutil.Process


def environment(**variables: str) -> dict[str, str]:
    """Return an environment in which `ray`, `shardmill` and workers come from this checkout."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    python_path = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    return {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": python_path,
        "PYTHONUNBUFFERED": "1",  # `ray job submit` passes on each line of the job at once
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",  # a token in the home folder is not used
        "RAY_AUTH_TOKEN": _TOKEN,
        **variables,
    }


@contextmanager
def head(
    *options: str,
    host: str = "127.0.0.1",
    ports: Sequence[int] = (),
    prefix: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Iterator[Head]:
    """Start a head with options of `ray start`, and kill it at the end.

    `prefix` is a command that runs other commands, such as `ip netns exec NAME`.
    """

    def start() -> Head:
        cluster, dashboard = ports or free_ports(2)
        words = [*prefix, sys.executable, "-c", _WITHOUT_CLIENTS, "start", "--head", "--block"]
        words += [f"--node-ip-address={host}", f"--port={cluster}", f"--dashboard-port={dashboard}"]
        words += [*(f"--{port}=0" for port in _ANY_PORT), *options]
        process = running.enter_context(_started_once(words, **(variables or {})))
        return Head(f"{host}:{cluster}", f"http://127.0.0.1:{dashboard}", process)

    with ExitStack() as running:
        yield tried(start)


@contextmanager
def started(words: Sequence[str], **variables: str) -> Iterator[psutil.Process]:
    """Run `ray start --block ...` until it has started; kill its process tree at the end."""
    with ExitStack() as running:
        yield tried(lambda: running.enter_context(_started_once(words, **variables)))


@contextmanager
def _started_once(words: Sequence[str], **variables: str) -> Iterator[psutil.Process]:
    """Run `ray start` as `started` does; raise AssertionError if it ends before it has started.

    Ray's sessions are in a temporary folder with a short path, because Ray makes sockets there.
    If Ray ended by itself, what it printed is in the failed test's "Captured stdout teardown".
    """
    # A process that Ray left behind may still write there.
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
        command = subprocess.Popen(
            [*words, f"--temp-dir={folder}"],
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        process = psutil.Process(command.pid)
        assert command.stdout is not None
        lines: list[str] = []
        try:
            for line in iter(command.stdout.readline, ""):
                lines.append(line)
                if _STARTED in line:
                    break
            else:
                raise AssertionError("".join(lines))
            yield process
        finally:
            ended = command.poll() is not None
            kill_process_tree(process)
            printed, _ = command.communicate()
            if ended:
                print(f"Ray ended before the test did: {printed}")


def kill_process_tree(process: psutil.Process) -> None:
    """Kill a process that leads a group, its children and its group, and wait until they end."""
    tree: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        tree = [*process.children(recursive=True), process]
    for member in tree:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    with suppress(ProcessLookupError):  # orphans are in the group, but are no children
        os.killpg(process.pid, signal.SIGKILL)
    psutil.wait_procs(tree)


def free_ports(number: int) -> list[int]:
    """Return different ports at which nothing listens.

    They are below Linux's range of ephemeral ports (32768 and up). Otherwise, another process
    could get one of them for an outgoing connection before Ray listens there.
    """
    candidates = random.SystemRandom().sample(range(20_000, 32_768), 1_000)
    return list(itertools.islice(filter(_is_free, candidates), number))


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("", port)).close()
    except OSError:
        return False
    return True
