"""Makes small videos with PyAV: moving or plain frames in any codec and container."""

import io
import struct
from collections.abc import Iterator, Sequence

import av
import numpy as np

from schemas.sample import RGB

Color = tuple[int, int, int]
DEMUXED = {"mp4": "mov", "mov": "mov", "webm": "matroska", "matroska": "matroska"}


def gray_frames(number: int, width: int = 64, height: int = 48) -> Iterator[RGB]:
    """Yield frames of one gray each: frame i has the value 5 * i + 20."""
    for each in range(number):
        yield np.full((height, width, 3), 5 * each + 20, np.uint8)


def video(
    frames: Sequence[RGB] | Iterator[RGB],
    container: str = "mp4",
    codec: str = "libx264",
    *,
    pixel_format: str = "yuv420p",
    rate: int = 10,
    times: Sequence[int] | None = None,
    codec_options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    with_audio: bool = False,
) -> bytes:
    """Return a video file; `times` are those of the frames in units of 1 / rate seconds."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=container_options or {}) as output:
        sound = output.add_stream("libopus", rate=48_000) if with_audio else None
        stream = output.add_stream(codec, rate=rate, options=codec_options or {})
        stream.codec_context.thread_count = 1
        stream.pix_fmt = pixel_format
        stream.metadata.update(metadata or {})
        for number, pixels in enumerate(frames):
            if number == 0:
                stream.height, stream.width = pixels.shape[:2]
            layout = "rgba" if pixels.shape[2] == 4 else "rgb24"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), layout)
            if times is not None:
                frame.pts = times[number]
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if sound is not None:
            _add_silence(output, sound)
    return file.getvalue()


def sound_only(container: str = "mp4") -> bytes:
    """Return a file with a second of silence and no video."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        _add_silence(output, output.add_stream("libopus", rate=48_000))
    return file.getvalue()


def _add_silence(output: av.container.OutputContainer, stream: av.AudioStream) -> None:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), "fltp", "mono")
    frame.sample_rate = 48_000
    output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def with_matrix(mp4: bytes, matrix: tuple[int, int, int, int]) -> bytes:
    """Set a, b, c, d of the display matrix in the first track header of an MP4."""
    at = mp4.index(b"tkhd") + 4 + 40
    a, b, c, d = (each << 16 for each in matrix)
    return mp4[:at] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + mp4[at + 36 :]


def joined_videos(pieces: Sequence[bytes], container: str = "webm") -> bytes:
    """Return a file whose stream changes in the middle: the packets of one file after another's."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream, offset = None, 0
        for piece in pieces:
            with av.open(io.BytesIO(piece), "r", format=DEMUXED[container]) as source:
                if stream is None:
                    stream = output.add_stream_from_template(source.streams.video[0])
                end = offset
                for packet in source.demux(source.streams.video[0]):
                    if packet.size:
                        packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                        end = packet.pts + packet.duration
                        packet.stream = stream
                        output.mux(packet)
                offset = end
    return file.getvalue()


def without_frames() -> bytes:
    """Return an MP4 with a video of no frames."""
    file = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov"}  # else a stream without frames is left out
    with av.open(file, "w", format="mp4", options=options) as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        output.start_encoding()
    return file.getvalue()
