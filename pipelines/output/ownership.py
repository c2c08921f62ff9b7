"""Makes sure, before each commit, that an output still belongs to the job of a run."""

from collections.abc import Sequence

from pipelines.output.forgotten import is_forgotten_list
from pipelines.output.layout import Layout
from pipelines.output.record import RecordId, check_still_own, newest_record
from pipelines.storage.storage import Storage
from schemas.errors import JobError


class Ownership:
    """A check that takes one listing of the control folder; records are read if that is new.

    A worker has one, so that a healthy unit costs one request for it.
    """

    def __init__(
        self,
        layout: Layout,
        own: RecordId | None,
        fingerprint: str,
        storage: Storage,
        forgotten: Sequence[str] = (),
    ) -> None:
        """Check the output for a run with the record `own`; None: no output is written.

        `forgotten` names the lists of samples to forget that the run knows.
        """
        self._forgotten = frozenset(map(layout.forgotten, forgotten))
        self._layout = layout
        self._own = own
        self._fingerprint = fingerprint
        self._storage = storage
        self._checked: frozenset[tuple[str, str]] = frozenset()  # path and version of each record
        self._just_checked = False

    def check(self) -> None:
        """Raise JobError if the output was deleted, or begun by another job, since it was planned.

        Also if it was told to forget further samples. Call this before a commit.
        """
        if self._own is None:
            return
        entries = list(self._storage.list(self._layout.control, recursive=False))
        lists = {each.path for each in entries if is_forgotten_list(each.path.rpartition("/")[2])}
        if not lists <= self._forgotten:
            raise JobError(
                f"output: {self._layout.root} was told to forget samples since this run began: run "
                "again"
            )
        records = frozenset(
            (entry.path, entry.version)
            for entry in entries
            if newest_record(self._layout, [entry.path]) is not None
        )
        own = self._layout.record(self._own.number)
        # Listed before it is read: what is read is of the version that was listed, or newer.
        if records != self._checked or all(path != own for path, _ in records):
            check_still_own(self._layout, self._own, self._fingerprint, self._storage)
            self._checked = records
        self._just_checked = True

    def check_before_unit(self) -> None:
        """Check the output before a unit is begun, unless the unit before has just done that."""
        if not self._just_checked:
            self.check()
        self._just_checked = False
