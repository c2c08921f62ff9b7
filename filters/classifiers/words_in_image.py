"""Reads the words in images with PP-OCR, run by onnxruntime on the CPU.

The package rapidocr 3.10.0 ships the models and the code around them (Apache-2.0). The models are
pinned by digest, and nothing is downloaded.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from filters.classifiers.onnx_session import cpu_session
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import RGB

MODELS_SHA256 = {
    "PP-OCRv6_det_small.onnx": "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    "PP-OCRv6_rec_small.onnx": "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    "ch_ppocr_mobile_v2.0_cls_mobile.onnx": (
        "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c"
    ),
}
_MODULES = ("rapidocr", "onnxruntime", "cv2")
_SHORT_SIDE = 736  # smaller images are enlarged, as rapidocr does
_MULTIPLE = 32  # sides of the detector's input
_ENLARGED = 4  # times, at most
_BOX_THRESHOLD = 0.5  # the mean probability of text in a box, as rapidocr has it
_MAX_CONTOURS = 20_000  # before those below the threshold are removed


class TooManyBoxes(Exception):
    """An image with more areas of text than are read."""


class NotRead(Exception):
    """An image in which the models could not look for text."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in a frame, with its box in pixels of the frame: [left, right), [top, bottom).

    The box is upright and contains the whole line, which may be rotated.
    """

    left: int
    top: int
    right: int
    bottom: int
    text: str = field(repr=False)


class _Settings(dict[str, Any]):
    """A mapping whose keys are attributes too, as rapidocr's own configuration."""

    __getattr__ = dict.__getitem__


def model_files() -> list[Path]:
    """Return the model files (detector, recognizer, direction) after a check of their digests.

    Raises JobError if a package is not installed, or the files are others.
    """
    if any(find_spec(module) is None for module in _MODULES):
        raise JobError("kind: text_in_image needs its models: pip install 'shardmill[ocr]'")
    spec = find_spec("rapidocr")
    folder = Path(next(iter((spec and spec.submodule_search_locations) or ("",)))) / "models"
    for name, expected in MODELS_SHA256.items():
        path = folder / name
        known = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == expected
        if not known:
            raise JobError(
                f"kind: text_in_image: the model {str(path)!r} is not that of rapidocr 3.10.0: "
                "pip install --force-reinstall 'rapidocr==3.10.0'"
            )
    return [folder / name for name in MODELS_SHA256]


class WordReader:
    """The loaded models. Each line is a batch of its own, so no batch changes what is read."""

    def __init__(
        self, resources: Resources, *, max_side: int, max_boxes: int, min_confidence: float
    ) -> None:
        detector, recognizer, direction = model_files()
        import logging

        import cv2
        import rapidocr.ch_ppocr_cls
        import rapidocr.ch_ppocr_det
        import rapidocr.ch_ppocr_rec
        from rapidocr.inference_engine.onnxruntime.main import ONNXRuntimeError
        from rapidocr.utils.process_img import get_rotate_crop_image
        from rapidocr.utils.typings import EngineType, LangRec, OCRVersion

        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        self._cv2: Any = cv2
        self._cv2.setNumThreads(resources.threads)
        self._crop: Any = get_rotate_crop_image
        self._failures = (cv2.error, ONNXRuntimeError)
        self._max_side, self._max_boxes = max_side, max_boxes
        self._min_confidence = min_confidence

        engine = EngineType.ONNXRUNTIME
        self._detect: Any = rapidocr.ch_ppocr_det.TextDetector(
            _Settings(
                engine_type=engine,
                session=cpu_session(detector, resources),
                limit_side_len=max_side,
                limit_type="max",
                mean=[0.5] * 3,
                std=[0.5] * 3,
                thresh=0.3,
                box_thresh=_BOX_THRESHOLD,
                max_candidates=_MAX_CONTOURS,
                unclip_ratio=1.6,
                use_dilation=True,
                score_mode="fast",
            )
        )
        self._detect.postprocess_op.boxes_from_bitmap = self._bounded(
            self._detect.postprocess_op.boxes_from_bitmap
        )
        self._turn: Any = rapidocr.ch_ppocr_cls.TextClassifier(
            _Settings(
                engine_type=engine,
                session=cpu_session(direction, resources),
                ocr_version=OCRVersion.PPOCRV4,
                cls_batch_num=1,
                cls_thresh=0.9,
                label_list=["0", "180"],
            )
        )
        self._recognize: Any = rapidocr.ch_ppocr_rec.TextRecognizer(
            _Settings(
                engine_type=engine,
                session=cpu_session(recognizer, resources),
                lang_type=LangRec.CH,
                rec_batch_num=1,
                rec_img_shape=[3, 48, 320],
                font_path=None,
            )
        )
        self._input: Any = rapidocr.ch_ppocr_rec.TextRecInput

    def read(self, frame: RGB) -> list[Line]:
        """Return the lines of a frame [H, W, 3], from top to bottom.

        Raises TooManyBoxes and NotRead.
        """
        height, width = frame.shape[:2]
        try:
            image = self._scaled(frame)
            quads = self._detect(image).boxes
            if quads is None:
                return []
            if len(quads) > self._max_boxes:
                raise TooManyBoxes
            crops = [self._crop(image, quad.copy()) for quad in quads]
            turned = self._turn(crops).img_list
            output = self._recognize(self._input(img=turned, return_word_box=False))
        except self._failures as error:
            raise NotRead(type(error).__name__) from None
        scale = np.array([width / image.shape[1], height / image.shape[0]])
        bounds = np.array([width, height])
        lines = []
        for quad, text, confidence in zip(quads, output.txts, output.scores, strict=True):
            if not text.strip() or confidence < self._min_confidence:
                continue
            corners = quad * scale
            left, top = np.clip(np.floor(corners.min(axis=0)), 0, bounds - 1).astype(int).tolist()
            far = np.ceil(corners.max(axis=0)) + 1
            right, bottom = np.clip(far, (left + 1, top + 1), bounds).astype(int).tolist()
            lines.append(Line(left, top, right, bottom, text))
        return lines

    def _scaled(self, frame: RGB) -> RGB:
        """Return blue-green-red pixels with sides that are multiples of 32, at most max_side."""
        height, width = frame.shape[:2]
        scale = min(max(_SHORT_SIDE / min(height, width), 1), _ENLARGED)
        scale = min(scale, self._max_side / max(height, width))
        sides = [max(round(side * scale / _MULTIPLE), 1) * _MULTIPLE for side in (width, height)]
        interpolation = self._cv2.INTER_AREA if scale < 1 else self._cv2.INTER_LINEAR
        resized = self._cv2.resize(frame, sides, interpolation=interpolation)
        return np.ascontiguousarray(resized[:, :, ::-1])

    def _bounded(self, boxes_from_bitmap: Any) -> Any:
        """Return the function with a bound: rapidocr would leave boxes out without a word."""

        def bounded(pred: Any, bitmap: Any, width: int, height: int) -> Any:
            if pred.max() < _BOX_THRESHOLD:  # no box can pass; a white image has 20,000 contours
                return np.zeros((0, 4, 2), np.int32), []
            cv2 = self._cv2
            pixels = (bitmap * 255).astype(np.uint8)
            contours, _ = cv2.findContours(pixels, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
            if len(contours) > _MAX_CONTOURS:
                raise TooManyBoxes
            return boxes_from_bitmap(pred, bitmap, width, height)

        return bounded


def whole_text(lines: Sequence[Line]) -> str:
    """Return the texts of the lines, one below the other."""
    return "\n".join(line.text for line in lines)
