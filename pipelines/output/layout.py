"""The names and paths of all files of an output."""

import re
from dataclasses import dataclass

# Bytes of the longest ending of a file of a unit: that of the last of up to 10,000,000 parts.
LONGEST_ENDING = len(".9999999-end.parquet")
# No file in it matches *.parquet, and no ending of a file in it is one that Hugging Face's loader
# of folders knows, such as .json and .arrow: the loader takes the commonest ending for the data's.
CONTROL_FOLDER = "_shardmill"
PART_NAME = re.compile(r"(?P<unit>.+)\.(?P<number>\d{5,})(?P<end>-end)?")


def whole_file(unit: str) -> str:
    """Return the file name of a unit with at most `max_samples_per_file` samples."""
    return f"{unit}.parquet"


def unit_of_part(name: str) -> str | None:
    """Return the unit of which `name`, without extension, would be a part; None for other names."""
    part = PART_NAME.fullmatch(name)
    return part["unit"] if part else None


def part_file(unit: str, number: int, last: bool) -> str:
    """Return the file name of one part of a larger unit.

    The name of the last part ends in `-end`, so that a listing shows which units are complete.
    """
    return f"{unit}.{number:05d}{'-end' if last else ''}.parquet"


def unit_of_file(name: str) -> str | None:
    """The unit that may have a file of this name in some folder of the output; None for others."""
    stem, _, extension = name.rpartition(".")
    if extension == "parquet":
        return unit_of_part(stem) or stem
    return stem if extension == "record" or extension.isdecimal() else None  # reports, attempts


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one output."""

    root: str  # absolute

    def file(self, name: str) -> str:
        return f"{self.root}/{name}"

    @property
    def control(self) -> str:
        return f"{self.root}/{CONTROL_FOLDER}"

    def record(self, number: int) -> str:
        """The first record of the output, job.record, or one of those that replaced it."""
        name = f"job.{number:05d}.record" if number else "job.record"
        return f"{self.root}/{CONTROL_FOLDER}/{name}"

    @property
    def earlier_record(self) -> str:
        """The record of an output by a version before 0.1, which no command reads."""
        return f"{self.root}/{CONTROL_FOLDER}/job.json"

    @property
    def dataset_config(self) -> str:
        return f"{self.root}/.huggingface.yaml"

    def forgotten(self, name: str) -> str:
        """A list of samples that the output was told to forget."""
        return f"{self.root}/{CONTROL_FOLDER}/{name}"

    def manifest(self, name: str) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/{name}"

    @property
    def success(self) -> str:
        return f"{self.root}/_SUCCESS"

    @property
    def reports(self) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/reports"

    def reports_of(self, run: str) -> str:
        return f"{self.reports}/{run}"

    def report(self, run: str, unit: str) -> str:
        return f"{self.reports}/{run}/{unit}.record"

    @property
    def device(self) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/device"

    @property
    def heartbeats(self) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/heartbeats"

    @property
    def runs(self) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/runs"

    @property
    def failures(self) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/failed"

    @property
    def attempts(self) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/attempts"

    def heartbeat(self, run: str) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/heartbeats/{run}.record"

    def counts(self, name: str) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/counts/{name}.record"

    def request_grant(self, filter: str, number: int) -> str:
        """The file by which a process has taken requests of a filter's `max_requests`."""
        return f"{self.root}/{CONTROL_FOLDER}/requests/{filter}/{number:05d}.grant"

    def evaluation(self, name: str) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/evaluations/{name}.record"

    def evaluation_scores(self, name: str) -> str:
        """The Parquet file of the scores of samples; its ending keeps it from readers of rows."""
        return f"{self.root}/{CONTROL_FOLDER}/evaluations/{name}.scores"

    @property
    def canary(self) -> str:
        """What the units of the last canary cost."""
        return f"{self.root}/{CONTROL_FOLDER}/canary.record"

    def drift(self, name: str) -> str:
        """What a run knows of its answers, or the first units of a task."""
        return f"{self.root}/{CONTROL_FOLDER}/drift/{name}.record"

    def run(self, run: str) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/runs/{run}.record"

    def failed(self, unit: str) -> str:
        return f"{self.root}/{CONTROL_FOLDER}/failed/{unit}.record"

    def attempt(self, unit: str, number: int) -> str:
        """The marker of an attempt, which is the claim of the run that makes it."""
        return f"{self.root}/{CONTROL_FOLDER}/attempts/{unit}.{number}"
