"""Takes the frames of a video that the model and the filters see, in one pass over all frames."""

from collections.abc import Callable, Iterable

from pipelines.config.input import Limits
from pipelines.config.video import VideoFrames, evenly_spaced
from pipelines.images.image import DecodedImage, DecodeOptions, ImageFault, UprightImage
from schemas.sample import RGB


def take_frames(
    frames: Iterable[Callable[[], UprightImage]],
    num_frames: int,
    sampling: VideoFrames,
    options: DecodeOptions,
    limits: Limits,
) -> DecodedImage:
    """Decode the frames that `sampling` and `options` name; a frame is converted if it is taken.

    If there are fewer than `num_frames` frames, the last one stands for those that are missing. The
    model images of a video with too few frames are repeated from the first on.
    """
    spec = options.model_image
    for_model = sampling.positions(num_frames) if spec else []
    for_filters = evenly_spaced(num_frames, options.frames) if options.frames else []
    fitted: dict[int, RGB] = {}
    kept: dict[int, RGB] = {}
    pixels = 0

    def take(positions: list[int], frame: Callable[[], UprightImage]) -> None:
        nonlocal pixels
        image = frame()
        if spec and (models := [each for each in positions if each in for_model]):
            fitted.update(dict.fromkeys(models, image.fit(spec)))
        if filters := [each for each in positions if each in for_filters]:
            whole = image.pixels()
            pixels += whole.shape[0] * whole.shape[1]
            if pixels > limits.max_animation_pixels:
                raise ImageFault("image_too_many_pixels")
            kept.update(dict.fromkeys(filters, whole))

    wanted = sorted({*for_model, *for_filters})
    last = None
    for number, frame in enumerate(frames):
        last = frame
        if wanted and number == wanted[0]:
            take([wanted.pop(0)], frame)
        if not wanted:
            break
    if wanted:
        if last is None:
            raise ImageFault("video_without_frames")
        take(wanted, last)
    images = [fitted[position] for position in for_model]
    repeated = [images[number % len(images)] for number in range(sampling.frames)] if images else []
    return DecodedImage(tuple(repeated), tuple(kept[each] for each in for_filters))
