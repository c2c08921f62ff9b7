"""Sorts the files of an output's control folder by their purpose."""

from pipelines.output.forgotten import is_forgotten_list
from pipelines.output.manifest import record_of_manifest

_FOLDERS = ("runs", "counts", "heartbeats", "drift")  # of objects with a name and an ending


class ControlFiles:
    """The files of `_shardmill`, by their names below it."""

    def __init__(self) -> None:
        self.temporary: list[str] = []  # paths
        self.notes: dict[str, str] = {}  # path of a failure report, report or attempt -> its unit
        self.attempts: dict[str, int] = {}  # unit -> highest number of an attempt marker
        self.failed: list[str] = []  # units
        self.manifests: list[str] = []  # names
        self.forgotten: list[str] = []  # names
        self.last_run = ""  # the run whose summary was written last, by the storage's clock
        self._last_written: tuple[float, str] = (0.0, "")
        self._stems: dict[str, list[str]] = {folder: [] for folder in _FOLDERS}

    def add(self, path: str, name: str, modified: float | None = None) -> None:
        """Add a file; `name` is the part of its path below the control folder.

        `modified` is when it was written, in seconds since 1970 by the storage's clock.
        """
        kind, _, rest = name.partition("/")
        stem, _, suffix = rest.rpartition(".")
        if name.endswith(".tmp"):
            self.temporary.append(path)
        elif kind == "attempts" and suffix.isdecimal():
            self.attempts[stem] = max(int(suffix), self.attempts.get(stem, 0))
            self.notes[path] = stem
        elif kind == "failed":
            self.failed.append(stem)
            self.notes[path] = stem
        elif kind == "reports":  # each in a folder of its run
            self.notes[path] = stem.partition("/")[2]
        elif kind in self._stems:
            self._stems[kind].append(stem)
            if kind == "runs" and (written := (modified or 0.0, stem)) > self._last_written:
                self._last_written, self.last_run = written, stem
        elif record_of_manifest(kind) is not None and not rest:
            self.manifests.append(kind)
        elif is_forgotten_list(kind) and not rest:
            self.forgotten.append(kind)

    def stems(self, folder: str) -> tuple[str, ...]:
        """Return the names of the files of one of _FOLDERS, without their endings, sorted."""
        return tuple(sorted(self._stems[folder]))
