"""Decodes images in a child process, so that an image can hang or kill only its decoder."""

import multiprocessing
import signal
import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from pipelines.config.input import Limits
from pipelines.images.image import DecodedImage, DecodeOptions, EncodedImage, ImageFault


class DecoderProcess:
    """A child process that decodes images, one at a time, and is replaced when it dies."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def open(self, data: bytes) -> "ImageInProcess":
        """Read the header; raise ImageFault if it is damaged, or if the decoder hangs or dies."""
        width, height, num_frames = self._ask(data, None)
        return ImageInProcess(width, height, num_frames, data, self)

    def decode(self, data: bytes, options: DecodeOptions) -> DecodedImage:
        """Decode an image; raise ImageFault if it is damaged, or if the decoder hangs or dies."""
        decoded: DecodedImage = self._ask(data, options)
        return decoded

    def close(self) -> None:
        """Kill the child process."""
        with self._lock:
            if self._process is not None and self._pipe is not None:
                self._pipe.close()
                self._process.kill()
                self._process.join()
                self._process = self._pipe = None

    def _ask(self, data: bytes, options: DecodeOptions | None) -> Any:
        with self._lock:
            process, pipe = self._started()
            try:
                pipe.send((data, options))
                answer = pipe.recv()
            except (EOFError, OSError):
                process.join()
                hung = process.exitcode == -signal.SIGALRM
                pipe.close()
                self._process = self._pipe = None
                reason = "image_decoder_hung" if hung else "image_decoder_died"
                raise ImageFault(reason) from None
        if isinstance(answer, ImageFault):
            raise answer
        return answer

    def _started(self) -> "tuple[SpawnProcess, Connection[Any, Any]]":
        if self._process is None or self._pipe is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, child_pipe = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(child_pipe, self._limits), daemon=True
            )
            self._process.start()
            child_pipe.close()
        return self._process, self._pipe


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
    """Run the decoder process until the pipe closes or the kernel's alarm kills it.

    The kernel handles the alarm, because a hanging decoder may never return to Python.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    while True:
        try:
            data, options = pipe.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, limits.max_decode_seconds)
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
