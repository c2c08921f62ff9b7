"""Encodes clips as videos."""

import io

import av
import numpy as np

from demo.scenes.clips import Clip

_FRAMES_PER_SECOND = 4


def mp4(clip: Clip) -> bytes:
    """Encode a clip as H.264 in an MP4."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=_FRAMES_PER_SECOND)
        stream.codec_context.thread_count = 1
        stream.pix_fmt = "yuv420p"
        stream.width, stream.height = clip.frames[0].size
        for image in clip.frames:
            frame = av.VideoFrame.from_ndarray(np.asarray(image), "rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()
