"""Hosts with a network of their own, as namespaces of this machine: they share its files alone."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

_NETWORK = "198.18.77"  # of addresses set aside for tests of network devices (RFC 2544)


class Host(NamedTuple):
    """One host."""

    address: str
    within: tuple[str, ...]  # the command that runs others on it
    cut: tuple[str, ...]  # the command that takes its link away


def why_not() -> str | None:
    """What this machine lacks for hosts, if anything."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "network namespaces need root and iproute2"
    name = f"shardmill-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode:
        return "network namespaces cannot be made here"
    links = [("bridge", "type", "bridge"), ("end", "type", "veth", "peer", "name", "other")]
    made = [
        subprocess.run(["ip", "-n", name, "link", "add", *link], check=False, capture_output=True)
        for link in links
    ]
    _ip("netns", "delete", name)
    if any(each.returncode for each in made):
        return "bridges and links between namespaces cannot be made here"
    return None


@contextmanager
def hosts(number: int) -> Iterator[list[Host]]:
    """So many, each linked to a switch, which is a namespace too."""
    names = [f"shardmill-{os.getpid()}-{each}" for each in ("switch", *range(number))]
    switch, *others = names
    with ExitStack() as made:
        for name in names:
            _ip("netns", "add", name)
            made.callback(_ip, "netns", "delete", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        found = []
        for index, name in enumerate(others):
            address, link = f"{_NETWORK}.{index + 1}", f"link{index}"
            ends = ["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name]
            _ip("-n", switch, *ends)
            _ip("-n", switch, "link", "set", link, "master", "bridge", "up")
            _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            cut = ("ip", "-n", switch, "link", "set", link, "down")
            found.append(Host(address, ("ip", "netns", "exec", name), cut))
        yield found


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
