"""Reads animated images as videos; a still image is a video of one frame."""

from dataclasses import dataclass, field
from functools import partial
from typing import Self

from pipelines.config.input import Limits
from pipelines.config.video import VideoFrames
from pipelines.images.animation_times import shown_seconds
from pipelines.images.image import DecodedImage, DecodeOptions, EncodedImage
from pipelines.images.sampled_frames import take_frames


@dataclass(frozen=True, slots=True)
class EncodedAnimation:
    """An image whose header was read, with the times of its frames."""

    width: int
    height: int
    num_frames: int
    duration: float | None  # seconds; None: the file states no times
    fps: float | None
    _image: EncodedImage = field(repr=False)
    _limits: Limits
    _sampling: VideoFrames

    @property
    def is_video(self) -> bool:
        return True

    @classmethod
    def open(cls, data: bytes, limits: Limits, sampling: VideoFrames) -> Self:
        """Read only the header; raise ImageFault if it is malformed or exceeds a limit."""
        image = EncodedImage.open(data, limits)
        duration = shown_seconds(data)
        fps = image.num_frames / duration if duration else None
        size = image.width, image.height, image.num_frames
        return cls(*size, duration, fps, image, limits, sampling)

    def decode(self, options: DecodeOptions) -> DecodedImage:
        """Decode the model images and the frames for filters; can be called once."""
        frames = (partial(self._image.frame, number) for number in range(self.num_frames))
        return take_frames(frames, self.num_frames, self._sampling, options, self._limits)
