"""The Beam runner: a pipeline distributes units as its elements; reports come back as files.

Runs share an output by claims, which the workers make. A worker leaves a unit that another run has
claimed. So a further pipeline may follow a pipeline, for the units of runs that died.
"""

import re
import secrets
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import closing

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult, PipelineState

from pipelines.claims.run_claims import ALONE, RunClaims
from pipelines.claims.source import UnitSource
from pipelines.config.runners import BeamRunnerConfig
from pipelines.config.secrets import from_environment
from pipelines.planning.plan import Plan
from pipelines.runners.beam_step import (
    COMMITTED,
    FAILED,
    AnnotateUnit,
    Element,
    abandon,
    wait_for_release,
)
from pipelines.runners.report_files import ReportReader, delete_old_reports
from pipelines.storage.storage import Storage
from schemas.errors import JobError, WorkerFault
from schemas.report import OnProgress, UnitReport
from schemas.sample import Unit

# Matches our own exceptions in the message of a failed pipeline; the last match is the innermost.
_FAULT = re.compile(r"schemas\.errors\.(\w+): (.*?)(?: \[while running|\n|$)")


def run_beam(
    plan: Plan,
    units: Sequence[Unit],
    storage: Storage,
    on_progress: OnProgress,
    claims: RunClaims = ALONE,
) -> Generator[UnitReport, None, None]:
    """Run the units in pipelines; yield each unit's report as soon as its file appears.

    Units that other runs claim are left to them, or done after those runs died. `on_progress` is
    never called: Beam forwards nothing from a unit that is running. Closing the generator cancels
    the pipeline.
    """
    if not units:
        return
    work = plan.work
    settings = work.job.runner
    assert isinstance(settings, BeamRunnerConfig)
    delete_old_reports(work.layout, storage)
    run = claims.run or secrets.token_hex(8)
    step = AnnotateUnit(work, storage, run, claims.content)
    source = UnitSource(plan, units, storage, claims, largest_first=True, unchecked=True)
    while True:
        elements, pause = _next_elements(source)
        if elements:
            given = {unit.name: unit for unit, _ in elements}
            reports = ReportReader(work.layout, storage, run, given)
            pipeline = beam.Pipeline(options=_options(settings))
            annotate_units(pipeline, elements, step, settings)
            with closing(_run_pipeline(_Driver(pipeline, run), reports)) as arriving:
                for report in arriving:
                    source.done(given[report.unit], report.attempt)
                    source.delete_old_claims()
                    yield report
            for name in reports.missing:  # done before, or claimed by another run
                source.taken(given[name])
        elif pause is None:
            return
        else:
            time.sleep(pause)


def _next_elements(source: UnitSource) -> tuple[list[Element], float | None]:
    """Return all units that this run may begin now, and the seconds to wait if there are none."""
    elements: list[Element] = []
    while isinstance(following := source.next(), tuple):
        unit, progress, attempts = following
        elements.append((unit, attempts if attempts or progress.files else None))
    return elements, following


def annotate_units(
    pipeline: beam.Pipeline,
    elements: Sequence[Element],
    step: AnnotateUnit,
    settings: BeamRunnerConfig,
) -> beam.pvalue.DoOutputsTuple:
    """Add the steps to a pipeline; return its outputs: unit reports, `committed` and `failed`."""
    annotating = beam.ParDo(step)
    if settings.resource_hints:
        annotating = annotating.with_resource_hints(**settings.resource_hints)
    return (
        pipeline
        | "Units" >> beam.Create(list(elements))
        | "Spread" >> beam.Reshuffle()
        | "AnnotateUnit" >> annotating.with_outputs(FAILED, main=COMMITTED)
    )


def _run_pipeline(driver: "_Driver", reports: ReportReader) -> Generator[UnitReport, None, None]:
    """Run a pipeline to its end; yield the reports as they arrive."""
    driver.start()
    try:
        while True:
            has_ended = driver.ended.wait(reports.interval)
            yield from reports.new()
            if has_ended:
                break
    finally:
        if not driver.ended.is_set():
            driver.abandon()
    driver.raise_fault()


class _Driver(threading.Thread):
    """A thread that runs the pipeline, while another thread collects the reports."""

    def __init__(self, pipeline: beam.Pipeline, run: str) -> None:
        super().__init__(name="beam", daemon=True)
        self._pipeline = pipeline
        self._run = run
        self._result: PipelineResult | None = None
        self._fault: BaseException | None = None
        self.ended = threading.Event()  # is_alive() can be False after an interrupted join()

    def run(self) -> None:
        try:
            self._result = self._pipeline.run()
            state = self._result.wait_until_finish()
            if state != PipelineState.DONE:
                raise WorkerFault(f"the Beam pipeline ended as {state}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - raise_fault raises it
            self._fault = error
        finally:
            self.ended.set()

    def abandon(self) -> None:
        """Cancel the pipeline; let the workers of this process release their units."""
        abandon(self._run)
        if self._result is not None:
            self._result.cancel()
        wait_for_release()

    def raise_fault(self) -> None:
        """Raise the pipeline's exception, if there is one, as JobError or WorkerFault.

        Beam's own messages contain whole stack traces, from which only our message is taken.
        """
        if self._fault is None:
            return
        raised = type(self._fault)
        matches = _FAULT.findall(f"{raised.__module__}.{raised.__name__}: {self._fault}")
        kind, message = "", f"Beam raised {raised.__name__}: see its log"
        if matches:
            kind, message = matches[-1]
        raise (JobError if kind == "JobError" else WorkerFault)(message) from None


def _options(settings: BeamRunnerConfig) -> PipelineOptions:
    given = [from_environment(option, "runner.options") for option in settings.options]
    try:
        options = PipelineOptions(given)
        options.get_all_options()  # makes Beam parse all options now
    except SystemExit:  # argparse has printed the reason
        raise JobError("runner.options: Beam does not take them, for the reason above") from None
    return options
