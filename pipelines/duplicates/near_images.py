"""Groups the images of outputs by their hashes, the best image of each group first."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.duplicates.grouping import group_hashes
from pipelines.duplicates.images import Images
from pipelines.duplicates.search import OnProgress

Numbers = npt.NDArray[np.int64]


class NearImages(NamedTuple):
    """The images of groups of at least two, by the order of groups, the kept image first.

    Images have the numbers in which they were added.
    """

    images: Numbers
    kept: Numbers  # per image: the one of its group that is kept
    groups: Numbers  # per image: the number of its group
    distances: npt.NDArray[np.uint8]  # per image: of the hashes of the image and the kept one


def group_images(images: Images, distance: int, on_progress: OnProgress) -> NearImages:
    """Group near images; of each group the image with the most pixels is kept.

    Of images with equally many pixels, the first one by shard, index and output is better.
    """
    order = _best_first(images)
    hashes = images.load("pdq")[order]
    by_hash = np.lexsort(hashes.T)  # stable: equal hashes, the best image first
    is_first = np.ones(len(by_hash), np.bool_)
    for start in range(0, len(by_hash) - 1, _CHUNK):
        some = hashes[by_hash[start : start + _CHUNK + 1]]
        is_first[start + 1 : start + len(some)] = (some[1:] != some[:-1]).any(axis=1)
    runs = np.cumsum(is_first) - 1
    firsts = by_hash[is_first]  # per distinct hash: its best image
    ranks = np.empty(len(firsts), np.int32)
    by_rank = np.argsort(firsts)
    ranks[by_rank] = np.arange(len(firsts), dtype=np.int32)
    distinct = np.empty(len(order), np.int32)  # per image: the place of its hash
    distinct[by_hash] = ranks[runs]
    del by_hash, is_first, runs, ranks
    firsts = firsts[by_rank]
    hashes = hashes[firsts]
    groups = group_hashes(hashes, distance, on_progress)
    del hashes
    heads = groups.heads[distinct]  # per image
    is_listed = (np.bincount(heads, minlength=len(firsts)) > 1)[heads]
    listed = np.flatnonzero(is_listed)
    listed = listed[np.argsort(heads[listed], kind="stable")]  # of a group, the best image first
    own_heads = heads[listed]
    begins = np.ones(len(listed), np.bool_)
    begins[1:] = own_heads[1:] != own_heads[:-1]
    return NearImages(
        order[listed],
        order[firsts[own_heads]],
        np.cumsum(begins) - 1,
        groups.distances[distinct[listed]],
    )


_CHUNK = 1 << 20  # images whose hashes are compared at a time


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
