"""Groups the images of outputs by their hashes, the best image of each group first."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.duplicates.distinct import find_distinct
from pipelines.duplicates.frame_matching import VideoFrames
from pipelines.duplicates.grouping import group_hashes
from pipelines.duplicates.images import Images, Numbers
from pipelines.duplicates.pairs import Positions
from pipelines.duplicates.search import OnProgress
from pipelines.duplicates.video_grouping import group_videos


class NearImages(NamedTuple):
    """The images of groups of at least two, by the order of groups, the kept image first.

    Images have the numbers in which they were added.
    """

    images: Numbers
    kept: Numbers  # per image: the one of its group that is kept
    groups: Numbers  # per image: the number of its group
    distances: npt.NDArray[np.uint8]  # per image: of the hashes of the image and the kept one
    frames: npt.NDArray[np.int32] | None  # per video: how many match those of the kept one


def group_images(images: Images, distance: int, on_progress: OnProgress) -> NearImages:
    """Group near images; of each group the image with the most pixels is kept.

    Of images with equally many pixels, the first one by shard, index and output is better.
    """
    order = _best_first(images)
    if images.are_videos:
        frames = _frames_of(images, order)
        videos = group_videos(frames, distance, on_progress)
        return _listed(order, videos.heads, videos.distances, videos.frames)
    hashes = images.load("pdq")[order]
    firsts, places = find_distinct(hashes)
    hashes = hashes[firsts]
    groups = group_hashes(hashes, distance, on_progress)
    del hashes
    return _listed(order, firsts[groups.heads][places], groups.distances[places])


def _frames_of(images: Images, order: Numbers) -> VideoFrames:
    """Return the hashes of videos in this order."""
    unordered = VideoFrames(images.load("pdq"), images.load("hashes"))
    return VideoFrames(
        unordered.hashes[unordered.positions(order.astype(np.int32))], unordered.lengths[order]
    )


def _listed(
    order: Numbers,
    heads: Positions,
    distances: npt.NDArray[np.uint8],
    frames: npt.NDArray[np.int32] | None = None,
) -> NearImages:
    """Return the groups of two or more; the heads are places in `order`, as is what is given."""
    is_listed = (np.bincount(heads, minlength=len(order)) > 1)[heads]
    listed = np.flatnonzero(is_listed)
    listed = listed[np.argsort(heads[listed], kind="stable")]  # of a group, the best image first
    own_heads = heads[listed]
    begins = np.ones(len(listed), np.bool_)
    begins[1:] = own_heads[1:] != own_heads[:-1]
    return NearImages(
        order[listed],
        order[own_heads],
        np.cumsum(begins) - 1,
        distances[listed],
        None if frames is None else frames[listed],
    )


def _best_first(images: Images) -> Numbers:
    """Return the numbers of the images, the best one first."""
    names = [(shard, output) for output, shard in images.shards]
    by_name = sorted(range(len(names)), key=names.__getitem__)
    # Shards with the same name in several outputs have the same rank; then the output decides.
    shard_ranks = np.zeros(len(names), np.int32)
    output_ranks = np.zeros(len(names), np.int32)
    distinct = {shard: rank for rank, shard in enumerate(sorted({name[0] for name in names}))}
    for rank, place in enumerate(by_name):
        shard_ranks[place], output_ranks[place] = distinct[names[place][0]], rank
    shards = images.load("shard")
    pixels = images.load("width").astype(np.int64) * images.load("height")
    return np.lexsort((output_ranks[shards], images.load("index"), shard_ranks[shards], -pixels))
