"""`shardmill review`: who is on the page, as the filters leave it, and the way back from it."""

import csv
import hashlib
import json
import os
from base64 import b64decode
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from support.command_line import call
from support.sample_data import jpeg, write_shard
from support.videos import gray_frames, video

from pipelines.operations.inspect import RowChoice
from pipelines.operations.review import choose
from pipelines.operations.stored_samples.review_samples import ChosenSample
from pipelines.output.output import open_output
from schemas.sample import Unit

JOB = """\
name: test
input: {shards: "shards/*.tar", carry: [json:url]}
filters:
  - {kind: words, path: words.txt, action: quarantine}
  - {kind: hash_list, path: listed.csv}
  - {kind: text_quality, min_words: 3}
  - {kind: personal_data}
output: output
"""
NEXT = JOB.replace("output: output", "output: next\nfilters_from: output\ndecisions: decisions.csv")
MAIL, DROPPED, LISTED_TEXT = "planted@example.org", "odd", "an odd listed picture"
TEXTS = [
    "a fine picture",
    f"an odd picture, write to {MAIL}",
    "an odd picture of a cat",
    DROPPED,  # too short: another filter would drop it
    LISTED_TEXT,
]
KEPT, PERSONAL, CAT, SHORT, LISTED = range(5)


def members(texts: list[str], first: int = 0) -> list[tuple[str, bytes]]:
    found = []
    for index, text in enumerate(texts):
        found += [
            (f"{index}.jpg", jpeg(600, 300, first + index)),
            (f"{index}.txt", text.encode()),
            (f"{index}.json", json.dumps({"url": f"https://example.org/{index}"}).encode()),
        ]
    return found


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    listed = hashlib.sha256(jpeg(600, 300, LISTED)).hexdigest()
    Path("listed.csv").write_text(f"algorithm,hash\nsha256,{listed}\n")
    Path("words.txt").write_text("odd\n")
    Path("job.yaml").write_text(JOB)
    Path("next.yaml").write_text(NEXT)
    write_shard(tmp_path / "shards/a.tar", members(TEXTS))
    write_shard(tmp_path / "shards/b.tar", members(["an odd dog in b", "a fine cat"], 10))
    call("run", "job.yaml", "--quiet")
    return tmp_path


def shown(page: str = "review.html") -> list[dict[str, Any]]:
    return elements("sample", page)


def elements(name: str, page: str = "review.html") -> list[Any]:
    before = f'<script type="application/json" class="{name}">'
    lines = Path(page).read_text(encoding="utf-8").splitlines()
    return [
        json.loads(line.removeprefix(before).removesuffix("</script>"))
        for line in lines
        if line.startswith(before)
    ]


def names(page: str = "review.html") -> list[tuple[str, int]]:
    return [(each["shard"], each["index"]) for each in shown(page)]


def write_decisions(decisions: dict[tuple[str, int], str], page: str = "review.html") -> None:
    """Write what the page's button downloads."""
    (settings,) = [
        json.loads(line.partition(">")[2].removesuffix("</script>"))
        for line in Path(page).read_text(encoding="utf-8").splitlines()
        if 'id="settings"' in line
    ]
    with Path("decisions.csv").open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(settings["columns"])
        for each in shown(page):
            decision = decisions.get((each["shard"], each["index"]), "")
            writer.writerow([*each["cells"], decision])


def statuses(output: str) -> dict[tuple[str, int], str]:
    rows = [
        row for file in Path(output).glob("*.parquet") for row in pq.read_table(file).to_pylist()
    ]
    return {(row["shard"], row["index"]): row["status"] for row in rows}


def test_quarantined_samples_are_shown_as_the_filters_leave_them() -> None:
    printed = call("review", "output").output
    assert names() == [("a.tar", PERSONAL), ("a.tar", CAT), ("b.tar", 0)]
    first = shown()[0]
    assert first["status"] == "quarantined"
    assert first["summary"] == "quarantined by words: word_listed"
    assert dict(first["texts"])["source_text"].startswith("an odd picture, write to [")
    assert first["key"] == "1"
    assert ["words.matches", "1"] in first["scores"]
    text = Path("review.html").read_text(encoding="utf-8")
    for hidden in (MAIL, LISTED_TEXT, "a fine picture"):
        assert hidden not in text + printed
    assert "1 sample of a.tar left out: a filter drops the sample" in printed
    assert "review.html: 3 quarantined samples" in printed
    for content in elements("picture"):
        picture = Image.open(BytesIO(b64decode(content)))
        assert (picture.format, picture.size) == ("WEBP", (480, 240))
        assert not picture.getexif()


