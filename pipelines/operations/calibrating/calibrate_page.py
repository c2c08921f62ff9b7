"""Draws a stratified sample by a score, and writes the page on which a person decides it.

Only kept samples, and those that the calibrated filter quarantined, are drawn: what a filter
dropped is shown nowhere.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipelines.annotation.worker_faults import worker_faults
from pipelines.calibration.draw import DrawnRow, StratifiedDraw
from pipelines.calibration.scores import OUTCOMES
from pipelines.calibration.strata import stratum_edges
from pipelines.operations.calibrate import AskedScore, choose_score
from pipelines.operations.calibrating.score_rows import ChosenScore, ScoreRows, open_score_rows
from pipelines.operations.calibrating.score_table import ScoreTable, TableCounter
from pipelines.operations.review import Progress
from pipelines.operations.stored_samples.review_samples import (
    ChosenSample,
    LeftOut,
    ReviewSampleReader,
)
from pipelines.output.fingerprint import fingerprint_of
from pipelines.review import Drawn, write_review_page
from pipelines.storage.storage import Storage

_SHOWN = (OUTCOMES.index("kept"), OUTCOMES.index("quarantined"))


class CalibrationPage(NamedTuple):
    """What is on a page."""

    table: ScoreTable
    samples: int
    left_out: list[LeftOut]


class DrawRequest(NamedTuple):
    """How many samples to draw, and by which seed."""

    samples: int = 200
    seed: int = 0


def write_calibration_page(
    output: str,
    asked: AskedScore,
    file: Path,
    request: DrawRequest,
    storage: Storage | None = None,
    *,
    progress: Progress,
) -> CalibrationPage:
    """Write a page with a stratified sample, which follows from the output and the seed alone.

    The page shows no scores, so that they do not influence the person. It appears whole or not at
    all; none is written if no sample can be shown. Raises JobError as `count_thresholds`.
    """
    rows = open_score_rows(output, asked.filter, storage)
    chosen = choose_score(rows, asked)
    counter = TableCounter(rows, chosen)
    draw = StratifiedDraw(
        stratum_edges(chosen.counts.shown, chosen.cut), chosen.cut, request.samples, request.seed
    )
    for unit, batch, scored in rows.read(["index"]):
        counter.add(scored)
        values = scored.values(chosen.name)
        shown = np.isin(scored.outcomes, _SHOWN) & ~np.isnan(values)
        draw.add(unit, batch["index"].to_numpy()[shown], values[shown], scored.outcomes[shown])
    samples = [_chosen_sample(row, rows, chosen) for row in draw.drawn()]
    reader = ReviewSampleReader(rows.output)
    by, score = rows.source.filter, chosen.name
    with worker_faults(), progress(len(samples)) as count:
        written = write_review_page(
            file,
            reader.read(samples),
            title=f"{rows.name}: a sample for the threshold of {by}",
            question=(
                f"Should the filter {by} reject this sample, by what its score {score} stands "
                "for? Reject the sample if it should, and accept it if not."
            ),
            output_id=f"{fingerprint_of(rows.output.record)} {by}.{score}",
            on_sample=lambda: count(1),
        )
    return CalibrationPage(counter.table(), written, reader.left_out)


def _chosen_sample(row: DrawnRow, rows: ScoreRows, chosen: ChosenScore) -> ChosenSample:
    by, stratum = rows.source.filter, row.stratum
    return ChosenSample(
        rows.output.units[row.unit],
        row.index,
        "kept" if OUTCOMES[row.outcome] == "kept" else "quarantined",
        by,
        drawn=Drawn(
            f"{by}.{chosen.name}",
            row.value,
            stratum.low,
            stratum.high,
            stratum.size,
            stratum.drawn,
        ),
    )
