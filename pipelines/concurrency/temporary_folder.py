"""Temporary folders, which hold texts of samples: a later process deletes those of killed ones."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.concurrency.process_identity import has_ended, machine, process

_PREFIX = "shardmill-"
_OWNER = "owner"  # the file that names machine and process


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Lend a new folder in the temporary folder (`TMPDIR`), and delete it at the end.

    Folders of this user whose processes on this machine have ended are deleted first.
    """
    _delete_abandoned(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        folder = Path(name)
        (folder / "new").write_text(f"{machine()}\n{process()}", encoding="utf-8")
        (folder / "new").rename(folder / _OWNER)  # whole or not at all
        yield folder


def _delete_abandoned(folder: Path) -> None:
    with suppress(OSError), os.scandir(folder) as items:
        for item in items:
            if item.name.startswith(_PREFIX):
                with suppress(OSError, ValueError):  # deleted meanwhile, or of something else
                    _delete_if_abandoned(item)


def _delete_if_abandoned(item: "os.DirEntry[str]") -> None:
    status = item.stat(follow_symlinks=False)
    owner = os.path.join(item.path, _OWNER)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return
    if stat.S_ISREG(os.lstat(owner).st_mode):
        on_machine, _, named = Path(owner).read_text(encoding="utf-8").partition("\n")
        if has_ended(on_machine, named):
            shutil.rmtree(item.path)
