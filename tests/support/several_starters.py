"""Rounds in which several runs start on one new output, and some are killed."""

import random
import time
from pathlib import Path

from support import starters
from support.sample_data import job, pairs, write_shard

from pipelines.config.job import Job
from pipelines.operations.verify import verify
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.footers import read_footer
from pipelines.output.output import open_output
from pipelines.storage.local import LocalStorage

UNITS = 5
RUNNER = {"claim_seconds": 4}  # so that a run looks each second what others have done


class Rounds:
    """Jobs over the same shards, each with the files that an undisturbed run of it writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for unit in range(UNITS):
            write_shard(folder / f"shards/{unit:05}.tar", pairs(3 + unit % 3, unit))
        self._jobs = [self._job(min_words=2, part=2), self._job(4, 2), self._job(2, 3)]
        self._expected: list[dict[str, bytes]] = []
        for number, each in enumerate(self._jobs):
            undisturbed = self._into(each, folder / f"undisturbed-{number}")
            assert starters.run_unsynced(undisturbed).outcome == "complete"
            self._expected.append(_parquet(Path(undisturbed.output)))

    def _job(self, min_words: int, part: int) -> Job:
        filters = [{"kind": "text_quality", "min_words": min_words}]
        given = {"shards": f"{self._folder}/shards/*.tar", "max_samples_per_file": part}
        keys = {"filters": filters, "input": given, "runner": RUNNER}
        return job(self._folder, model=None, tasks={}, **keys)

    @staticmethod
    def _into(each: Job, output: Path) -> Job:
        return each.model_copy(update={"output": str(output)})

    def play(self, seed: int, output: Path) -> None:
        """Start two to five runs at random moments, kill some, and check what they leave."""
        chance = random.Random(f"several starters/{seed}")
        numbers = [chance.randrange(len(self._jobs)) for _ in range(chance.randint(2, 5))]
        if chance.random() < 0.3:  # all start the same job
            numbers = [numbers[0]] * len(numbers)
        running = []
        for number in numbers:
            running.append(starters.start(self._into(self._jobs[number], output)))
            time.sleep(chance.choice((0, 0, chance.uniform(0, 0.1))))
        killed = [process for process in running if chance.random() < 0.4]
        for process in killed:
            time.sleep(chance.uniform(0, 0.1))
            process.kill()
        for process in running:
            process.join()
        codes = [process.exitcode for process in running if process not in killed]
        assert set(codes) <= {0, starters.REFUSED}, codes
        if len(set(numbers)) == 1:
            assert set(codes) <= {0}, codes
        self._check(output)

    def _check(self, output: Path) -> None:
        if not (output / "_shardmill/job.record").exists():
            assert not _parquet(output)
            return
        storage = LocalStorage()
        fingerprint = fingerprint_of(open_output(str(output)).record)
        files = _parquet(output)
        for name in files:
            assert read_footer(storage, str(output / name)).fingerprint == fingerprint
        if (output / "_SUCCESS").exists():
            assert verify(str(output)).problems == ()
        fingerprints = [self._fingerprint(number) for number in range(len(self._jobs))]
        winner = fingerprints.index(fingerprint)
        assert starters.run_unsynced(self._into(self._jobs[winner], output)).outcome == "complete"
        assert _parquet(output) == self._expected[winner]
        assert verify(str(output)).problems == ()

    def _fingerprint(self, number: int) -> str:
        return fingerprint_of(open_output(str(self._folder / f"undisturbed-{number}")).record)


def _parquet(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.parquet")}
