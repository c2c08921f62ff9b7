"""Decodes images and videos in several child processes, one for each thread that decodes."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pipelines.config.input import Limits
from pipelines.config.video import VideoFrames
from pipelines.images.decoder_process import DecoderProcess, ImageInProcess
from pipelines.images.image import DecodedImage, DecodeOptions


class DecoderPool:
    """Decoder processes that are lent to one thread at a time; each starts when it is needed."""

    def __init__(self, processes: int, limits: Limits, sampling: VideoFrames | None = None) -> None:
        self._processes = [DecoderProcess(limits, sampling) for _ in range(processes)]
        self._free: queue.LifoQueue[DecoderProcess] = queue.LifoQueue()
        for process in self._processes:
            self._free.put(process)

    def open(self, data: bytes) -> ImageInProcess:
        """Read a header, as `DecoderProcess.open` does; any process may decode the image later."""
        with self._lent() as process:
            return replace(process.open(data), decoder=self)

    def decode(self, data: bytes, options: DecodeOptions) -> DecodedImage:
        """Decode an image or a video, as `DecoderProcess.decode` does."""
        with self._lent() as process:
            return process.decode(data, options)

    def close(self) -> None:
        """Kill the processes, each once its image is done or past its deadline."""
        for process in self._processes:
            process.close()

    @contextmanager
    def _lent(self) -> Iterator[DecoderProcess]:
        process = self._free.get()
        try:
            yield process
        finally:
            self._free.put(process)