def test_the_next_job_honours_the_decisions_and_gives_the_same_bytes_twice() -> None:
    call("review", "output")
    write_decisions({("a.tar", PERSONAL): "accept", ("b.tar", 0): "reject"})
    call("run", "next.yaml", "--quiet")
    call("run", "next.yaml", "--output", "again", "--quiet")
    found = statuses("next")
    assert found["a.tar", PERSONAL] == "kept"
    assert found["a.tar", CAT] == "quarantined"
    assert found["b.tar", 0] == "dropped"
    for file in Path("next").glob("*.parquet"):
        assert file.read_bytes() == (Path("again") / file.name).read_bytes()
    call("review", "next", "--to", "later.html")  # what is left can be reviewed again
    assert names("later.html") == [("a.tar", CAT)]


def test_samples_can_be_chosen() -> None:
    choice = ("--shard", "b.tar", "--filter", "words", "--reason", "word_listed")
    result = json.loads(call("review", "output", *choice, "--json").stdout)
    assert (result["samples"], result["more"], result["file"]) == (1, False, "review.html")
    assert names() == [("b.tar", 0)]
    where = ("--where", "scores['words.matches'] = 1 AND index > 0")
    printed = call("review", "output", "--limit", 1, *where, "--force").output
    assert names() == [("a.tar", PERSONAL)]
    assert "review.html: 1 quarantined sample\n" in printed
    assert "the output has more of them" in printed


def test_a_seed_draws_every_sample_with_the_same_chance() -> None:
    opened = open_output("output")
    drawn = Counter[tuple[str, int]]()
    for seed in range(40):
        found = choose(opened, RowChoice("quarantined", seed=seed), 2)
        assert found == choose(opened, RowChoice("quarantined", seed=seed), 2)
        drawn.update((each.unit.shard, each.index) for each in found)
    assert drawn.keys() == {("a.tar", n) for n in (PERSONAL, CAT, SHORT)} | {("b.tar", 0)}
    assert max(drawn.values()) < 32  # of 40; the mean is 20


def test_changed_and_missing_shards_are_told_and_left_out(folder: Path) -> None:
    shard = folder / "shards/a.tar"
    os.utime(shard, ns=(1, 1))  # another version with the same content
    (folder / "shards/b.tar").unlink()
    printed = call("review", "output").output
    assert names() == [("a.tar", PERSONAL), ("a.tar", CAT)]
    assert "1 sample of b.tar left out: the shard is gone" in printed
    write_shard(shard, members([f"{text} now" for text in TEXTS]))
    printed = call("review", "output", "--to", "other.html", code=2).output
    assert "3 samples of a.tar left out: the shard has changed since" in printed
    assert "none of these samples can be shown" in printed
    assert not Path("other.html").exists()


def test_a_cut_shard_shows_what_comes_before_the_cut(folder: Path) -> None:
    shard = folder / "shards/a.tar"
    call("review", "output", "--shard", "a.tar")
    whole = shown()
    before = shard.stat()
    content = shard.read_bytes()
    cut = content.index(TEXTS[CAT].encode()) - 1024
    shard.write_bytes(content[:cut] + b"\x01" * (len(content) - cut))
    os.utime(shard, ns=(before.st_atime_ns, before.st_mtime_ns))
    printed = call("review", "output", "--shard", "a.tar", "--force").output
    assert shown() == whole[:1]
    assert "2 samples of a.tar left out: the shard cannot be read to its end" in printed


def test_nothing_to_review_writes_no_page() -> None:
    printed = call("review", "output", "--reason", "nothing").output
    assert printed.startswith("no quarantined sample that these options choose: ")
    assert not Path("review.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("output", "--filter", "hash_list"), "--filter: what hash_list puts aside is shown"),
        (("output", "--filter", "odd"), "--filter: the output has no filter odd: name one of"),
        (("output", "--shard", "z.tar"), "--shard: there is no shard 'z.tar'"),
        (("output", "--where", "odd > 1"), "--where: "),
        (("output", "--where", "index >"), "--where: "),
        (("shards",), "is not an output of shardmill"),
        (("output", "--to", "words.txt"), "words.txt: exists already"),
        (("output", "--to", "s3://bucket/review.html"), "is written on this machine alone"),
    ],
)
def test_mistakes_are_one_line(arguments: tuple[str, ...], message: str) -> None:
    (line,) = call("review", *arguments, code=2).stderr.strip().splitlines()
    assert message in line


