"""Simulates hosts by network namespaces: they share this machine's files, not its network."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

_NETWORK = "198.18.77"  # addresses reserved for tests of network devices (RFC 2544)


class Host(NamedTuple):
    """A simulated host."""

    address: str
    prefix: tuple[str, ...]  # a command that runs other commands on this host
    unplug: tuple[str, ...]  # the command that takes down the host's link


def why_unavailable() -> str | None:
    """Return the reason why this machine cannot simulate hosts, or None."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "network namespaces need root and iproute2"
    name = f"shardmill-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode:
        return "network namespaces cannot be made here"
    links = [("bridge", "type", "bridge"), ("end", "type", "veth", "peer", "name", "other")]
    results = [
        subprocess.run(["ip", "-n", name, "link", "add", *link], check=False, capture_output=True)
        for link in links
    ]
    _ip("netns", "delete", name)
    if any(result.returncode for result in results):
        return "bridges and links between namespaces cannot be made here"
    return None


@contextmanager
def simulated_hosts(number: int) -> Iterator[list[Host]]:
    """Create hosts, each linked to a switch, which is a namespace too; delete them at the end."""
    names = [f"shardmill-{os.getpid()}-{name}" for name in ("switch", *range(number))]
    switch, *others = names
    with ExitStack() as stack:
        for name in names:
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "delete", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        hosts = []
        for index, name in enumerate(others):
            address, link = f"{_NETWORK}.{index + 1}", f"link{index}"
            ends = ["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name]
            _ip("-n", switch, *ends)
            _ip("-n", switch, "link", "set", link, "master", "bridge", "up")
            _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            unplug = ("ip", "-n", switch, "link", "set", link, "down")
            hosts.append(Host(address, ("ip", "netns", "exec", name), unplug))
        yield hosts


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
