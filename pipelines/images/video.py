"""Opens short videos with PyAV: counts the frames first, then decodes those that are sampled.

Call this in a decoder process only: FFmpeg may hang, die, or fill the memory.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pipelines.config.input import Limits
from pipelines.config.video import VideoFrames
from pipelines.images.image import DecodedImage, DecodeOptions, ImageFault
from pipelines.images.sampled_frames import take_frames
from pipelines.images.video_container import Demuxer, check_structure, find_demuxer
from pipelines.images.video_pixels import FrameConverter, display_matrix, swaps_sides
from schemas.errors import JobError

if TYPE_CHECKING:
    from av import VideoFrame, VideoStream
    from av.container import InputContainer

# What phones, cameras and the web write. Their decoders are the most tested ones of FFmpeg, and
# give the same pixels on every processor. Canonical name -> decoder.
_CODECS = {
    "h264": "h264",
    "hevc": "hevc",
    "vp8": "vp8",
    "vp9": "vp9",
    "av1": "libdav1d",
    "mpeg4": "mpeg4",
}
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # FFmpeg's own decoders ignore transparency
_HIDDEN_VP8 = 0x10  # the bit of a packet's first byte that is 0 for a frame that is not shown


class _Counted(NamedTuple):
    """What the packets of a video say of it."""

    num_frames: int
    duration: float | None  # seconds


@dataclass(frozen=True, slots=True)
class EncodedVideo:
    """A video file whose packets were counted, and whose first frame was decoded."""

    width: int  # of the upright first frame
    height: int
    num_frames: int
    duration: float | None  # seconds; None: the file does not say when frames are shown
    fps: float | None  # frames per second, on average
    _data: bytes = field(repr=False)
    _demuxer: Demuxer
    _limits: Limits
    _sampling: VideoFrames

    @property
    def is_video(self) -> bool:
        return True

    @classmethod
    def open(cls, data: bytes, limits: Limits, sampling: VideoFrames) -> Self:
        """Count the frames by their packets, and decode the first one.

        Nothing that the header states is believed. Raises ImageFault if the file is cut, damaged or
        exceeds a limit, and if it has no video in one of the known codecs.
        """
        with _as_faults():
            demuxer = find_demuxer(data)
            if demuxer is None:
                raise ImageFault("image_undecodable")
            check_structure(data, demuxer)
            num_frames, duration = _count(data, demuxer, limits)
            frame = next(_frames(data, demuxer, limits), None)
            if frame is None:
                raise ImageFault("video_without_frames")
            width, height = frame.width, frame.height
            if swaps_sides(display_matrix(frame)):
                width, height = height, width
            fps = num_frames / duration if duration else None
        return cls(width, height, num_frames, duration, fps, data, demuxer, limits, sampling)

    def decode(self, options: DecodeOptions) -> DecodedImage:
        """Decode the model images and the frames for filters; raise ImageFault if one is damaged.

        Decoding ends behind the last frame that is used.
        """
        with _as_faults():
            converter = FrameConverter()
            frames = _frames(self._data, self._demuxer, self._limits)
            return take_frames(
                (partial(converter.upright, frame) for frame in frames),
                self.num_frames,
                self._sampling,
                options,
                self._limits,
            )


def check_video_package(asked_by: str = "input.video") -> None:
    """Raise JobError, with the command that installs it, if PyAV is missing."""
    if find_spec("av") is None:
        raise JobError(f"{asked_by}: needs PyAV: pip install 'shardmill[video]'")


@contextmanager
def _as_faults() -> Iterator[None]:
    """Raise ImageFault for any error of PyAV, whose messages may quote the file."""
    try:
        yield
    except ImageFault:
        raise
    except MemoryError:
        raise ImageFault("video_needs_memory") from None
    except Exception as error:  # noqa: BLE001 - PyAV raises many types on hostile bytes
        raise ImageFault("image_undecodable", type(error).__name__) from None


@contextmanager
def _opened(
    data: bytes, demuxer: Demuxer, limits: Limits
) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    """Open a file and find its video; no other file is opened, whatever this one refers to."""
    import av

    av.logging.set_level(None)  # FFmpeg's messages name no sample, and may quote the file
    options = {
        "codec_whitelist": ",".join(_CODECS.values()),
        "format_whitelist": demuxer,
        "protocol_whitelist": "none",
        "max_pixels": str(limits.max_pixels),
    }
    with av.open(
        io.BytesIO(data),
        "r",
        format=demuxer,
        options=options,
        io_open=_refuse_other_files,
        metadata_errors="replace",
    ) as container:
        yield container, _find_video(container)


def _refuse_other_files(url: str, flags: int, options: Any) -> Any:
    raise ImageFault("image_undecodable", "OtherFile")


def _find_video(container: "InputContainer") -> "VideoStream":
    """Return the first stream that is a video, and not the picture of a cover."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            context = stream.codec_context
            if context is None or context.codec.canonical_name not in _CODECS:
                raise ImageFault("video_codec_unsupported")
            return stream
    raise ImageFault("video_stream_missing")


