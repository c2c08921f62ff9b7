"""PDQ, Facebook's perceptual hash of 256 bits, by the optional package pdqhash.

"The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019.
"""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from filters.images.hamming_index import Hashes
from schemas.errors import JobError
from schemas.sample import RGB

ALGORITHM = "pdq"
LOWEST_QUALITY = 49  # frames up to this quality, of 100, are flat: their hashes match anything
_TRANSPOSED = 6  # index among the eight hashes that pdqhash returns


def load_pdqhash(needed_by: str) -> Any:
    """Import the optional package pdqhash; without a wheel, pip builds it with a C++ compiler.

    Raises JobError, which begins with `needed_by`, if the package is not installed.
    """
    try:
        import pdqhash
    except ImportError:
        raise JobError(f"{needed_by} needs pdqhash: pip install 'pdqhash>=0.2.8'") from None
    return pdqhash


def pdq_hash(frame: RGB, pdqhash: Any) -> tuple[bytes, int]:
    """Return the hash of a frame [height, width, 3], 32 bytes, and its quality, up to 100."""
    bits, quality = pdqhash.compute(np.ascontiguousarray(frame))
    return np.packbits(bits).tobytes(), int(quality)


def flipped_hashes(frame: RGB, pdqhash: Any) -> tuple[Hashes, int]:
    """Return the hashes of the frame's eight flips and rotations, and its quality, up to 100.

    PDQ can derive all eight hashes from one image. For sides where its blur and sampling are off
    center, such as 480 pixels, the derived hash of a flip is up to 28 bits from the flip's own
    hash. Only the derived hash of the transposed image is exact. So four flips are hashed, and only
    the transposed hash of each is derived.
    """
    bits: list[npt.NDArray[np.int64]] = []  # per hash: [256]
    for down, across in product((1, -1), repeat=2):
        flipped = np.ascontiguousarray(frame[::down, ::across])
        derived, quality = pdqhash.compute_dihedral(flipped)
        bits += derived[0], derived[_TRANSPOSED]
    return np.packbits(bits, axis=1), quality
