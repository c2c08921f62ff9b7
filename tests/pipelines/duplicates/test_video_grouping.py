"""Groups of videos are those that a comparison of all pairs gives, frame by frame."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.duplicates.frame_matching import VideoFrames
from pipelines.duplicates.video_grouping import VideoGroups, group_videos

DISTANCE = 31
Video = npt.NDArray[np.uint64]  # [frames, 4]


def frame(rng: np.random.Generator) -> npt.NDArray[np.uint64]:
    return rng.integers(0, 2**64, 4, np.uint64)


def flipped(hash: npt.NDArray[np.uint64], bits: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    changed = hash.copy()
    for bit in bits.tolist():
        changed[bit // 64] ^= np.uint64(1 << (bit % 64))
    return changed


def changed_video(rng: np.random.Generator, source: Video, cards: Video) -> Video:
    """Return a video with changed bits, and with frames that are left out, swapped or replaced."""
    frames = [flipped(each, rng.choice(256, rng.integers(0, 40), replace=False)) for each in source]
    for _ in range(rng.integers(0, 4)):
        place = rng.integers(len(frames))
        match rng.integers(4):
            case 0 if len(frames) > 1:
                frames.pop(place)
            case 1:
                frames[place] = cards[rng.integers(len(cards))]
            case 2:
                frames.insert(place, cards[rng.integers(len(cards))])
            case _:
                other = rng.integers(len(frames))
                frames[place], frames[other] = frames[other], frames[place]
    return np.stack(frames)


def made_up(rng: np.random.Generator, families: int, most: int) -> list[Video]:
    """Return families of similar videos; some frames are in many of them."""
    cards = np.stack([frame(rng) for _ in range(2)])
    videos = []
    for _ in range(families):
        own = np.stack([frame(rng) for _ in range(rng.integers(1, 9))])
        own[rng.random(len(own)) < 0.3] = cards[0]
        members = [own]
        for _ in range(rng.integers(0, most + 1)):
            members.append(changed_video(rng, members[rng.integers(len(members))], cards))
        videos += members
    return [videos[place] for place in rng.permutation(len(videos))]


def grouped(videos: list[Video], distance: int = DISTANCE) -> VideoGroups:
    lengths = np.array([len(video) for video in videos], np.int32)
    return group_videos(VideoFrames(np.concatenate(videos), lengths), distance)


def most_matches(one: Video, other: Video, distance: int) -> tuple[int, int]:
    """Return the most frames that match in order, and then the fewest bits, by plain recursion."""
    best = [[(0, 0)] * (len(other) + 1) for _ in range(len(one) + 1)]
    for row, own in enumerate(one):
        for column, before in enumerate(other):
            bits = int(np.bitwise_count(own ^ before).sum())
            ways = [best[row][column + 1], best[row + 1][column]]
            if bits <= distance:
                number, less = best[row][column]
                ways.append((number + 1, less - bits))
            best[row + 1][column + 1] = max(ways)
    number, less = best[-1][-1]
    return number, -less


def by_all_pairs(videos: list[Video], distance: int) -> list[tuple[int, int, int]]:
    """Return the head, the mean bits and the matches of each video."""
    heads: list[int] = []
    found = []
    for place, video in enumerate(videos):
        for head in heads:
            number, bits = most_matches(video, videos[head], distance)
            fewer, more = sorted((len(video), len(videos[head])))
            if 4 * number >= 3 * fewer and 2 * number > more:
                found.append((head, bits // number, number))
                break
        else:
            heads.append(place)
            found.append((place, 0, len(video)))
    return found


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([0, 7, DISTANCE, 40]),
    st.integers(1, 20),
    st.integers(0, 12),
)
def test_groups_are_those_of_all_pairs(seed: int, distance: int, families: int, most: int) -> None:
    videos = made_up(np.random.default_rng(seed), families, most)
    groups = grouped(videos, distance)
    expected = by_all_pairs(videos, distance)
    assert list(zip(*(each.tolist() for each in groups), strict=True)) == expected


def numbered(rng: np.random.Generator, *numbers: int) -> list[Video]:
    """Return a video of each number of frames, without near frames."""
    return [np.stack([frame(rng) for _ in range(number)]) for number in numbers]


@pytest.mark.parametrize(("same", "is_match"), [(5, False), (6, True)])
def test_three_quarters_of_the_frames_of_the_shorter_must_match(same: int, is_match: bool) -> None:
    one, other = numbered(np.random.default_rng(1), 8, 8)
    other[:same] = one[:same]
    assert grouped([one, other]).heads.tolist() == [0, 0 if is_match else 1]


def test_frames_must_match_in_order() -> None:
    (one,) = numbered(np.random.default_rng(2), 8)
    assert grouped([one, one[::-1]]).heads.tolist() == [0, 1]
    assert grouped([one, np.roll(one, 2, axis=0)]).heads.tolist() == [0, 0]


def test_more_than_half_of_the_frames_of_the_other_must_match() -> None:
    (one,) = numbered(np.random.default_rng(3), 8)
    assert grouped([one, one[:5], one[:4], one[:1]]).heads.tolist() == [0, 0, 2, 3]


def test_a_shared_card_makes_no_group_of_many_videos() -> None:
    rng = np.random.default_rng(4)
    videos = numbered(rng, *[8] * 600)
    for video in videos:
        video[0], video[-1] = videos[0][0], videos[0][-1]
    copies = [video[1:] for video in videos[:100]]
    groups = grouped([*videos, *copies])
    assert groups.heads.tolist() == [*range(600), *range(100)]
    assert set(groups.frames[600:].tolist()) == {7}
