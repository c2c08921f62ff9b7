"""Decodes segmentation codes to masks, with the decoder that was published with PaliGemma."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np
import torch
from pycocotools import mask as run_length
from torch import nn

from inference.tasks.detections import Detection
from schemas.errors import JobError
from schemas.regular_file import open_regular

_DECODERS: dict[str, "MaskDecoder"] = {}  # by the path in the job


class Residual(nn.Module):
    """A residual block: two 3x3 convolutions and a 1x1 convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 1),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        added: torch.Tensor = self.net(features)
        return features + added


class MaskDecoder(nn.Module):
    """A decoder of codes, int64 [n, 16], to float32 [n, 64, 64], which is positive inside the mask.

    The 16 codes are a grid of 4 x 4 in raster order.

    Architecture: big_vision at 0127fb6, evaluators/proj/paligemma/transfers/segmentation.py, after
    https://arxiv.org/abs/2301.02229. The modules have the order of the weights' keys.
    """

    def __init__(self) -> None:
        super().__init__()
        self.codebook = nn.Embedding(128, 512)
        self.decoder = nn.Sequential(
            nn.Conv2d(512, 128, 1),
            nn.ReLU(),
            Residual(128),
            Residual(128),
            nn.ConvTranspose2d(128, 128, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 1, 1),
        )

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        embedded = self.codebook(codes).reshape(-1, 4, 4, 512).permute(0, 3, 1, 2)
        masks: torch.Tensor = self.decoder(embedded)
        return masks[:, 0]


def _open_local(path: str) -> BinaryIO:
    return open_regular(Path(path).expanduser())


def decoder(path: str, open_file: Callable[[str], BinaryIO] = _open_local) -> MaskDecoder:
    """Return the decoder with the weights in `path`, a file like big_vision's vae-oid.npz.

    The first call for a path reads the file; later calls return the same decoder.
    """
    if path not in _DECODERS:
        _DECODERS[path] = _read(path, open_file)
    return _DECODERS[path]


def _read(path: str, open_file: Callable[[str], BinaryIO]) -> MaskDecoder:
    weights = MaskDecoder()
    try:
        with open_file(path) as file, np.load(file, allow_pickle=False) as arrays:
            tensors = {name: torch.from_numpy(arrays[name]) for name in arrays if _needed(name)}
        tensors["codebook.weight"] = tensors.pop("_vq_vae._embedding")
        weights.load_state_dict(tensors)
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,  # a single array
        RuntimeError,
        BadZipFile,
        zlib.error,
    ):
        raise JobError(
            f"mask_decoder: {path!r} does not hold the mask decoder's weights: give the path of "
            "big_vision's vae-oid.npz"
        ) from None
    return weights.eval()


def run_lengths(
    decoder: MaskDecoder, objects: Sequence[Detection], width: int, height: int
) -> list[dict[str, object] | None]:
    """Decode each object's mask over the whole image, as COCO run lengths.

    The mask is None if an object has no codes, or its box contains no whole pixel.
    """
    return [_run_length(decoder, each, width, height) for each in objects]


def _needed(name: str) -> bool:
    return name == "_vq_vae._embedding" or name.startswith("decoder.")


def _run_length(
    decoder: MaskDecoder, each: Detection, width: int, height: int
) -> dict[str, object] | None:
    # As in the published evaluation: edges are truncated to whole pixels, the mask is resized
    # bilinearly with antialiasing, and pixels above 0 are inside.
    x_min, y_min, x_max, y_max = map(int, each.box)
    if not each.codes or x_max <= x_min or y_max <= y_min:
        return None
    with torch.inference_mode():
        small = decoder(torch.tensor([each.codes]))[:, None]
        sized = nn.functional.interpolate(
            small, (y_max - y_min, x_max - x_min), mode="bilinear", antialias=True
        )
    inside = np.zeros((height, width), np.uint8, order="F")
    inside[y_min:y_max, x_min:x_max] = (sized[0, 0] > 0).numpy()
    encoded = run_length.encode(inside)
    return {"size": [height, width], "counts": encoded["counts"].decode("ascii")}
