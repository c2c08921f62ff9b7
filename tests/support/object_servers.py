"""Starts servers of object stores on this machine; they end with the process that started them."""

import base64
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

ROOT = Path(__file__).parents[2]
GUARD = Path(__file__).with_name("guard.py")

# The environment of the servers, which `make test-stores` makes from tests/stores.
SERVERS = Path(os.environ.get("STORE_SERVERS", ROOT / ".venv-stores"))

# Variables by which clients find a server or credentials: none of the user's may reach a test.
FOREIGN = ("AWS_", "GOOGLE_", "AZURE_", "AZURITE_", "CLOUDSDK_", "STORAGE_EMULATOR_")

# Everybody may make buckets in SeaweedFS; requests that are signed need the right key.
IDENTITIES = [
    {
        "name": "tests",
        "credentials": [{"accessKey": "test", "secretKey": "test"}],
        "actions": ["Admin"],
    },
    {"name": "anonymous", "actions": ["Admin"]},
]

AZURITE = "node_modules/.bin/azurite-blob"  # which npm installs

START_SECONDS = 600  # of looks, on a busy machine


class ObjectServer(NamedTuple):
    """A running server of an object store."""

    scheme: str  # of the URLs of its objects: s3, gs or az
    url: str  # of the server itself
    environment: Mapping[str, str]  # by which a process reaches the server
    make: Callable[[str], None]  # makes a bucket of this name

    def new_bucket(self) -> str:
        """Make an empty bucket and return its URL; no two buckets have the same name."""
        name = f"bucket-{secrets.token_hex(6)}"
        self.make(name)
        return f"{self.scheme}://{name}"


def environment_of(server: ObjectServer) -> dict[str, str]:
    """Return this process's environment with the server's variables, and no others of a cloud."""
    unrelated = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN) and not name.lower().endswith("_proxy")
    }
    return unrelated | dict(server.environment)


@contextmanager
def moto(**environment: str) -> Iterator[ObjectServer]:
    """Run moto: S3 in memory, which accepts every key; `environment` holds its own settings."""
    command = str(_installed("bin/moto_server"))
    started = _started(
        lambda port, _: [command, "-H", "127.0.0.1", "-p", str(port)], "/moto-api/", environment
    )
    with started as url:
        yield s3_server(url)


