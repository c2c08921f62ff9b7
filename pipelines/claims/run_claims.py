"""How a run shares an output with other runs, and the content of its claims."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import ValidationError

from pipelines.claims.claim_counts import ClaimCounts
from pipelines.concurrency.process_identity import has_ended, machine, process
from pipelines.storage.storage import Storage
from schemas.frozen import Frozen
from schemas.regular_file import NotRegularFile

_active: set[str] = set()  # the runs of this process


class Claim(Frozen):
    """The content of a claim: who made it."""

    run: str
    """The name of the run."""
    host: str
    """The name of the machine on which the run's driver works."""
    machine: str
    """The identity of that machine since its start."""
    process: str
    """The process of the driver, and its start."""

    def has_ended_here(self) -> bool:
        """Return whether the run was one of this machine and has ended."""
        if (self.machine, self.process) == (machine(), process()):
            return self.run not in _active
        return has_ended(self.machine, self.process)


NOBODY = Claim(run="", host="", machine="", process="")


def claim_of(run: str) -> bytes:
    """Return the content of the claims of a run whose driver is this process."""
    claim = Claim(run=run, host=socket.gethostname(), machine=machine(), process=process())
    return claim.model_dump_json().encode()


def find_claim(path: str, storage: Storage) -> Claim | None:
    """Read the claim at a path; NOBODY if it names no run, None if it is gone."""
    try:
        return Claim.model_validate_json(storage.read_bytes(path))
    except ValidationError:
        return NOBODY
    except (FileNotFoundError, NotRegularFile):
        return None


@dataclass(frozen=True)
class RunClaims:
    """The claims of one run."""

    run: str = ""  # its name; "" for one that no other run has to know
    listed: float = field(default_factory=time.monotonic)  # when the listing of its plan began
    waits: bool = True  # for units that other runs work on
    alone: bool = False  # other runs have other units
    on_wait: Callable[[str], None] = lambda _: None  # gets a line for people
    counts: ClaimCounts = field(default_factory=ClaimCounts)
    closers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def content(self) -> bytes:
        """The content of each claim."""
        return claim_of(self.run) if self.run else b""

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let other runs of this process know that this run is at work, in the `with` block."""
        _active.add(self.run)
        try:
            yield
        finally:
            _active.discard(self.run)

    def close(self) -> None:
        """Delete the claims that the run still has, after its summary is written."""
        while self.closers:
            self.closers.pop()()


ALONE = RunClaims()  # of a run that no other run has to know
