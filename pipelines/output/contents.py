"""Counts the rows of an output from the footers of its files."""

from dataclasses import dataclass

from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.footers import read_footers
from pipelines.output.output import Output
from schemas.report import Counts


@dataclass(frozen=True, slots=True)
class OutputContents:
    """The counts of an output's rows, its complete units, and the files that are not of its job."""

    counts: Counts  # of the job's own files
    complete: frozenset[str]  # units that are committed whole, all files by this job
    strangers: tuple[str, ...]  # files of other jobs, or of no unit; relative to the output


def read_contents(output: Output) -> OutputContents:
    """Read the footers of all committed files; raise JobError if a file is damaged."""
    units = {
        file: unit
        for unit, progress in output.listing.progress_by_unit.items()
        for file in progress.files
    }
    fingerprint = fingerprint_of(output.record)
    counts = Counts()
    foreign: set[str] = set()
    footers = read_footers(output.storage, output.layout, units)
    for (file, unit), footer in zip(units.items(), footers, strict=True):
        if (footer.fingerprint, footer.unit) == (fingerprint, unit):
            counts += footer.counts
        else:
            foreign.add(file)
    return OutputContents(
        counts,
        frozenset(output.listing.complete_units - {units[file] for file in foreign}),
        tuple(sorted({*output.listing.strangers, *foreign})),
    )
