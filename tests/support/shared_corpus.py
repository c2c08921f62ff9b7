"""A job over small shards of several sizes, which several processes run on one output."""

import shutil
from pathlib import Path
from typing import Any

from support import starters
from support.bucket_jobs import STORAGE, rows_written
from support.sample_data import job, pairs, write_shard
from support.synchronized_run import require_processes

from pipelines.config.job import Job
from pipelines.operations.verify import verify
from pipelines.output.layout import Layout
from schemas.report import Summary


class SharedCorpus:
    """Shards in a folder, and the files that one undisturbed process writes for them.

    With `waits`, the first unit of a process waits until so many processes have begun one as
    `wait_for` says.
    """

    def __init__(self, folder: Path, shards: int, *, waits: bool = False) -> None:
        self._folder = folder
        self.shards = shards
        self._filters: list[dict[str, Any]] = [{"kind": "text_quality", "min_words": 3}]
        if waits:
            kind = "support.synchronized_run:BarrierFilter"
            self._filters.append({"kind": kind, "folder": f"{folder}/begun"})
            self.wait_for(1)
        for number in range(shards):
            write_shard(folder / f"shards/{number:05}.tar", pairs(2 + number % 7, number))
        undisturbed = self.job(f"{folder}/expected")
        assert starters.run_unsynced(undisturbed).outcome == "complete"
        self._expected = rows_written(undisturbed.output)

    def job(self, output: Path | str, **runner: Any) -> Job:
        """Return the job, without a model, into a folder or a bucket."""
        return job(
            self._folder,
            model=None,
            tasks={},
            filters=self._filters,
            input={"shards": f"{self._folder}/shards/*.tar", "max_samples_per_file": 5},
            runner={"claim_seconds": 2, "decode_threads": 1, **runner},
        ).model_copy(update={"output": str(output)})

    @property
    def num_files(self) -> int:
        """The number of files of a complete output."""
        return len(self._expected)

    def wait_for(self, processes: int) -> None:
        begun = self._folder / "begun"
        shutil.rmtree(begun, ignore_errors=True)
        require_processes(begun, processes)

    def check(self, output: Path | str) -> None:
        """Check that an output is complete, and has the files of the undisturbed process."""
        layout = Layout(str(output))
        assert STORAGE.entry(layout.success) is not None
        assert rows_written(layout.root) == self._expected
        assert verify(layout.root).problems == ()


def units_done(output: Path | str) -> list[int]:
    """Return the number of units that each run of an output has done."""
    entries = list(STORAGE.list(Layout(str(output)).runs))
    summaries = [Summary.model_validate_json(STORAGE.read_bytes(each.path)) for each in entries]
    return [summary.units_here for summary in summaries]
