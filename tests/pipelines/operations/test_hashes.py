"""`shardmill hashes` lists the images of shards, and the list keeps them out of another corpus."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from skimage import data
from support.command_line import CommandLine
from support.sample_data import Member, encoded, write_shard
from support.videos import video


@pytest.fixture
def call(command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    return command_line


def scene(number: int) -> Image.Image:
    photograph = (data.astronaut, data.coffee, data.chelsea, data.rocket)[number]()
    return Image.fromarray(photograph[:256, :256])


def members(*images: bytes) -> list[Member]:
    return [(f"{number}.jpg", image) for number, image in enumerate(images)]


def lines(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_corpus_without_the_images_of_an_evaluation_set(call: CommandLine) -> None:
    pytest.importorskip("pdqhash", reason="pip install 'pdqhash>=0.2.8'")
    evaluated = [scene(seed) for seed in range(3)]
    originals = [encoded(image, "JPEG", quality=95) for image in evaluated]
    write_shard(Path("eval/0.tar"), members(*originals))
    call.done("hashes", "eval/*.tar", "--output", "eval.csv", "--label", "my-eval")
    assert [line["algorithm"] for line in lines("eval.csv")] == ["sha256", "pdq"] * 3
    assert {line["label"] for line in lines("eval.csv")} == {"my-eval"}
    assert lines("eval.csv")[2]["source"].endswith("0.tar#1")

    changed = [
        originals[0],
        encoded(evaluated[1].resize((128, 128)), "JPEG", quality=80),
        encoded(evaluated[2].transpose(Image.Transpose.FLIP_LEFT_RIGHT), "PNG"),
        encoded(evaluated[2].crop((60, 60, 200, 200)), "PNG"),  # a crop is not found
        encoded(scene(3), "JPEG"),
    ]
    write_shard(Path("corpus/0.tar"), members(*changed))
    Path("job.yaml").write_text(
        "name: clean\ninput: {shards: corpus/*.tar, text: null}\nmodel: null\ntasks: {}\n"
        "filters:\n  - {kind: hash_list, path: eval.csv}\n"
        "  - {kind: perceptual_hash_list, path: eval.csv}\noutput: out\n"
    )
    call.done("run", "job.yaml")
    (file,) = Path("out").glob("*.parquet")
    reasons = pq.read_table(file).column("reason").to_pylist()
    assert reasons == ["hash_listed", *["perceptual_hash_listed"] * 2, None, None]


def test_sha256_alone_needs_no_decoding(call: CommandLine) -> None:
    damaged = b"\xff\xd8 no image"
    write_shard(Path("a.tar"), members(damaged, damaged, encoded(scene(1), "PNG")))
    call.done("hashes", "a.tar", "--output", "a.csv", "--algorithm", "sha256")
    assert [line["hash"] for line in lines("a.csv")] == [
        hashlib.sha256(damaged).hexdigest(),  # once, although it occurs twice
        hashlib.sha256(encoded(scene(1), "PNG")).hexdigest(),
    ]


def test_what_has_no_hash_is_counted(call: CommandLine) -> None:
    pytest.importorskip("pdqhash", reason="pip install 'pdqhash>=0.2.8'")
    flat = encoded(Image.new("RGB", (64, 64), "red"), "PNG")
    write_shard(Path("a.tar"), members(flat, b"no image", b""))
    code, _, err = call("hashes", "a.tar", "--output", "a.csv")
    assert code == 0
    assert "a.csv: 2 hashes of 3 images" in err
    assert "nearly flat: 1 image" in err
    assert "cannot be read: 1 image_empty, 1 image_undecodable" in err
    assert {line["algorithm"] for line in lines("a.csv")} == {"sha256"}


def test_all_images_of_a_sample_are_listed(call: CommandLine) -> None:
    images = [encoded(scene(number), "PNG") for number in range(4)]
    pairs = [
        (f"{pair}.{side}.png", images[2 * pair + number])
        for pair in range(2)
        for number, side in enumerate(("left", "right"))
    ]
    write_shard(Path("pairs.tar"), pairs)
    named = ["--image", "left.png", "--image", "right.png", "--algorithm", "sha256"]
    call.done("hashes", "pairs.tar", "--output", "pairs.csv", *named)
    found = lines("pairs.csv")
    assert [line["hash"] for line in found] == [hashlib.sha256(each).hexdigest() for each in images]
    assert [line["source"][-4:] for line in found] == ["#0.0", "#0.1", "#1.0", "#1.1"]

    pq.write_table(pa.table({"images": [images[:3], images[3:], []]}), "lists.parquet")
    named = ["--image", "images", "--algorithm", "sha256"]
    call.done("hashes", "lists.parquet", "--output", "lists.csv", *named)
    found = lines("lists.csv")
    assert [line["hash"] for line in found] == [hashlib.sha256(each).hexdigest() for each in images]
    assert [line["source"].split("#")[1] for line in found] == ["0.0", "0.1", "0.2", "1"]

    twice = ["--image", "left.png", "--image", "left.png"]
    assert "name at least two images" in call.mistake(
        "hashes", "pairs.tar", "--output", "twice.csv", *twice
    )


def test_a_video_that_was_encoded_again_is_found_by_its_frames(call: CommandLine) -> None:
    pytest.importorskip("pdqhash", reason="pip install 'pdqhash>=0.2.8'")
    frames = [np.zeros((256, 256, 3), np.uint8), *(np.asarray(scene(n)) for n in range(3))]
    other = np.asarray(scene(3))
    write_shard(Path("eval.tar"), [("0.mp4", video(frames)), ("1.mp4", b"no video")])
    _, _, err = call("hashes", "eval.tar", "--output", "eval.csv", "--video")
    assert "cannot be read: 1 image_undecodable" in err
    assert [line["algorithm"] for line in lines("eval.csv")] == ["sha256", *["pdq"] * 3, "sha256"]

    again = video(frames[2:3] * 2, "webm", "libvpx-vp9")
    write_shard(Path("corpus.tar"), [("0.webm", again), ("1.mp4", video([other, other]))])
    job = {
        "name": "clean",
        "input": {"shards": "corpus.tar", "text": None, "video": {}},
        "filters": [{"kind": "perceptual_hash_list", "path": "eval.csv"}],
        "output": "clean",
    }
    Path("job.yaml").write_text(json.dumps(job))
    call.done("run", "job.yaml")
    assert pq.read_table("clean/corpus.parquet").column("reason").to_pylist() == [
        "perceptual_hash_listed",
        None,
    ]


def test_mistakes_leave_no_file(call: CommandLine) -> None:
    write_shard(Path("a.tar"), members(b"", b""))
    assert "no image of these shards" in call.mistake("hashes", "a.tar", "--output", "a.csv")
    assert "not found" in call.mistake("hashes", "none.tar", "--output", "a.csv")
    Path("cut.tar").write_bytes(Path("a.tar").read_bytes()[:700])
    assert "cut.tar: cannot be read to its end" in call.mistake(
        "hashes", "cut.tar", "--output", "a.csv", "--algorithm", "sha256"
    )
    assert sorted(path.name for path in Path().iterdir()) == ["a.tar", "cut.tar"]
    Path("a.csv").write_text("mine")
    assert "exists already" in call.mistake("hashes", "a.tar", "--output", "a.csv")