@pytest.mark.parametrize("status", ["dropped", "invalid"])
def test_samples_that_are_not_kept_or_quarantined_cannot_be_chosen(status: Any) -> None:
    with pytest.raises(ValueError, match="is shown nowhere"):
        ChosenSample(Unit("a", "a.tar", "a.tar", 1, ""), 0, status)


MARKING = """
from dataclasses import replace
from filters import ImageFilter
from schemas.sample import TextBox
from schemas.verdict import keep

class Marking(ImageFilter):
    kind: str = "marking"

    def load(self, resources):
        return self

    def judge(self, items):
        box = TextBox(0, 0, 0, 300, 300, "personal_data")
        return [replace(keep(), boxes=(box,)) for item in items]
"""


def test_text_that_a_filter_found_in_the_image_is_covered(folder: Path) -> None:
    (folder / "review_marking.py").write_text(MARKING)
    text = JOB.replace("filters:", "filters:\n  - {kind: 'review_marking:Marking'}")
    Path("marking.yaml").write_text(text.replace("output: output", "output: marked"))
    call("run", "marking.yaml", "--quiet")
    call("review", "marked", "--shard", "b.tar")
    (content,) = elements("picture")
    picture = np.asarray(Image.open(BytesIO(b64decode(content))).convert("RGB")).astype(int)
    assert abs(picture[:, :230] - 128).max() < 12  # the left half, in gray
    assert abs(picture[:, 250:] - 128).max() > 60


def test_a_person_sees_frames_of_a_whole_video(tmp_path: Path) -> None:
    clip = video(list(gray_frames(40, 100, 60)))
    members = [("0.mp4", clip), ("0.txt", b"an odd clip")]
    write_shard(tmp_path / "clips/a.tar", members)
    job = JOB.replace("shards/*.tar", "clips/*.tar").replace("output: output", "output: clips1")
    Path("clips.yaml").write_text(job.replace("carry: [json:url]", "video: {frames: 4}"))
    call("run", "clips.yaml", "--quiet", code=3)
    call("review", "clips1")
    (content,) = elements("picture")
    picture = np.asarray(Image.open(BytesIO(b64decode(content))).convert("L")).astype(int)
    assert picture.shape == (60 + 8 + 60, 100 + 8 + 100)
    grays = [picture[y, x] for y in (30, 98) for x in (50, 158)]
    assert grays[0] == pytest.approx(20, abs=6)  # the first frame
    assert grays[3] == pytest.approx(5 * 39 + 20, abs=6)  # the last one
    assert grays == sorted(grays)


def test_a_person_sees_all_images_of_a_sample_and_decides_about_them(tmp_path: Path) -> None:
    def write(right: int) -> None:
        sides = {"left": 1, "right": right}
        pair = [(f"0.{side}.jpg", jpeg(100, 60, seed)) for side, seed in sides.items()]
        write_shard(tmp_path / "pairs/a.tar", [*pair, ("0.txt", b"an odd pair of pictures")])

    write(right=2)
    job = JOB.replace("shards/*.tar", "pairs/*.tar").replace("output: output", "output: pairs1")
    job = job.replace("carry: [json:url]", "images: [left.jpg, right.jpg]")
    Path("pairs.yaml").write_text(job)
    after = "output: pairs2\nfilters_from: pairs1\ndecisions: decisions.csv"
    Path("after.yaml").write_text(job.replace("output: pairs1", after))
    call("run", "pairs.yaml", "--quiet", code=3)
    call("review", "pairs1")
    (content,) = elements("picture")
    assert Image.open(BytesIO(b64decode(content))).size == (100 + 8 + 100, 60)
    write_decisions({("a.tar", 0): "accept"})
    call("run", "after.yaml", "--quiet")
    assert statuses("pairs2") == {("a.tar", 0): "kept"}
