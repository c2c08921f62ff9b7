"""Runs Shardmill's command line in a process of its own, which tests kill or interrupt.

The process is forked from one that has imported torch and the models, which takes seconds.
"""

import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NoReturn

import pytest
from support.ray_head import environment

ROOT = Path(__file__).parents[2]
PRELOADED = (
    "torch",
    "transformers.models.auto.image_processing_auto",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.paligemma.modeling_paligemma",
    "transformers.models.siglip.modeling_siglip",
    "filters.classifiers.hugging_face",
    "inference.engines.fast",
    "pipelines.annotation.annotator",
    "pipelines.cli.main",
    "pipelines.display.contact_sheet",
    "pipelines.display.progress",
    "pipelines.operations.run",
    "pipelines.runners.local",
)
CONTEXT = multiprocessing.get_context("forkserver")


class Command:
    """A command line that runs; the text that it prints can be read from `printed`."""

    def __init__(
        self, words: list[str], folder: Path, variables: Mapping[str, str], *, both: bool
    ) -> None:
        reader, writer = CONTEXT.Pipe(duplex=False)
        arguments = (words, str(folder), dict(variables), writer, both)
        self._process = start_forked(CONTEXT.Process(target=_run, args=arguments))
        writer.close()
        self.printed = os.fdopen(os.dup(reader.fileno()), encoding="utf-8", errors="replace")
        reader.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative after a signal; None while the process runs."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def ends_within(self, seconds: float) -> bool:
        self._process.join(seconds)
        return self.returncode is not None

    def wait(self) -> str:
        """Wait for the end; return what was printed and not yet read."""
        printed = self.printed.read()
        self._process.join()
        self.printed.close()
        return printed


def start(job_file: Path, output: Path, *settings: str, options: Sequence[str] = ()) -> Command:
    """Start a run into a folder, with options; what it prints to stderr can be read."""
    words = ["shardmill", "run", str(job_file), "--output", str(output), *options]
    words += [word for setting in settings for word in ("--set", setting)]
    return Command(words, ROOT, {}, both=False)


def start_forked(
    process: ForkServerProcess, preloaded: Sequence[str] = PRELOADED
) -> ForkServerProcess:
    """Start a process; the first start also starts the one with modules that others fork from."""
    CONTEXT.set_forkserver_preload([*preloaded, __name__])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
        process.start()
    return process


def _run(
    words: list[str],
    folder: str,
    variables: Mapping[str, str],
    writer: "Connection[bytes, bytes]",
    both: bool,
) -> NoReturn:
    """Run `shardmill ARGUMENTS` or `python FILE`, and write what is printed to a pipe."""
    null = os.open(os.devnull, os.O_RDWR)
    for number, target in enumerate((null, writer.fileno() if both else null, writer.fileno())):
        os.dup2(target, number)
    writer.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.fsync = lambda _: None  # killing a process loses nothing that it wrote
    os.environ.update(variables)
    os.chdir(folder)
    program, *sys.argv = words
    if program == "python":
        sys.stdout = os.fdopen(1, "w")
        runpy.run_path(sys.argv[0], run_name="__main__")
        sys.exit()
    sys.argv.insert(0, program)
    import shardmill

    shardmill.main()
    raise AssertionError("main() exits")
