"""Writes the sentences of a report page."""

from collections.abc import Sequence

from pipelines.display.report_page.numbers import duration, written
from pipelines.display.report_page.samples import ShownSample
from pipelines.display.row_fields import MAX_NAME
from pipelines.display.table_parts import NOT_JUDGED, of_shards, some
from pipelines.display.terminal_safe import plain
from pipelines.operations.running.drift import said
from pipelines.report.report import Bins, Report, RunsReport, ScoreLimit, ScoreReport
from schemas.counted import counted
from schemas.report import Stage

STAGES = {  # as the recorded times name them
    "read": "samples from shards",
    "judge": "filters on files, fields, texts and sizes",
    "header": "sizes of images",
    "decode": "images to pixels",
    "judge_frames": "filters on pixels",
    "wait": "the engine, for prepared images",
    "inference": "the model's answers",
    "held": "an answered block, for the one before it",
    "answers": "parsing and filtering of answers",
    "write": "rows into files",
    "commit": "files into the output",
}


def state_line(report: Report) -> str:
    """Say how far the output is."""
    done = of_shards(report.committed, report.units, report.shards)
    if report.complete:
        return f"complete: {done}"
    if report.committed == report.units and not report.counts.kept:
        return f"no sample is kept: {done} are committed"
    return f"not finished: {done} are committed"


def notes(report: Report) -> list[str]:
    """Return what a reader should know beside the numbers."""
    lines = []
    if not report.complete:
        lines.append("The numbers are about the committed rows alone.")
    if report.in_parts:
        lines.append(f"{counted(report.in_parts, 'shard')} committed in part.")
    if report.begun:
        lines.append(
            f"{counted(report.begun, 'shard')} begun and not committed: a run is at work, or was "
            "interrupted. Run the job again to go on."
        )
    if report.strangers:
        lines.append(
            f"Files that the job did not write: {some(report.strangers)}. They are not counted: "
            "move or delete them."
        )
    lines += [f"The answers changed: {said(change)}." for change in report.changes]
    if report.runs.salvaged:
        names = some(report.runs.salvaged)
        lines.append(f"Committed up to where their shard is damaged: {names}.")
    if report.counts.truncated:
        truncated = counted(report.counts.truncated, "kept image")
        lines.append(f"{truncated} of which the file ends early.")
    if report.counts.left_out:
        lines.append(f"{counted(report.counts.left_out, 'member')} added by macOS left out.")
    for column in report.counts.null_columns():
        lines.append(f"The carried column {plain(column, MAX_NAME)} is null in every kept row.")
    if not report.images_judged:
        lines.append(f"{NOT_JUDGED[0].upper()}{NOT_JUDGED[1:]}.")
    return lines


def score_words(score: ScoreReport) -> str:
    """Describe a score: its range, its median and its thresholds."""
    parts = [_range_of("kept", score.kept), _range_of("not kept", score.others)]
    sentences = ["; ".join(part for part in parts if part) + "."]
    sentences += [_limit_words(limit) for limit in score.limits]
    if not score.stores_zeros:
        sentences.append("Zeros are not stored.")
    return " ".join(sentences)


def bins_words(what: str, bins: Bins) -> str:
    """Describe a histogram of whole numbers."""
    total = sum(bins.numbers)
    return f"{what} of {counted(total, 'answer')}: {_spread(bins)}."


def _range_of(what: str, bins: Bins) -> str:
    number = sum(bins.numbers)
    if not number:
        return ""
    return f"{number:,} {what}: {_spread(bins)}"


def _spread(bins: Bins) -> str:
    """Write the range of values and their median."""
    low, high = written(bins.lowest), written(bins.highest)
    return f"all {low}" if low == high else f"{low} to {high}, median {written(bins.median)}"


def _limit_words(limit: ScoreLimit) -> str:
    side = {"higher": "above", "lower": "below"}[limit.worse]
    other = f"{side} it or equal" if limit.inclusive else f"{side} it"
    action = {"drop": "dropped", "quarantine": "quarantined"}[limit.action]
    return f"Threshold {limit.field} = {written(limit.value)}: {other} is {action}."


def samples_line(report: Report, samples: Sequence[ShownSample], seed: int) -> str:
    """Say how the samples were drawn, and how many have no picture."""
    if not samples:
        return "No sample is kept." if not report.counts.kept else "No sample is shown."
    kept = report.counts.kept
    line = f"{len(samples)} of {kept:,} kept samples, drawn by the seed {seed}, with their boxes "
    line += "and masks. Pictures were read again from the shards."
    without = sum(not sample.picture for sample in samples)
    if without:
        line += f" {counted(without, 'sample')} without a picture: the reason stands in its place."
    return line


def runs_line(runs: RunsReport) -> str:
    """Say how long the runs took, and how fast they were."""
    line = f"{counted(runs.number, 'run')} took {duration(runs.seconds)}"
    if runs.worker_seconds:
        samples = counted(runs.samples, "sample")
        line += (
            f"; workers spent {duration(runs.worker_seconds)} on {samples}, which "
            f"is {runs.samples_per_second:,} samples a second and worker, once loaded"
        )
    version = ", ".join(runs.shardmill)
    return f"{line}.{_waiting(runs)} Shardmill {version}."


def _waiting(runs: RunsReport) -> str:
    """Say how long the engine answered and waited; empty without a model."""
    worked, waited = (runs.stages.get(name, Stage()).seconds for name in ("inference", "wait"))
    if not worked:
        return ""
    waiting = duration(waited)
    return f" The engine answered for {duration(worked)}, and waited for images for {waiting}."


def unreadable_line(runs: RunsReport) -> str:
    number = runs.unreadable
    what = "1 record of a run" if number == 1 else f"{number:,} records of runs"
    return f"{what} cannot be read: left out."
