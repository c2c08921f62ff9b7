"""Decoding in a process of its own, which an image may hang or kill without taking more along."""

import multiprocessing
import signal
import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from pipelines.images.image import Caps, Decoded, Decoding, EncodedImage, ImageFault


class IsolatedDecoder:
    """Opens images in another process, one at a time; where that dies, the next gets a new one."""

    def __init__(self, caps: Caps, seconds: float) -> None:
        self._caps = caps
        self._seconds = seconds  # for reading a header, and for decoding an image
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def open(self, data: bytes) -> "IsolatedImage":
        """As EncodedImage.open; ImageFault, too, where the decoder hangs or dies."""
        width, height, num_frames = self._ask(data, None)
        return IsolatedImage(width, height, num_frames, data, self)

    def decode(self, data: bytes, decoding: Decoding) -> Decoded:
        decoded: Decoded = self._ask(data, decoding)
        return decoded

    def close(self) -> None:
        with self._lock:
            if self._process is not None and self._pipe is not None:
                self._pipe.close()
                self._process.kill()
                self._process.join()
                self._process = self._pipe = None

    def _ask(self, data: bytes, decoding: Decoding | None) -> Any:
        with self._lock:
            process, pipe = self._started()
            try:
                pipe.send((data, decoding))
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
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(theirs, self._caps, self._seconds), daemon=True
            )
            self._process.start()
            theirs.close()
        return self._process, self._pipe


@dataclass(frozen=True, slots=True)
class IsolatedImage:
    """An image whose header was read in the other process."""

    width: int
    height: int
    num_frames: int
    _data: bytes = field(repr=False)
    _decoder: IsolatedDecoder = field(repr=False)

    def decode(self, decoding: Decoding) -> Decoded:
        return self._decoder.decode(self._data, decoding)


def _serve(pipe: "Connection[Any, Any]", caps: Caps, seconds: float) -> None:
    """The other process: answers until the pipe closes, or the kernel's alarm ends it.

    The alarm is left to the kernel, for a decoder that hangs may not let Python run at all.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    while True:
        try:
            data, decoding = pipe.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            image = EncodedImage.open(data, caps)
            size = (image.width, image.height, image.num_frames)
            answer: object = size if decoding is None else image.decode(decoding)
        except ImageFault as fault:
            answer = fault
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            pipe.send(answer)
        except BrokenPipeError:
            return
