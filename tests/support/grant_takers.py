"""Processes that take all grants of a bound, note each one, and die where a test tells them."""

import builtins
import errno
import os
import signal
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Literal

from support.shardmill_process import CONTEXT, start_forked

from pipelines.output.layout import Layout
from pipelines.output.request_grants import RequestGrants
from pipelines.storage.local import LocalStorage

FILTER = "text_safety_google"
_LOG = "taken.txt"  # in the folder of the output: the size of each grant that was returned
# Where a process kills itself: before its file has its name, after that, or, where no hard links
# are, between the creation of the file and its content.
Death = Literal["never", "before the link", "after the link", "before the content"]


def start(
    folder: Path, bound: int, death: Death = "never", links: bool = True
) -> ForkServerProcess:
    """Start a process that takes grants until none is left; without `links` as on exFAT."""
    process = CONTEXT.Process(target=_take_all, args=(str(folder), bound, death, links))
    return start_forked(process, ("pipelines.output.request_grants", __name__))


def taken(folder: Path) -> list[int]:
    """Return the sizes of the grants that processes have taken and noted."""
    log = folder / _LOG
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def _take_all(folder: str, bound: int, death: Death, links: bool) -> None:
    _prepare(death, links)
    log = os.open(f"{folder}/{_LOG}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    grants = RequestGrants(Layout(folder), LocalStorage())
    while size := grants.take(FILTER, bound):
        os.write(log, f"{size}\n".encode())


def _prepare(death: Death, links: bool) -> None:
    """Change this process's file functions as a process that dies, or lacks links, needs them."""
    link, open_file = os.link, builtins.open

    def link_and_die(*names: Any) -> None:
        if death == "after the link":
            link(*names)
        _die()

    def open_and_die(path: Any, mode: str = "r", **options: Any) -> Any:
        opened = open_file(path, mode, **options)
        if mode == "xb" and str(path).endswith(".grant"):
            _die()
        return opened

    def no_link(*_: Any) -> None:
        raise OSError(errno.EPERM, "no hard links")

    os.fsync = lambda _: None  # killing a process loses nothing that it wrote
    changed: Callable[..., None] = link if links else no_link
    os.link = link_and_die if "the link" in death else changed
    if death == "before the content":
        builtins.open = open_and_die  # type: ignore[assignment]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
