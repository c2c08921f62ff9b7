"""Decides whether two videos match: whether enough of their sampled frames are near, in order.

A frame matches at most one frame of the other video, and matches do not cross. So the most frames
that match are a longest common subsequence, in which near hashes count as equal. Videos match if
these frames are at least three quarters of the frames of the one that has fewer, and more than half
of the frames of the other one. So a frame that many videos have, such as a title card, decides
nothing, and a frame that is flat in one of two copies alone does not separate them.

vPDQ (Facebook's ThreatExchange) compares videos in the same way, by the share of frames whose PDQ
hashes are near, but in any order.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.duplicates.pairs import Positions
from pipelines.duplicates.tables import Hashes

_MATCH = 1 << 16  # the gain of a frame that matches, less the bits in which the hashes differ
_FRAME_PAIRS = 1 << 20  # pairs of frames that are compared at a time


class Matches(NamedTuple):
    """How many frames of each pair of videos match, and whether that is enough."""

    frames: npt.NDArray[np.int32]
    distances: npt.NDArray[np.uint8]  # bits, on average of the frames that match, rounded down
    are_enough: npt.NDArray[np.bool_]


def needed_matches(frames: Positions, other_frames: Positions) -> Positions:
    """Return how many frames of videos with so many must match at least."""
    fewer, more = np.minimum(frames, other_frames), np.maximum(frames, other_frames)
    needed: Positions = np.maximum(-(-3 * fewer // 4), more // 2 + 1)
    return needed


def fewest_matches(frames: Positions) -> Positions:
    """Return how many frames of a video with so many must match at least, whatever the other is."""
    return needed_matches(frames, frames // 2 + 1)


class VideoFrames:
    """The hashes [frames, 4] of videos, one video after the other in the order of the videos."""

    def __init__(self, hashes: Hashes, lengths: Positions) -> None:
        self.hashes = hashes
        self.lengths = lengths  # frames of each video; none is 0
        self.begins = np.cumsum(lengths, dtype=np.int64) - lengths
        self.videos = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)  # of each frame

    def positions(self, videos: Positions) -> Positions:
        """Return the positions of all frames of these videos, in the order of the videos."""
        lengths = self.lengths[videos]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        positions: Positions = (np.repeat(self.begins[videos], lengths) + within).astype(np.int32)
        return positions

    def match(self, videos: Positions, others: Positions, distance: int) -> Matches:
        """Compare pairs of videos; frames match if at most `distance` bits differ."""
        most = int(self.lengths.max(initial=1))
        at_once = max(1, _FRAME_PAIRS // most**2)
        gains = [np.empty(0, np.int64)]
        for start in range(0, len(videos), at_once):
            part = slice(start, start + at_once)
            gains.append(self._gains(videos[part], others[part], distance))
        gain = np.concatenate(gains)
        frames = -(-gain // _MATCH)
        bits = frames * _MATCH - gain
        return Matches(
            frames.astype(np.int32),
            (bits // np.maximum(frames, 1)).astype(np.uint8),
            frames >= needed_matches(self.lengths[videos], self.lengths[others]),
        )

    def _gains(self, videos: Positions, others: Positions, distance: int) -> npt.NDArray[np.int64]:
        """Return, per pair, the gain of the most matches, of these with the fewest bits."""
        (own, is_own), (other, is_other) = self._padded(videos), self._padded(others)
        bits = np.zeros((len(videos), own.shape[1], other.shape[1]), np.int64)
        for word in range(4):
            bits += np.bitwise_count(own[:, :, None, word] ^ other[:, None, :, word])
        is_near = (bits <= distance) & is_own[:, :, None] & is_other[:, None, :]
        gains = np.where(is_near, _MATCH - bits, 0)
        best = np.zeros((len(videos), other.shape[1] + 1), np.int64)
        for frame in range(own.shape[1]):
            best[:, 1:] = np.maximum(best[:, 1:], best[:, :-1] + gains[:, frame])
            np.maximum.accumulate(best, axis=1, out=best)
        return best[:, -1]

    def _padded(self, videos: Positions) -> tuple[Hashes, npt.NDArray[np.bool_]]:
        """Return the hashes of each video [videos, frames, 4], and which of them are its own."""
        lengths = self.lengths[videos]
        frames = np.arange(lengths.max())
        is_own = frames < lengths[:, None]
        positions = np.where(is_own, self.begins[videos][:, None] + frames, 0)
        return self.hashes[positions], is_own
