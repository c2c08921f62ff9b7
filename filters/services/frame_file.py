"""Encodes frames for a service: small JPEG files without metadata."""

import io

from PIL import Image

from schemas.sample import RGB

_MAX_SIDE = 1024  # pixels of the longer side
_QUALITY = 90


def frame_file(frame: RGB) -> bytes:
    """Encode a frame [H, W, 3] as JPEG, reduced to at most 1,024 pixels a side."""
    image = Image.fromarray(frame)
    longer = max(image.size)
    if longer > _MAX_SIDE:
        width, height = (max(1, round(side * _MAX_SIDE / longer)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=_QUALITY)
    return encoded.getvalue()
