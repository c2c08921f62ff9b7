"""Counts the rows of an output from the footers of its files."""

from dataclasses import dataclass
from itertools import tee

import numpy as np
import numpy.typing as npt

from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.footers import read_footers
from pipelines.output.output import Output
from schemas.report import Counts
from schemas.units import NameIndex


@dataclass(frozen=True, slots=True)
class OutputContents:
    """The counts of an output's rows, its complete units, and the files that are not of its job."""

    counts: Counts  # of the job's own files
    complete: npt.NDArray[np.bool_]  # which units are committed whole, all files by this job
    strangers: tuple[str, ...]  # files of other jobs, or of no unit; relative to the output
    units: NameIndex  # the names of the units

    @property
    def num_complete(self) -> int:
        return int(self.complete.sum())

    def is_complete(self, unit: str) -> bool:
        """Return whether a unit is committed whole, all files by this job."""
        position = self.units.find(unit)
        return position is not None and bool(self.complete[position])


def read_contents(output: Output) -> OutputContents:
    """Read the footers of all committed files; raise JobError if a file is damaged."""
    fingerprint = fingerprint_of(output.record)
    counts = Counts()
    strangers = list(output.listing.strangers)
    complete = output.listing.complete.copy()
    names, files = tee(
        (unit, file) for unit, progress in output.listing.committed() for file in progress.files
    )
    footers = read_footers(output.storage, output.layout, (file for _, file in files))
    for (unit, file), footer in zip(names, footers, strict=True):
        if (footer.fingerprint, footer.unit) == (fingerprint, unit):
            counts += footer.counts
        else:
            strangers.append(file)
            complete[output.listing.units.find(unit)] = False
    return OutputContents(counts, complete, tuple(sorted(strangers)), output.listing.units)
