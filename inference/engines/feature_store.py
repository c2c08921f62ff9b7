"""Keeps the features of images from one block to the next, in the machine's own memory."""

from collections.abc import Callable, Sequence

import torch

from schemas.sample import RGB

MOST_BYTES = 512 << 20  # features of about 400 images of 224 pixels, for PaliGemma 2 3B in bfloat16


class FeatureStore:
    """The features of the first images, up to a number of bytes; later images are not kept.

    An image is known by its identity: an equal copy is another image.
    """

    def __init__(self, device: str, most_bytes: int = MOST_BYTES) -> None:
        self._device = device  # of the results
        self._free_bytes = most_bytes
        self._kept: dict[int, tuple[RGB, torch.Tensor]] = {}  # holds the images: their ids stay

    def encode(
        self, images: Sequence[RGB], encode: Callable[[Sequence[RGB]], torch.Tensor]
    ) -> torch.Tensor:
        """Return the features of images [images, image tokens, width]; encode those not kept."""
        features = {
            id(image): self._kept[id(image)][1].to(self._device)
            for image in images
            if id(image) in self._kept
        }
        new = [image for image in images if id(image) not in features]
        if new:
            encoded = encode(new)
            features |= {id(image): row for image, row in zip(new, encoded, strict=True)}
            self._keep(new, encoded)
        return torch.stack([features[id(image)] for image in images])

    def _keep(self, images: Sequence[RGB], features: torch.Tensor) -> None:
        """Keep the features of the first images, as many as fit."""
        fitting = min(self._free_bytes // features[0].nbytes, len(images))
        self._free_bytes -= fitting * features[0].nbytes
        for image, row in zip(images, features[:fitting].cpu(), strict=False):
            self._kept[id(image)] = image, row
