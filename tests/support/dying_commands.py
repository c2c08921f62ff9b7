"""Commands that kill themselves before they change storage for the nth time."""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from typing import Any

from support.shardmill_process import CONTEXT, start_forked

from pipelines.storage.local import LocalStorage


def run_until(number: int, *words: object) -> int:
    """Run `shardmill WORDS` up to the change of this number, from 0; return its exit code."""
    process: ForkServerProcess = CONTEXT.Process(
        target=_run, args=(number, ["shardmill", *map(str, words)])
    )
    start_forked(process).join()
    assert process.exitcode is not None
    return process.exitcode


def _run(number: int, words: list[str]) -> None:
    changes = itertools.count()

    def dying(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*given: Any, **named: Any) -> Any:
            if next(changes) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*given, **named)

        return changed

    for name in ("write", "create", "delete"):
        setattr(LocalStorage, name, dying(getattr(LocalStorage, name)))
    sys.argv = words
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
    import shardmill

    shardmill.main()