@contextmanager
def seaweedfs() -> Iterator[ObjectServer]:
    """Run SeaweedFS: S3 on disk. It refuses keys that it does not know."""
    weed = str(_installed("bin/weed"))
    names = ("s3", "master", "volume", "filer")  # each has a second port, for gRPC

    def command(port: int, folder: str) -> list[str]:
        config = Path(folder) / "s3.json"
        config.write_text(json.dumps({"identities": IDENTITIES}))
        ports = [f"-{name}.port={port + n}" for n, name in enumerate(names)]
        ports += [f"-{name}.port.grpc={port + 4 + n}" for n, name in enumerate(names)]
        sockets = [f"-{name}.localSocket={folder}/{name}.sock" for name in ("s3", "filer")]
        return [
            weed,
            *(f"-logdir={folder}", "server", f"-dir={folder}", "-ip=127.0.0.1"),
            *("-ip.bind=127.0.0.1", "-master.telemetry=false", "-volume.max=1000"),
            *("-master.volumeSizeLimitMB=64", "-s3", f"-s3.config={config}", "-s3.iam=false"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", *ports, *sockets),
        ]

    with _started(command, "/status", ports=2 * len(names)) as url:
        yield s3_server(url)
    last = int(url.rpartition(":")[2])
    for port in range(last, last + 2 * len(names)):  # the server leaves its sockets there
        for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
            path.unlink(missing_ok=True)


@contextmanager
def gcs(s3: ObjectServer, folder: Path) -> Iterator[ObjectServer]:
    """Run Google Cloud Storage's XML interface before moto; `folder` gets a file of credentials."""
    target = s3.url.removeprefix("http://")
    front = str(Path(__file__).with_name("gcs_front.py"))
    with _started(lambda port, _: [sys.executable, "-I", front, str(port), target], "/") as url:
        account = folder / "service-account.json"
        keys = {"client_email": "", "private_key": "", "private_key_id": ""}
        account.write_text(json.dumps({**keys, "gcs_base_url": url, "disable_oauth": True}))
        environment = {"STORAGE_EMULATOR_HOST": url, "GOOGLE_SERVICE_ACCOUNT": str(account)}
        yield ObjectServer("gs", url, environment, lambda name: request("PUT", f"{url}/{name}"))


def has_azurite() -> bool:
    return (SERVERS / AZURITE).exists()


@contextmanager
def azurite() -> Iterator[ObjectServer]:
    """Run Azurite: Azure's store of blobs, on disk."""
    from support.azure_container import make_container

    command = str(_installed(AZURITE))
    account, key = "tests", base64.b64encode(secrets.token_bytes(64)).decode()
    started = _started(
        lambda port, folder: [
            command,
            *("--silent", "--skipApiVersionCheck", "--disableTelemetry", "--location", folder),
            *("--blobHost", "127.0.0.1", "--blobPort", str(port)),
        ],
        "/",
        {"AZURITE_ACCOUNTS": f"{account}:{key}"},
    )
    with started as url:
        environment = {
            "AZURE_STORAGE_ACCOUNT_NAME": account,
            "AZURE_STORAGE_ACCOUNT_KEY": key,
            "AZURE_STORAGE_ENDPOINT": f"{url}/{account}",
        }
        yield ObjectServer(
            "az", url, environment, lambda name: make_container(url, account, key, name)
        )


def s3_server(url: str, key: str = "test", secret: str = "test") -> ObjectServer:
    """Describe an S3 server that already runs at `url`, and makes buckets for everybody."""
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": "us-east-1",
    }
    return ObjectServer("s3", url, environment, lambda name: request("PUT", f"{url}/{name}"))


def request(method: str, url: str, body: bytes | None = None, **headers: str) -> None:
    """Send a request without a signature; raise an error unless it succeeds."""
    message = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(message, timeout=300):
        pass


def _installed(name: str) -> Path:
    path = SERVERS / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run make test-stores, which installs it")
    return path


@contextmanager
def _started(
    command: Callable[[int, str], list[str]],
    ready: str,
    environment: Mapping[str, str] | None = None,
    ports: int = 1,
) -> Iterator[str]:
    """Start a server and yield its URL when it answers below it at the path `ready`.

    `command` gets a free port, after which further ones up to `ports` are free too, and a folder
    for the server's files.
    """
    for last in (False, False, True):  # another process may take the port in between
        port, folder = free_ports(ports), tempfile.mkdtemp(prefix="object-server-")
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), folder, *command(port, folder)],
            stdin=subprocess.PIPE,
            env={**os.environ, **(environment or {}), "TMPDIR": folder},
            start_new_session=True,  # a signal to the group of the tests does not end the guard
        )
        assert process.stdin is not None
        url = f"http://127.0.0.1:{port}"
        try:
            if _answers(url + ready, process) and _listens(process, port):
                yield url
                return
            log = (Path(folder) / "log").read_text(errors="replace")[-2000:]
        finally:
            process.stdin.close()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)
        if last:
            raise RuntimeError(f"the server of {ready} does not answer:\n{log}")


def _answers(url: str, process: "subprocess.Popen[bytes]") -> bool:
    """Wait until a server answers, whatever it says; return False if its process ends."""
    for _ in range(START_SECONDS * 20):
        if process.poll() is not None:
            return False
        try:
            request("GET", url)
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Return whether what listens at a port is this process or one of its children."""
    parent = psutil.Process(process.pid)
    with suppress(psutil.Error):
        for member in (parent, *parent.children(recursive=True)):
            if any(each.laddr.port == port for each in member.net_connections("tcp4")):
                return True
    return False


def free_ports(count: int = 1) -> int:
    """Return a port of 127.0.0.1 that is free, as are the `count` - 1 after it.

    Ports from 32,768 on are given to connections by the system, so they may be taken at any moment.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        if all(_is_free(port + n) for n in range(count)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
