"""PDQ finds flips, rotations, other sizes and single frames, and skips flat images."""

import sys
from pathlib import Path

import numpy as np
import pytest

from filters import PerceptualHashList
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import RGB, Sample
from schemas.verdict import Verdict, drop


def pixels(seed: int, width: int = 320, height: int = 240) -> RGB:
    """Noise whose amplitude falls with its frequency, as in photographs."""
    random = np.random.default_rng(seed)
    rows, columns = np.fft.fftfreq(height) * height, np.fft.fftfreq(width) * width
    frequency = np.maximum(np.hypot(rows[:, None], columns), 1)[..., None]
    noise = np.fft.fft2(random.normal(size=(height, width, 3)), axes=(0, 1)) / frequency
    values = np.fft.ifft2(noise, axes=(0, 1)).real
    return (128 + 50 * values / values.std()).clip(0, 255).astype(np.uint8)


def hexadecimal(image: RGB) -> str:
    pdqhash = pytest.importorskip("pdqhash", reason="pip install 'pdqhash>=0.2.8'")
    return np.packbits(pdqhash.compute(image)[0]).tobytes().hex()


def listed(folder: Path, *images: RGB, **keys: int) -> PerceptualHashList:
    lines = [f"pdq,{hexadecimal(image)},partner,known" for image in images]
    path = folder / "list.csv"
    path.write_text("\n".join(["algorithm,hash,source,label", *lines]))
    return PerceptualHashList.model_validate({"path": str(path), **keys})


def judged(stage: PerceptualHashList, resources: Resources, *frames: RGB) -> Verdict:
    stage.check(resources)
    (verdict,) = stage.load(resources).judge([Sample("s", 0, {}, b"", 1, 1, frames)])
    return verdict


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (250, 250), (384, 384), (600, 300)])
def test_flips_and_rotations_match_exactly_and_only_the_reason_is_stored(
    tmp_path: Path, resources: Resources, size: tuple[int, int]
) -> None:
    image = pixels(0, *size)
    stage = listed(tmp_path, pixels(1), image, max_distance=0)
    for turns in range(4):
        turned = np.rot90(image, turns)
        for variant in (turned, turned[:, ::-1]):
            verdict = judged(stage, resources, np.ascontiguousarray(variant))
            assert verdict == drop("perceptual_hash_listed")
            assert (verdict.scores, verdict.counts) == ({}, {})


def test_another_size_and_quality_match(tmp_path: Path, resources: Resources) -> None:
    stage = listed(tmp_path, pixels(0))
    smaller = pixels(0)[::2, ::2]
    noise = np.random.default_rng(0).integers(-6, 7, pixels(0).shape)
    for image in (smaller, (pixels(0) + noise).clip(0, 255).astype(np.uint8)):
        assert judged(stage, resources, np.ascontiguousarray(image)).action == "drop"


def test_other_images_are_kept_with_only_their_quality(
    tmp_path: Path, resources: Resources
) -> None:
    verdict = judged(listed(tmp_path, pixels(0)), resources, pixels(2), pixels(3))
    assert verdict.action == "keep"
    assert verdict.scores.keys() == {"quality"}
    assert 49 < verdict.scores["quality"] <= 100


def test_a_frame_anywhere_is_enough(tmp_path: Path, resources: Resources) -> None:
    stage = listed(tmp_path, pixels(0))
    flat = np.full((60, 60, 3), 9, np.uint8)
    assert judged(stage, resources, pixels(2), flat, pixels(0)).action == "drop"
    assert judged(stage, resources, pixels(2), flat).scores == {"quality": 0}


def test_the_job_sets_the_distance(tmp_path: Path, resources: Resources) -> None:
    cropped = np.ascontiguousarray(pixels(0)[2:, 2:])  # cropped a little
    assert judged(listed(tmp_path, pixels(0), max_distance=0), resources, cropped).action == "keep"
    assert judged(listed(tmp_path, pixels(0), max_distance=63), resources, cropped).action == "drop"


def test_flat_images_match_only_if_the_job_allows_it(tmp_path: Path, resources: Resources) -> None:
    flat = np.full((60, 60, 3), 9, np.uint8)
    assert judged(listed(tmp_path, flat), resources, flat).action == "keep"
    assert judged(listed(tmp_path, flat, ignore_quality=0), resources, flat).action == "keep"
    assert judged(listed(tmp_path, flat, ignore_quality=-1), resources, flat).action == "drop"


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 3), (64, 63)])
def test_every_shape_is_judged(
    tmp_path: Path, resources: Resources, shape: tuple[int, int]
) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    assert judged(listed(tmp_path, pixels(0)), resources, frame).action == "keep"


def test_a_list_without_such_hashes_is_refused(tmp_path: Path, resources: Resources) -> None:
    pytest.importorskip("pdqhash", reason="pip install 'pdqhash>=0.2.8'")
    path = tmp_path / "list.csv"
    path.write_text(f"algorithm,hash\nmd5,{'0' * 32}\n")
    stage = PerceptualHashList(path=str(path))
    for attempt in (stage.check, stage.load):
        with pytest.raises(JobError, match=r"^path: .*list.csv lists no hash by pdq"):
            attempt(resources)


def test_without_pdqhash_the_error_says_how_to_install_it(
    tmp_path: Path, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pdqhash", None)
    path = tmp_path / "list.csv"
    path.write_text(f"algorithm,hash\npdq,{'0' * 64}\n")
    stage = PerceptualHashList(path=str(path))
    for attempt in (stage.check, stage.load):
        with pytest.raises(JobError, match=r"pip install 'pdqhash>=0.2.8'"):
            attempt(resources)