def _count(data: bytes, demuxer: Demuxer, limits: Limits) -> _Counted:
    """Count the packets that hold a frame that is shown, and measure how long they are shown."""
    count, seen = 0, 0
    first: int | None = None
    last: tuple[int, int] | None = None  # when the last frame is shown, and for how long
    with _opened(data, demuxer, limits) as (container, stream):
        is_vp8 = stream.codec_context.codec.canonical_name == "vp8"
        for packet in container.demux(stream):
            seen += 1
            if seen > limits.max_frames + 1:  # the last packet is empty
                raise ImageFault("image_too_many_frames")
            if packet.is_corrupt:
                raise ImageFault("image_truncated")
            if not packet.size or packet.is_discard:
                continue
            if is_vp8 and not bytes(packet)[0] & _HIDDEN_VP8:
                continue
            count += 1
            if packet.pts is not None:
                first = packet.pts if first is None else min(first, packet.pts)
                last = max(last or (packet.pts, 0), (packet.pts, packet.duration or 0))
        if seen - 1 < stream.frames:
            raise ImageFault("image_truncated")
        if not count:
            raise ImageFault("video_without_frames")
        if first is None or last is None or stream.time_base is None:
            return _Counted(count, None)
        return _Counted(count, _duration(first, *last, count, stream.time_base))


def _duration(first: int, last: int, shown: int, count: int, unit: Fraction) -> float | None:
    """Return the seconds from the first frame to the end of the last one, which is `shown` long.

    Where `shown` is 0, the last frame is shown as long as the others on average.
    """
    span = last - first
    ticks = span + shown if shown > 0 else Fraction(span * count, max(count - 1, 1))
    return float(ticks * unit) or None


def _frames(data: bytes, demuxer: Demuxer, limits: Limits) -> Iterator["VideoFrame"]:
    """Yield the frames of a video in the order in which they are shown, decoded by one thread."""
    with _opened(data, demuxer, limits) as (container, stream):
        size = stream.codec_context
        if size.width * size.height > limits.max_pixels:
            raise ImageFault("image_too_many_pixels")
        decoder = _decoder(stream, limits)
        for packet in container.demux(stream):
            if packet.size:  # an empty packet would end the decoding
                yield from _decode(decoder, packet, limits)
        yield from _decode(decoder, None, limits)


def _decode(decoder: Any, packet: Any, limits: Limits) -> Iterator["VideoFrame"]:
    """Yield the frames of a packet, each of which may have a size of its own."""
    try:
        frames = decoder.decode(packet)
    except ValueError:
        if decoder.width == 0:  # FFmpeg forgets a size that exceeds its `max_pixels`
            raise ImageFault("image_too_many_pixels") from None
        raise
    for frame in frames:
        if frame.width * frame.height > limits.max_pixels:
            raise ImageFault("image_too_many_pixels")
        if frame.is_corrupt:
            raise ImageFault("image_undecodable", "CorruptFrame")
        yield frame


def _decoder(stream: "VideoStream", limits: Limits) -> Any:
    """Return a decoder that stops at the first damage instead of inventing pixels for it."""
    from av.codec import CodecContext

    decoder: CodecContext = stream.codec_context
    name = decoder.codec.canonical_name
    metadata = {key.lower(): value for key, value in stream.metadata.items()}
    if metadata.get("alpha_mode") == "1" and name in _WITH_ALPHA:
        decoder = CodecContext.create(_WITH_ALPHA[name], "r")
    decoder.thread_count = 1
    decoder.options = {
        "err_detect": "explode",
        "flags": "bitexact",
        "max_pixels": str(limits.max_pixels),
    }
    return decoder
