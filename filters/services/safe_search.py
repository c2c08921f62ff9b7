"""Asks Cloud Vision's SafeSearch about images, 16 in a request."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any, Literal, get_args

from filters.services.batches import in_batches
from filters.services.google_clients import attempt, make_client
from filters.services.request_failed import RequestFailed
from filters.services.requests import Requests
from schemas.errors import ServiceFault

Category = Literal["adult", "spoof", "medical", "violence", "racy"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
MAX_IMAGES = 16  # in a request
_MAX_BYTES = 8_000_000  # of the images of a request; the service takes 10 MB
# Likelihood of the service -> score; UNKNOWN (0) is no score.
_SCORES: Mapping[int, float] = {1: 0.2, 2: 0.4, 3: 0.6, 4: 0.8, 5: 1.0}

Scores = Mapping[str, float]  # category -> score; NaN if the service does not know


class SafeSearch:
    """The service, and the client that it finds credentials with."""

    def __init__(self, requests: Requests, kind: str, model: str, endpoint: str | None) -> None:
        from google.cloud.vision_v1 import ImageAnnotatorClient
        from google.cloud.vision_v1.services.image_annotator.transports import (
            ImageAnnotatorGrpcTransport,
        )
        from google.cloud.vision_v1.types import Feature

        self._client = make_client(
            ImageAnnotatorClient, ImageAnnotatorGrpcTransport, endpoint, kind
        )
        self._requests = requests
        self._feature = {"type_": Feature.Type.SAFE_SEARCH_DETECTION, "model": model}

    def judge(self, files: Sequence[bytes]) -> list[Scores | None]:
        """Return the scores of each image file, in order; None for a file that is refused.

        Raises ServiceFault if an answer does not have one item for each file.
        """
        batches = in_batches(files, len, max_items=MAX_IMAGES, max_size=_MAX_BYTES)
        answers = self._requests.each(self._judge, list(batches))
        return [scores for answer in answers for scores in answer]

    def _judge(self, files: Sequence[bytes]) -> list[Scores | None]:
        images = [{"image": {"content": file}, "features": [self._feature]} for file in files]
        try:
            answer = self._requests.send(
                lambda seconds: attempt(
                    self._client.batch_annotate_images, {"requests": images}, seconds
                )
            )
        except RequestFailed:
            if len(files) == 1:
                return [None]
            middle = len(files) // 2
            return self._judge(files[:middle]) + self._judge(files[middle:])
        if len(answer.responses) != len(files):
            raise ServiceFault("service_answer_incomplete")
        return [_scores(response) for response in answer.responses]


def _scores(response: Any) -> Scores | None:
    """Return the scores of one image; None if the service could not judge it."""
    if response.error.code:
        return None
    annotation = response.safe_search_annotation
    return {name: _SCORES.get(int(getattr(annotation, name)), nan) for name in CATEGORIES}
