"""Decodes images in a child process, so that an image can hang or kill only its decoder.

A process that is lost once may have been killed or stopped from outside, so the image is tried
again in a new process. Only the second loss is the image's.
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
    """A child process that decodes images, one at a time, and is replaced when it dies."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def open(self, data: bytes) -> "ImageInProcess":
        """Read the header; raise ImageFault if it is damaged, or the decoder hangs or dies twice.

        Raise MachineFault if no decoder process can be started.
        """
        width, height, num_frames = self._ask(data, None)
        return ImageInProcess(width, height, num_frames, data, self)

    def decode(self, data: bytes, options: DecodeOptions) -> DecodedImage:
        """Decode an image; raise ImageFault or MachineFault as `open` does."""
        decoded: DecodedImage = self._ask(data, options)
        return decoded

    def close(self) -> None:
        """Kill the child process."""
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
        """Start the process unless it runs; wait until it can take images."""
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
    """Run the decoder process: send "ready", then answer until the pipe closes.

    The parent keeps the deadline. The kernel's alarm only ends a process whose parent was killed,
    because a hanging decoder may never return to Python.
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
