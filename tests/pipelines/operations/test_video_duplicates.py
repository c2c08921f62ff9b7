"""Copies of videos are listed by their sampled frames, whatever their first frame shows."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from skimage import data
from support.command_line import CommandLine
from support.sample_data import encoded, write_shard
from support.videos import video

from schemas.sample import RGB

pytest.importorskip("pdqhash", reason="pip install 'pdqhash>=0.2.8'")

PHOTOGRAPHS = (data.astronaut, data.coffee, data.chelsea, data.rocket)
BLACK = np.zeros((128, 128, 3), np.uint8)


@pytest.fixture
def call(command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    return command_line


def still(photograph: int, side: int = 128) -> RGB:
    image = Image.fromarray(PHOTOGRAPHS[photograph]()[:256, :256])
    return np.asarray(image.resize((side, side)))


def clip(first: int, number: int = 48, side: int = 128) -> list[RGB]:
    """Return frames of which each twelve show one of the four photographs, slowly brightened."""
    scenes = [still((first + scene) % 4, side) for scene in range(4)]
    return [
        np.clip(scenes[4 * each // number].astype(np.int16) + each % 12, 0, 255).astype(np.uint8)
        for each in range(number)
    ]


def turned(frames: Sequence[RGB]) -> list[RGB]:
    return [np.ascontiguousarray(np.rot90(frame)) for frame in frames]


CARD = [still(2)] * 6
CLIPS: dict[str, tuple[bytes, str]] = {  # key -> video, and the key of the kept one
    "a": (video(clip(0, side=160)), "a"),
    "b_encoded_anew": (video(clip(0), "webm", "libvpx-vp9", codec_options={"crf": "40"}), "a"),
    "c_trimmed": (video(clip(0)[3:44]), "a"),
    "d_other_first_frame": (video([still(3), *clip(0)[1:]]), "a"),
    "e_black_intro": (video([BLACK] * 4 + clip(0)), "a"),
    "f_other": (video(turned(clip(0))), "f_other"),
    "g_reversed": (video(clip(0)[::-1]), "g_reversed"),
    "h_card": (video(CARD + turned(clip(1))), "h_card"),
    "i_card": (video(CARD + turned(clip(3)[:24] + clip(0)[:24])), "i_card"),
    "j_black": (video([BLACK] * 40 + clip(1)[:8]), ""),
    "k_black": (video([BLACK] * 40 + clip(1)[:8], "webm", "libvpx-vp9"), ""),
}


def write_job(name: str, more: str = "", given: str = "video: {}, pdq: true") -> None:
    Path(f"{name}.yaml").write_text(
        f"name: {name}\ninput: {{shards: 'shards/*.tar', text: null, {given}}}\n"
        "model: null\ntasks: {}\n"
        f"filters:\n  - {{kind: image_size, min_side: 9}}\n{more}output: {name}\n"
    )


def write_clips(clips: dict[str, tuple[bytes, str]]) -> None:
    write_shard(
        Path("shards/0.tar"), [(f"{key}.mp4", content) for key, (content, _) in clips.items()]
    )


def test_copies_are_listed_and_other_videos_are_not(call: CommandLine) -> None:
    write_clips(CLIPS)
    write_job("first")
    call.done("run", "first.yaml")
    rows = pq.read_table("first/0.parquet").to_pylist()
    hashes = {row["key"]: row["pdq_frames"] for row in rows}
    assert "pdq" not in rows[0]
    assert all(len(frames) == 8 for frames in hashes.values())
    assert (hashes["e_black_intro"][0], hashes["j_black"][:6]) == (None, [None] * 6)
    assert hashes["h_card"][0] is not None
    assert hashes["h_card"][0] == hashes["i_card"][0]

    report = json.loads(call.done("duplicates", "first", "--output", "list.parquet", "--json"))
    assert report.items() >= {"images": 9, "are_videos": True, "groups": 1, "copies": 4}.items()
    keys = list(CLIPS)
    listed = pq.read_table("list.parquet").to_pylist()
    found = {keys[row["index"]]: keys[row["kept_index"]] for row in listed}
    assert found == {key: kept for key, (_, kept) in CLIPS.items() if kept == "a"}
    frames = {keys[row["index"]]: row["matching_frames"] for row in listed}
    assert (frames["a"], frames["d_other_first_frame"]) == (6, 5)  # two of the frames are flat
    assert all(5 <= number <= 6 for number in frames.values())
    assert {row["pdq"] for row in listed} == {None}

    write_job("second", "  - {kind: duplicates, path: list.parquet}\nfilters_from: first\n")
    call.done("run", "second.yaml")
    kept = [
        row["key"]
        for row in pq.read_table("second/0.parquet").to_pylist()
        if row["key"] is not None
    ]
    assert kept == [key for key, (_, kept) in CLIPS.items() if kept in (key, "")]


def test_filters_of_frames_do_not_change_the_hashes(call: CommandLine) -> None:
    write_clips({key: CLIPS[key] for key in ("a", "e_black_intro")})
    columns = []
    for name, more in (("plain", ""), ("judged", "  - {kind: image_quality}\n")):
        write_job(name, more)
        call.done("run", f"{name}.yaml")
        columns.append(pq.read_table(f"{name}/0.parquet")["pdq_frames"])
    assert columns[0] == columns[1]


def test_frames_of_a_list_match_any_sampled_frame(call: CommandLine) -> None:
    write_clips({"known": (video(clip(1)[:24]), "")})  # of two photographs
    call.done("hashes", "shards/0.tar", "--video", "--algorithm", "pdq", "--output", "known.csv")
    write_clips(
        {
            "one_scene": (video([BLACK] * 30 + clip(1)[12:24] + [BLACK] * 6), ""),
            "other": (video([BLACK] * 30 + clip(0)[:12] + [BLACK] * 6), ""),
        }
    )
    write_job("job", "  - {kind: perceptual_hash_list, path: known.csv}\n", "video: {}")
    call.done("run", "job.yaml")
    rows = pq.read_table("job/0.parquet").to_pylist()
    assert [row["reason"] for row in rows] == ["perceptual_hash_listed", None]


@pytest.mark.parametrize("order", [("images", "videos"), ("videos", "images")])
def test_images_and_videos_are_not_compared(order: tuple[str, str], call: CommandLine) -> None:
    writers: dict[str, Callable[[], None]] = {
        "images": lambda: write_shard(
            Path("shards/0.tar"), [("0.png", encoded(Image.fromarray(still(0)), "PNG"))]
        ),
        "videos": lambda: write_clips({"a": CLIPS["a"]}),
    }
    for name, given in (("images", "pdq: true"), ("videos", "video: {}, pdq: true")):
        writers[name]()
        write_job(name, given=given)
        call.done("run", f"{name}.yaml")
    line = call.mistake("duplicates", *order)
    assert f"{order[1]}: has {order[1]}, unlike the outputs before it" in line
