"""Decodes images in a child process, so that an image can hang or kill only its decoder.

If a process is lost once, it may have been killed or stopped from outside, so the image is tried
again in a new process. Only the second loss counts as a fault of the image.
"""

import multiprocessing
import signal
import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from pipelines.concurrency.running_time import wait_while_running
from pipelines.config.input import Limits
from pipelines.images.image import DecodedImage, DecodeOptions, EncodedImage, ImageFault
from schemas.errors import MachineFault

_TRIES = 2  # of one image, each in a process of its own after a loss
_START_SECONDS = 120  # for a process to start and import, on a busy machine
_ORPHAN_SECONDS = 60  # beyond the parent's deadline: ends a hung decoder whose parent was killed


class DecoderProcess:
    """A child process that decodes one image at a time, and is replaced if it hangs or dies."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def open(self, data: bytes) -> "ImageInProcess":
        """Read the header of an image in the child process.

        Raises ImageFault if the header is damaged or exceeds a limit, or if the process hangs or
        dies twice. Raises MachineFault if no process can be started.
        """
        width, height, num_frames = self._ask(data, None)
        return ImageInProcess(width, height, num_frames, data, self)

    def decode(self, data: bytes, options: DecodeOptions) -> DecodedImage:
        """Decode an image in the child process; raise ImageFault or MachineFault as `open` does."""
        decoded: DecodedImage = self._ask(data, options)
        return decoded

    def close(self) -> None:
        """Kill the child process, once the image in work is done or past its deadline."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._process is not None and self._pipe is not None:
            self._pipe.close()
            self._process.kill()  # also ends a stopped process
            self._process.join()
        self._process = self._pipe = None

    def _ask(self, data: bytes, options: DecodeOptions | None) -> Any:
        reason = ""
        for _ in range(_TRIES):
            with self._lock:
                pipe = self._started()
                try:
                    pipe.send((data, options))
                    if wait_while_running(pipe.poll, self._limits.max_decode_seconds):
                        answer = pipe.recv()
                        break
                    reason = "image_decoder_hung"
                except (EOFError, OSError):
                    reason = "image_decoder_died"
                self._end()
        else:
            raise ImageFault(reason)
        if isinstance(answer, ImageFault):
            raise answer
        return answer

    def _started(self) -> "Connection[Any, Any]":
        """Return the pipe to a process that is ready; start a process if there is none.

        Raises MachineFault if the process does not become ready.
        """
        if self._process is None or self._pipe is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, child_pipe = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(child_pipe, self._limits), daemon=True
            )
            self._process.start()
            child_pipe.close()
            try:
                if not wait_while_running(self._pipe.poll, _START_SECONDS):
                    raise EOFError
                self._pipe.recv()
            except (EOFError, OSError):
                self._end()
                raise MachineFault("a process that decodes images could not be started") from None
        return self._pipe


@dataclass(frozen=True, slots=True)
class ImageInProcess:
    """An image whose header was read in the decoder process."""

    width: int
    height: int
    num_frames: int
    _data: bytes = field(repr=False)
    _decoder: DecoderProcess = field(repr=False)

    def decode(self, options: DecodeOptions) -> DecodedImage:
        return self._decoder.decode(self._data, options)


def _serve(pipe: "Connection[Any, Any]", limits: Limits) -> None:
    """Run the decoder process: send "ready", then answer requests until the pipe closes.

    The parent keeps the deadline. The kernel's alarm is only for a process whose parent was killed:
    the alarm ends such a process even if a hanging decoder never returns to Python.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    pipe.send("ready")
    while True:
        try:
            data, options = pipe.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, limits.max_decode_seconds + _ORPHAN_SECONDS)
        try:
            image = EncodedImage.open(data, limits)
            size = (image.width, image.height, image.num_frames)
            answer: object = size if options is None else image.decode(options)
        except ImageFault as fault:
            answer = fault
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            pipe.send(answer)
        except BrokenPipeError:
            return
