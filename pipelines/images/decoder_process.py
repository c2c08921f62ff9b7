"""Decodes images and videos in a child process, so that one can hang or kill only its decoder.

If a process is lost once, it may have been killed or stopped from outside, so the image is tried
again in a new process. Only the second loss counts as a fault of the image.
"""

import multiprocessing
import signal
import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, NamedTuple, Protocol

from pipelines.concurrency.child_process import exit_reason
from pipelines.concurrency.memory_limit import limit_further_memory
from pipelines.concurrency.running_time import wait_while_running
from pipelines.config.input import Limits
from pipelines.config.video import VideoFrames
from pipelines.images.animation import EncodedAnimation
from pipelines.images.image import (
    DecodedImage,
    DecodeOptions,
    EncodedImage,
    ImageFault,
    OpenedImage,
)
from pipelines.images.video import EncodedVideo
from pipelines.images.video_container import find_demuxer
from schemas.errors import MachineFault

_TRIES = 2  # of one image, each in a process of its own after a loss
_START_SECONDS = 120  # for a process to start and import, on a busy machine
_EXIT_SECONDS = 1  # for a process that has closed its pipe to end
_ORPHAN_SECONDS = 60  # beyond the parent's deadline: ends a hung decoder whose parent was killed
_VIDEO_MEMORY = 2 << 30  # bytes that a process may take for a video


class DecoderProcess:
    """A child process that decodes one image at a time, and is replaced if it hangs or dies.

    With `sampling`, all files are videos, and the process has at most 2 GiB of memory for one.
    """

    def __init__(self, limits: Limits, sampling: VideoFrames | None = None) -> None:
        self._limits, self._sampling = limits, sampling
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def open(self, data: bytes) -> "ImageInProcess":
        """Read the header of an image in the child process.

        Raises ImageFault if the header is damaged or exceeds a limit, or if the process hangs or
        dies twice. Raises MachineFault if no process can be started.
        """
        header: _Header = self._ask(data, None)
        return ImageInProcess(*header, data, self)

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
                target=_serve, args=(child_pipe, self._limits, self._sampling), daemon=True
            )
            self._process.start()
            child_pipe.close()
            try:
                if not wait_while_running(self._pipe.poll, _START_SECONDS):
                    raise EOFError
                self._pipe.recv()
            except (EOFError, OSError):
                self._process.join(_EXIT_SECONDS)  # before it is killed, for its own exit code
                exit_code = self._process.exitcode
                self._end()
                raise MachineFault(_start_failure(exit_code)) from None
        return self._pipe


def _start_failure(exit_code: int | None) -> str:
    """Say why a process did not start; the spawned process of an unguarded script exits with 1."""
    failure = "a process that decodes images could not be started"
    if exit_code is None:
        return failure
    failure += f" ({exit_reason(exit_code)})"
    if exit_code != 1:
        return failure
    return f'{failure}: a script must call Shardmill below `if __name__ == "__main__":`'


class _Header(NamedTuple):
    width: int
    height: int
    num_frames: int
    duration: float | None
    fps: float | None
    is_video: bool


@dataclass(frozen=True, slots=True)
class ImageInProcess:
    """An image or a video whose header was read in the decoder process."""

    width: int
    height: int
    num_frames: int
    duration: float | None
    fps: float | None
    is_video: bool
    data: bytes = field(repr=False)
    decoder: "_Decodes" = field(repr=False)

    def decode(self, options: DecodeOptions) -> DecodedImage:
        return self.decoder.decode(self.data, options)


class _Decodes(Protocol):
    def decode(self, data: bytes, options: DecodeOptions, /) -> DecodedImage: ...


def _open(data: bytes, limits: Limits, sampling: VideoFrames | None) -> OpenedImage:
    if sampling is None:
        return EncodedImage.open(data, limits)
    if find_demuxer(data) is None:
        return EncodedAnimation.open(data, limits, sampling)
    return EncodedVideo.open(data, limits, sampling)


def _serve(pipe: "Connection[Any, Any]", limits: Limits, sampling: VideoFrames | None) -> None:
    """Run the decoder process: send "ready", then answer requests until the pipe closes.

    The parent keeps the deadline. The kernel's alarm is only for a process whose parent was killed:
    the alarm ends such a process even if a hanging decoder never returns to Python.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if sampling is not None:
        limit_further_memory(_VIDEO_MEMORY)
    pipe.send("ready")
    while True:
        try:
            data, options = pipe.recv()
        except EOFError:
            return
        try:
            _send(pipe, _answer(data, options, limits, sampling))
        except BrokenPipeError:
            return


def _answer(
    data: bytes, options: DecodeOptions | None, limits: Limits, sampling: VideoFrames | None
) -> "_Header | DecodedImage | ImageFault":
    signal.setitimer(signal.ITIMER_REAL, limits.max_decode_seconds + _ORPHAN_SECONDS)
    try:
        image = _open(data, limits, sampling)
        if options is not None:
            return image.decode(options)
        size = image.width, image.height, image.num_frames
        return _Header(*size, image.duration, image.fps, image.is_video)
    except ImageFault as fault:
        return fault
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _send(pipe: "Connection[Any, Any]", answer: object) -> None:
    """Send an answer, or a fault if the memory for a video does not hold the copy to be sent."""
    try:
        pipe.send(answer)
    except MemoryError:  # while the copy was made: nothing is sent
        pipe.send(ImageFault("video_needs_memory"))
