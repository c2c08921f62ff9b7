"""Groups videos around the best one of each group.

Videos are numbered from the best one on. In this order, each video joins the best of the kept
videos that it matches, and is kept itself if there is none.

The first half of the videos is grouped first. Each video of the other half is then compared with
the kept ones alone, and those that match none are grouped in the same way. So a family of many
equal videos costs a comparison of each with one, and not of all pairs.

If two videos match, at least k of n frames of each do. So n - k + 1 frames of a video cannot all be
among the others: at least one of them has a near frame in the other video. The search takes the
rarest ones, so that title cards, which are in many videos, are not searched for.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.duplicates.distinct import find_distinct
from pipelines.duplicates.frame_matching import VideoFrames, fewest_matches
from pipelines.duplicates.grouping import group_hashes
from pipelines.duplicates.pairs import Pairs, Positions
from pipelines.duplicates.search import NearSearch, OnProgress

_FEW = 64  # videos of which all pairs are compared
_CANDIDATES = 1 << 22  # pairs of videos that are kept until they are compared
_LOWER = np.uint64(0xFFFF_FFFF)
_RARITY = 0.4  # share of the work, as the user is told


class VideoGroups(NamedTuple):
    """The kept video of each video, by position; that of a kept video is itself."""

    heads: Positions
    distances: npt.NDArray[np.uint8]  # bits, on average of the frames that match
    frames: npt.NDArray[np.int32]  # frames that match; of a kept video, all of its own


def group_videos(
    frames: VideoFrames, distance: int, on_progress: OnProgress = lambda _: None
) -> VideoGroups:
    """Group videos, the best one first; `distance` of frames is inclusive, in bits."""
    counts = _count_near(frames, distance, lambda share: on_progress(_RARITY * share))
    grouping = _Grouping(
        frames, counts, distance, lambda share: on_progress(_RARITY + (1 - _RARITY) * share)
    )
    videos = np.arange(len(frames.lengths), dtype=np.int32)
    grouping.group(videos)
    matches = frames.match(videos, grouping.heads, distance)
    return VideoGroups(grouping.heads, matches.distances, matches.frames)


def _count_near(
    frames: VideoFrames, distance: int, on_progress: OnProgress
) -> npt.NDArray[np.int64]:
    """Return, per frame, how many frames are in its group of near frames."""
    firsts, places = find_distinct(frames.hashes)
    heads = group_hashes(frames.hashes[firsts], distance, on_progress).heads[places]
    counts: npt.NDArray[np.int64] = np.bincount(heads, minlength=len(firsts))[heads]
    return counts


class _Grouping:
    """Groups in the making."""

    def __init__(
        self,
        frames: VideoFrames,
        counts: npt.NDArray[np.int64],
        distance: int,
        on_progress: OnProgress,
    ) -> None:
        self._frames = frames
        self._distance = distance
        self._on_progress = on_progress
        self._search = NearSearch(frames.hashes, distance)
        self.heads = np.arange(len(frames.lengths), dtype=np.int32)
        by_rarity = np.lexsort((counts, frames.videos))  # of a video, the rarest frame first
        ranks = np.arange(len(by_rarity)) - np.repeat(frames.begins, frames.lengths)
        searched = frames.lengths - fewest_matches(frames.lengths) + 1
        self._is_searched = np.zeros(len(by_rarity), np.bool_)
        self._is_searched[by_rarity] = ranks < np.repeat(searched, frames.lengths)

    def group(self, videos: Positions) -> Positions:
        """Group sorted videos, and return those that are kept, sorted."""
        if len(videos) <= _FEW:
            return self._group_few(videos)
        middle = len(videos) // 2
        kept = self.group(videos[:middle])
        self._join(videos[middle:], kept)
        rest = videos[middle:][self.heads[videos[middle:]] == videos[middle:]]
        return np.concatenate([kept, self.group(rest)])

    def _group_few(self, videos: Positions) -> Positions:
        rows, columns = np.tril_indices(len(videos), -1)
        matches = self._frames.match(videos[rows], videos[columns], self._distance)
        is_match = np.zeros((len(videos), len(videos)), np.bool_)
        is_match[rows, columns] = matches.are_enough
        kept: list[int] = []
        for row, video in enumerate(videos.tolist()):
            matched = is_match[row, kept]
            if matched.any():
                self.heads[video] = videos[kept[int(matched.argmax())]]
            else:
                kept.append(row)
        if len(videos):
            self._on_progress(float(videos[-1] + 1) / len(self.heads))
        return videos[kept]

    def _join(self, videos: Positions, kept: Positions) -> None:
        """Let each video join the best kept one that it matches; all kept ones are better."""
        pending: list[npt.NDArray[np.uint64]] = []

        def add(pairs: Pairs) -> None:
            own = self._frames.videos[pairs.positions].astype(np.uint64)
            before = self._frames.videos[pairs.before].astype(np.uint64)
            pending.append(np.unique((own << np.uint64(32)) | before))
            if sum(map(len, pending)) > _CANDIDATES:
                self._compare(pending)

        searched = self._frames.positions(videos)
        searched = searched[self._is_searched[searched]]
        self._search.near_before(searched, self._frames.positions(kept), add)
        self._compare(pending)

    def _compare(self, pending: list[npt.NDArray[np.uint64]]) -> None:
        """Compare the candidates, and forget them."""
        if not pending:
            return
        pairs = np.unique(np.concatenate(pending))
        pending.clear()
        videos = (pairs >> np.uint64(32)).astype(np.int32)
        kept = (pairs & _LOWER).astype(np.int32)
        is_better = kept < self.heads[videos]
        videos, kept = videos[is_better], kept[is_better]
        enough = self._frames.match(videos, kept, self._distance).are_enough
        np.minimum.at(self.heads, videos[enough], kept[enough])
