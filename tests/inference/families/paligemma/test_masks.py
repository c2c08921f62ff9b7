"""Tests the mask decoder against its published definition, reimplemented in NumPy."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from pycocotools import mask as run_length
from support.rounding import UNIT

from inference.families.paligemma import masks
from inference.tasks.detections import Box, Detection
from schemas.errors import JobError

CODES = tuple(range(100, 116))
Array = npt.NDArray[Any]


def convolved(values: Array, weight: Array, bias: Array) -> Array:
    """Convolve [in, H, W] to [out, H, W] with zero padding; the weight is [out, in, k, k]."""
    reach = weight.shape[-1] // 2
    _, height, width = values.shape
    padded = np.pad(values, ((0, 0), (reach, reach), (reach, reach)))
    total = np.repeat(bias, height * width).reshape(-1, height, width)
    for row, column in np.ndindex(weight.shape[2:]):
        window = padded[:, row : row + height, column : column + width]
        total += np.einsum("oi,ihw->ohw", weight[:, :, row, column], window)
    return total


def transposed_convolution(values: Array, weight: Array, bias: Array) -> Array:
    """Apply a transposed 4x4 convolution of stride 2 to [in, H, W]; return [out, 2H, 2W]."""
    _, height, width = values.shape
    total = np.zeros((weight.shape[1], 2 * height + 2, 2 * width + 2))
    for row, column in np.ndindex(weight.shape[2:]):
        kernel = np.einsum("io,ihw->ohw", weight[:, :, row, column], values)
        total[:, row : row + 2 * height : 2, column : column + 2 * width : 2] += kernel
    return total[:, 1:-1, 1:-1] + bias[:, None, None]


def published(arrays: dict[str, Array], codes: tuple[int, ...]) -> Array:
    """Decode mask codes as published; return [64, 64]."""

    def weights(name: str) -> tuple[Array, Array]:
        return arrays[f"{name}.weight"], arrays[f"{name}.bias"]

    def relu(values: Array) -> Array:
        return np.maximum(values, 0)

    values = arrays["_vq_vae._embedding"][list(codes)].reshape(4, 4, 512).transpose(2, 0, 1)
    values = relu(convolved(values, *weights("decoder.0")))
    for block in ("decoder.2.net", "decoder.3.net"):
        inner = relu(convolved(values, *weights(f"{block}.0")))
        inner = relu(convolved(inner, *weights(f"{block}.2")))
        values = values + convolved(inner, *weights(f"{block}.4"))
    for layer in (4, 6, 8, 10):
        values = relu(transposed_convolution(values, *weights(f"decoder.{layer}")))
    (mask,) = convolved(values, *weights("decoder.12"))
    return mask  # type: ignore[no-any-return]


def test_the_decoder_follows_its_published_definition(mask_decoder: Path) -> None:
    with np.load(mask_decoder) as arrays:
        expected = published({name: arrays[name].astype(np.float64) for name in arrays}, CODES)
    decoder = masks.decoder(str(mask_decoder))
    with torch.inference_mode():
        (decoded,) = decoder(torch.tensor([CODES])).numpy()
        (exact,) = copy.deepcopy(decoder).double()(torch.tensor([CODES])).numpy()
    assert decoded.dtype == np.float32
    assert expected.std() > 0.01
    error = abs(exact - expected).max()
    assert error < 1e-9  # float64's rounding error is 2^-53; 1e-14 was measured
    # float32's rounding error is 2^29 times float64's, and so is the result's. Another order of
    # summation may multiply it by the square root of the number of terms, 1152.
    assert abs(decoded - exact).max() < 34 * 2**29 * max(error, 2**-53)


@pytest.mark.parametrize("box", [Box(10.9, 20.2, 210.5, 80.9), Box(3.0, 5.0, 33.0, 17.0)])
def test_masks_are_resized_to_their_box_as_in_the_published_evaluation(
    mask_decoder: Path, box: Box
) -> None:
    decoder = masks.decoder(str(mask_decoder))
    encoded_masks = masks.run_lengths(decoder, [Detection("cat", box, codes=CODES)], 300, 100)
    decoded = run_length.decode(encoded_masks[0])
    with torch.inference_mode():
        small = decoder(torch.tensor([CODES]))[0].numpy()
    left, top, right, bottom = map(int, box)
    sized = np.asarray(Image.fromarray(small).resize((right - left, bottom - top), 2))  # bilinear
    expected = np.zeros((100, 300), bool)
    expected[top:bottom, left:right] = sized > 0
    # Near 0 rounding decides the sign. A position in the small mask, up to 64, has an error of 2
    # units; sums have up to 2 * 11 terms; both resizers may be wrong by that, times a difference of
    # two values.
    clear = np.ones((100, 300), bool)
    clear[top:bottom, left:right] = abs(sized) > 2 * (2 * 64 + 22) * UNIT * 2 * abs(small).max()
    assert clear.mean() > 0.999
    assert 0.1 < expected[top:bottom, left:right].mean() < 0.9
    assert (decoded.astype(bool) == expected)[clear].all()


def test_there_is_no_mask_without_codes_or_a_whole_pixel(mask_decoder: Path) -> None:
    objects = [
        Detection("no codes", Box(0, 0, 9, 9)),
        Detection("thin", Box(3.1, 0, 3.9, 9), codes=CODES),
    ]
    assert masks.run_lengths(masks.decoder(str(mask_decoder)), objects, 10, 10) == [None, None]


def test_other_files_are_refused_in_one_line(tmp_path: Path, mask_decoder: Path) -> None:
    with np.load(mask_decoder) as arrays:
        good = dict(arrays)
    bad = {
        "missing": None,
        "text": b"hello",
        "cut": mask_decoder.read_bytes()[:1000],
    }
    for name, content in bad.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    np.savez(tmp_path / "keys.npz", **{k: v for k, v in good.items() if k != "decoder.12.bias"})
    np.savez(tmp_path / "shape.npz", **{**good, "decoder.12.bias": np.zeros(2, np.float32)})
    np.savez(tmp_path / "pickled.npz", **{**good, "decoder.12.bias": np.array([{}], object)})
    for name in (*bad, "keys.npz", "shape.npz", "pickled.npz"):
        with pytest.raises(JobError, match=rf"mask_decoder: .*{name}.*vae-oid\.npz") as caught:
            masks.decoder(str(tmp_path / name))
        assert "\n" not in str(caught.value)
