"""A Ray head of a test's own, apart from any other Ray on this machine, and all that it starts."""

import os
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

ROOT = Path(__file__).parents[2]
_TOKEN = secrets.token_hex(32)
_BLOCKS = "will now block forever"  # what `ray start --block` says last
_ANY = ("dashboard-agent-listen-port", "dashboard-agent-grpc-port", "metrics-export-port")


class Head(NamedTuple):
    """A head that runs."""

    address: str  # of the cluster: host:port
    dashboard: str  # URL
    process: psutil.Process


def commands(**variables: str) -> dict[str, str]:
    """The environment in which `ray`, `shardmill` and the workers are this checkout's."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    places = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    return {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": places,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",  # and not whichever lies in the home folder
        "RAY_AUTH_TOKEN": _TOKEN,
        **variables,
    }


@contextmanager
def head(
    *options: str,
    host: str = "127.0.0.1",
    ports: Sequence[int] = (),
    within: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Iterator[Head]:
    """A head with these options of `ray start`, by the command `within`; killed at the end."""
    cluster, dashboard, client = ports or free_ports(3)
    words = [*within, "ray", "start", "--head", "--block", f"--node-ip-address={host}"]
    words += [f"--port={cluster}", f"--dashboard-port={dashboard}"]
    words += [f"--ray-client-server-port={client}", *(f"--{port}=0" for port in _ANY), *options]
    with started(words, **(variables or {})) as process:
        yield Head(f"{host}:{cluster}", f"http://127.0.0.1:{dashboard}", process)


@contextmanager
def started(words: Sequence[str], **variables: str) -> Iterator[psutil.Process]:
    """`ray start --block ...` that has started; it and all below it are killed at the end.

    Its sessions lie in a folder of its own, whose path is short: Ray makes sockets in there.
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        begun = subprocess.Popen(
            [*words, f"--temp-dir={short}"],
            env=commands(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        process = psutil.Process(begun.pid)
        assert begun.stdout is not None
        told: list[str] = []
        try:
            for line in iter(begun.stdout.readline, ""):
                told.append(line)
                if _BLOCKS in line:
                    break
            else:
                raise AssertionError("".join(told))
            yield process
        finally:
            kill_with_all_below(process)
            begun.communicate()


def kill_with_all_below(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        tree = [*process.children(recursive=True), process]
        for each in tree:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        with suppress(ProcessLookupError):  # what lost its parent is no child any more
            os.killpg(process.pid, signal.SIGKILL)
        psutil.wait_procs(tree)


def free_ports(number: int) -> list[int]:
    """Ports that nothing listens at, all different."""
    with ExitStack() as held:
        taken = [held.enter_context(socket.create_server(("", 0))) for _ in range(number)]
        return [each.getsockname()[1] for each in taken]
