"""Counts the rows of an output, from recorded counts and from the footers of its files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, tee

import numpy as np
import numpy.typing as npt

from pipelines.output.counts import read_recorded_counts
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.footers import read_footers
from pipelines.output.listing import OutputListing
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


def read_contents(
    output: Output, on_unit: Callable[[str, int, Counts], None] = lambda *_: None
) -> OutputContents:
    """Count the rows of all committed files; raise JobError if a file is damaged.

    Recorded counts are taken where they are valid; footers are read of all other files. `on_unit`
    gets the name, the stamp and the counts of each unit that was counted from footers.
    """
    listing = output.listing
    fingerprint = fingerprint_of(output.record)
    recorded = read_recorded_counts(output.layout, listing, fingerprint, output.storage)
    counts = recorded.counts
    strangers = list(listing.strangers)
    complete = listing.complete.copy()
    names, files = tee(_files(listing, listing.has_files() & ~recorded.covered))
    footers = read_footers(output.storage, output.layout, (file for _, file in files))
    read = zip(names, footers, strict=True)
    for position, group in groupby(read, key=lambda each: each[0][0]):
        unit = listing.units.names[position].as_py()
        of_unit, is_own = Counts(), True
        for (_, file), footer in group:
            if (footer.fingerprint, footer.unit) == (fingerprint, unit):
                of_unit += footer.counts
            else:
                strangers.append(file)
                is_own = False
        counts += of_unit
        complete[position] &= is_own
        if is_own and listing.stamps[position]:
            on_unit(unit, int(listing.stamps[position]), of_unit)
    return OutputContents(counts, complete, tuple(sorted(strangers)), listing.units)


def _files(listing: OutputListing, units: npt.NDArray[np.bool_]) -> Iterator[tuple[int, str]]:
    """Yield position and file of each committed file of these units."""
    for position in np.flatnonzero(units).tolist():
        for file in listing.progress_at(position).files:
            yield position, file
