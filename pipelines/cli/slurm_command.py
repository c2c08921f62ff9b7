"""The command that writes a script for Slurm: slurm."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import ForceOption, JobArgument, SettingsOption, file_to_write, load_job
from pipelines.cli.printing import STDOUT
from schemas.errors import JobError
from schemas.regular_file import open_regular

_MAX_SETUP_BYTES = 1_000_000


def slurm(
    job: JobArgument,
    *,
    settings: SettingsOption = None,
    array: Annotated[
        str | None,
        typer.Option(metavar="TASKS", help="A number of tasks, or indices like 1-16%4."),
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="TIME", help="The time limit of a task: 04:00:00.")
    ] = None,
    gpus: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="GPUs of a task, also as a100:1; one if the job runs a model."
        ),
    ] = None,
    cpus: Annotated[int | None, typer.Option(min=1, help="CPUs of a task.")] = None,
    mem: Annotated[str | None, typer.Option(metavar="SIZE", help="Memory of a task: 32G.")] = None,
    partition: Annotated[str | None, typer.Option(help="sbatch's --partition.")] = None,
    account: Annotated[str | None, typer.Option(help="sbatch's --account.")] = None,
    qos: Annotated[str | None, typer.Option(help="sbatch's --qos.")] = None,
    constraint: Annotated[str | None, typer.Option(help="sbatch's --constraint.")] = None,
    signal: Annotated[
        int,
        typer.Option(
            min=15,
            max=65_535,
            metavar="SECONDS",
            help="How long before the time limit a task stops and returns to the queue.",
        ),
    ] = 60,
    max_restarts: Annotated[
        int, typer.Option(min=0, help="How often a task that failed starts again.")
    ] = 3,
    activate: Annotated[
        Path | None, typer.Option(metavar="VENV", help="A virtual environment to activate.")
    ] = None,
    setup: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Shell lines to run first: module load ...")
    ] = None,
    container: Annotated[
        str | None, typer.Option(metavar="IMAGE", help="An image that Apptainer runs.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write the script to.")
    ] = None,
    force: ForceOption = False,
    submit: Annotated[bool, typer.Option("--submit", help="Start the script with sbatch.")] = False,
) -> None:
    """Write a script for Slurm, whose tasks run a job together: sbatch starts it.

    Without --output and --submit, the script is printed.

    Example: shardmill slurm job.yaml --array 16 --time 04:00:00 --output job.sh
    """
    from pipelines.operations.slurm import Start, TaskOptions, slurm_script
    from pipelines.operations.slurm import submit as submit_script

    loaded = load_job(job, settings)
    options = TaskOptions(
        array=array,
        time=time,
        gpus=gpus,
        cpus=cpus,
        mem=mem,
        partition=partition,
        account=account,
        qos=qos,
        constraint=constraint,
        signal=signal,
        max_restarts=max_restarts,
    )
    start = Start(
        job_file=job if "://" in job else os.path.abspath(job),
        folder=os.getcwd(),
        settings=settings or (),
        activate=None if activate is None else os.path.abspath(activate),
        setup="" if setup is None else _read_setup(setup),
        container=container,
    )
    # Names of files may hold bytes that are not UTF-8.
    script = os.fsencode(slurm_script(loaded, options, start))
    if output is not None:
        file_to_write(output, force).write_bytes(script)
    elif not submit:
        typer.echo(script, nl=False)
    if submit:
        STDOUT.print(submit_script(script), markup=False)
    elif output is not None:
        STDOUT.print(f"Wrote {output}. Start it with: sbatch {output}", markup=False)


def _read_setup(file: Path) -> str:
    """Return the lines of shell in a file; raise JobError if it cannot be read as text."""
    try:
        with open_regular(file) as opened:
            content = opened.read(_MAX_SETUP_BYTES + 1)
    except OSError as error:
        raise JobError(f"--setup {file}: {error.strerror}: name a file of shell lines") from None
    if len(content) > _MAX_SETUP_BYTES or b"\0" in content:
        raise JobError(f"--setup {file}: is no text of at most 1 MB: name a file of shell lines")
    return os.fsdecode(content)
