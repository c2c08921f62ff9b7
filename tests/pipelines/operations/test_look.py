"""`shardmill look` and the choices of `shardmill inspect`."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pytest
from PIL import Image
from support.command_line import call
from support.sample_data import images_column, jpeg, parquet_bytes, write_shard

from filters import ImageFilter
from filters.base import Judge
from pipelines.config.job import Job
from pipelines.operations.inspect import RowChoice, select
from pipelines.operations.look import look
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, keep

JOB = """\
name: test
input: {shards: "shards/*.tar", carry: [json:url]}
filters:
  - {kind: image_size, min_side: 30}
  - {kind: hash_list, path: listed.csv}
  - {kind: text_quality, min_words: 3}
  - {kind: personal_data, action: redact}
output: output
"""
SECRET = "planted secret words"
KEPT, SHORT, SMALL, LISTED, BARE, LISTED_BARE = range(6)


def members(number: int, image: bytes, text: str | None) -> list[tuple[str, bytes]]:
    record = json.dumps({"url": f"http://x/{number}"}).encode()
    texts = [] if text is None else [(f"{number}.txt", text.encode())]
    return [(f"{number}.jpg", image), *texts, (f"{number}.json", record), (f"{number}.cls", b"7")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    listed = jpeg(40, 40, LISTED)
    Path("listed.csv").write_text(f"algorithm,hash\nsha256,{hashlib.sha256(listed).hexdigest()}\n")
    Path("job.yaml").write_text(JOB)
    shard = [
        *members(KEPT, jpeg(40, 40, KEPT), f"{SECRET} mail me@example.org"),
        *members(SHORT, jpeg(40, 40, SHORT), "one"),
        *members(SMALL, jpeg(20, 20, SMALL), f"{SECRET} tiny"),
        *members(LISTED, listed, SECRET),
        *members(BARE, jpeg(40, 40, BARE), None),
        *members(LISTED_BARE, listed, None),
    ]
    write_shard(tmp_path / "shards/sub/00003.tar", shard)
    write_shard(tmp_path / "shards/00004.tar", members(0, jpeg(40, 40), "a b c d"))
    Path("job.yaml").write_text(JOB.replace("shards/*.tar", "shards/**/*.tar"))
    return tmp_path


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def lines(shown: str) -> list[str]:
    return [" ".join(line.strip("│").split()) for line in shown.splitlines()]


@pytest.mark.parametrize(
    "name", ["00003.tar", "sub/00003.tar", "sub/00003", "shards/sub/00003.tar"]
)
def test_a_sample_is_shown_as_it_lies_in_the_shard(name: str, folder: Path) -> None:
    before = files(folder)
    shown = lines(call("look", "job.yaml", name, KEPT).stdout)
    assert "status kept" in shown
    assert f"txt 40 bytes {SECRET} mail me@example.org" in shown
    assert "cls 1 bytes 7" in shown  # which the job does not take
    assert 'json 21 bytes {"url": "http://x/0"}' in shown
    assert "pixels 40 x 40" in shown
    assert any(line.startswith("> source_text") and "example" not in line for line in shown)
    assert files(folder) == before


def test_the_verdicts_are_those_of_all_filters_in_order() -> None:
    job = Job.load("job.yaml")
    small = look(job, None, "00003.tar", SMALL)
    assert [(each.filter, each.action) for each in small.verdicts] == [
        ("hash_list", "keep"),
        ("text_quality", "keep"),
        ("personal_data", "keep"),
        ("image_size", "drop"),
    ]
    assert small.row is not None
    assert (small.status, small.row.filter) == ("dropped", "image_size")
    assert small.row.scores["image_size.short_side"] == 20
    short = look(job, None, "00003.tar", SHORT)
    assert [each.reason for each in short.verdicts] == ["", "text_too_short", "", ""]


def test_a_dropped_sample_is_shown_and_stored_nowhere(folder: Path) -> None:
    call("run", "job.yaml")
    before = files(folder)
    shown = call("look", "output", "00003.tar", "--key", SMALL).stdout
    assert f"{SECRET} tiny" in shown
    assert "dropped image_size/image_too_small" in shown
    message = call("look", "output", "00003.tar", SMALL, "--image", "x.png", code=2).stderr
    assert "--image: the sample is dropped" in message
    assert files(folder) == before


@pytest.mark.parametrize("target", ["job.yaml", "output"])
@pytest.mark.parametrize("index", [LISTED, LISTED_BARE])
def test_of_a_listed_image_only_the_verdict_is_told(target: str, index: int) -> None:
    call("run", "job.yaml")
    shown = call("look", target, "00003.tar", index).output
    assert "hash_list drop hash_listed" in shown
    for content in (SECRET, "http://x", "pixels", "text_quality", f"{index}.jpg"):
        assert content not in shown
    looked = look(Job.load("job.yaml"), None, "00003.tar", index)
    assert (looked.fields, looked.row, looked.image, looked.key) == ({}, None, None, None)
    assert [each.filter for each in looked.verdicts] == ["hash_list"]


def test_a_row_that_a_list_dropped_stays_hidden_when_the_list_changes() -> None:
    call("run", "job.yaml")
    Path("listed.csv").write_text(f"algorithm,hash\nsha256,{'0' * 64}\n")
    shown = call("look", "output", "00003.tar", LISTED).output
    assert "hash_list drop hash_listed" in shown
    assert SECRET not in shown


def test_an_invalid_sample_that_no_list_has_is_shown() -> None:
    shown = lines(call("look", "job.yaml", "00003.tar", BARE).stdout)
    assert "status invalid text_missing" in shown
    assert "cls 1 bytes 7" in shown


class ListedFrames(ImageFilter):
    """A list that reads decoded frames."""

    conceals: ClassVar[bool] = True
    reads: ClassVar[Literal["bytes", "header", "frames"]] = "frames"
    kind: str = "listed_frames"

    def load(self, resources: Resources) -> Judge[Sample]:
        return self

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [drop("listed") if item.width == 41 else keep() for item in items]


@pytest.mark.parametrize(
    ("image", "hidden"),
    [
        (jpeg(40, 40), ""),
        (jpeg(41, 40), "listed_frames drop listed"),
        (jpeg(40, 40)[:300], "listed_frames not judged "),
        (None, ""),
    ],
)
def test_what_no_list_could_judge_is_not_shown(
    image: bytes | None, hidden: str, folder: Path
) -> None:
    shard = [("0.txt", SECRET.encode()), *([("0.jpg", image)] if image else [])]
    write_shard(folder / "shards/0.tar", shard)
    job = Job(
        name="test",
        input={"shards": "shards/0.tar"},  # type: ignore[arg-type]
        filters=(ListedFrames(),),
        output="other",
    )
    looked = look(job, None, "0.tar", 0)
    assert " ".join(looked.hidden_by or ()) == hidden
    assert bool(looked.fields) == (not hidden)


def test_the_stored_row_is_shown_and_its_image_written(folder: Path) -> None:
    call("run", "job.yaml", "--limit-units", 1)  # commits 00004 alone
    assert "not committed" in call("look", "output", "sub/00003", KEPT).stdout
    shown = call("look", "output", "00004.tar", 0, "--image", "kept.png").stdout
    assert lines(shown).count("status kept") == 2
    assert Image.open(folder / "kept.png").size == (40, 40)
    message = call("look", "output", "00004.tar", 0, "--image", "kept.png", code=2).stderr
    assert "kept.png: exists already" in message
    call("look", "output", "00004.tar", 0, "--image", "kept.png", "--force")


def test_a_shard_that_changed_is_told(folder: Path) -> None:
    call("run", "job.yaml")
    write_shard(folder / "shards/00004.tar", members(0, jpeg(40, 40), "other words than before"))
    shown = call("look", "output", "00004.tar", 0).stdout
    assert "the shard has changed since" in shown
    assert "other words" in shown


def test_the_filters_of_the_earlier_output_also_judge() -> None:
    call("run", "job.yaml")
    later = Job.load("job.yaml").model_copy(update={"filters_from": "output", "output": "later"})
    assert look(later, None, "00003.tar", LISTED).hidden_by is not None
    small = look(later, None, "00003.tar", SMALL)
    assert small.row is not None
    assert (small.status, small.row.filter) == ("dropped", "image_size")


def test_the_model_need_not_be_there() -> None:
    call("run", "job.yaml")
    text = JOB.replace("shards/*.tar", "shards/**/*.tar")
    model = "model: {checkpoint: ./missing}\ntasks: {caption: {kind: caption}}\n"
    Path("model.yaml").write_text(text + model)
    assert "keep" in call("look", "model.yaml", "00003.tar", KEPT).stdout
    later = f"{text[: text.index('filters:')]}filters_from: output\n{model}output: later\n"
    Path("later.yaml").write_text(later)
    assert "hash_list drop" in call("look", "later.yaml", "00003.tar", LISTED).stdout
    assert "text_quality" in call("look", "later.yaml", "00003.tar", SHORT).stdout


def test_rows_of_parquet_files_are_found_across_units(folder: Path) -> None:
    images = images_column([jpeg(40, 40, n) for n in range(5)])
    columns = {"image": images, "caption": [f"a b c d {n}" for n in range(5)]}
    vectors = pa.array([[0.5] * 20] * 5)
    content = parquet_bytes({**columns, "vector": vectors}, rows_per_group=2)
    (folder / "shards/p.parquet").write_bytes(content)
    settings = ("input.shards=shards/p.parquet", "input.text=caption", "input.carry=[]")
    flags = [flag for each in settings for flag in ("--set", each)]
    call("run", "job.yaml", *flags, "--set", "input.max_samples_per_file=2")
    shown = lines(call("look", "output", "p.parquet", 4).stdout)
    assert "caption 9 bytes a b c d 4" in shown
    assert any(line.startswith("vector [0.5, 0.5") and line.endswith("…]") for line in shown)
    assert shown.count("status kept") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("job.yaml", "00003.tar"), "name the sample by its INDEX or by --key"),
        (("job.yaml", "00003.tar", "1", "--key", "a"), "name the sample by its INDEX or by --key"),
        (("job.yaml", "00003.tar", "6"), "sub/00003.tar: has no sample 6: the last one is 5"),
        (("job.yaml", "00003.tar", "--key", "z"), "no sample of sub/00003.tar has the key 'z'"),
        (("job.yaml", "3.tar", "0"), "3.tar: is no shard of the job: shards are named like"),
        (("none.yaml", "3.tar", "0"), "none.yaml: cannot be read"),
        (("shards", "3.tar", "0"), "is not an output of shardmill"),
    ],
)
def test_mistakes_are_one_line(arguments: Sequence[str], message: str) -> None:
    (line,) = call("look", *arguments, code=2).stderr.strip().splitlines()
    assert message in line


def test_a_damaged_shard_is_named_and_no_content_told(folder: Path) -> None:
    path = folder / "shards/sub/00003.tar"
    path.write_bytes(path.read_bytes()[:3000])
    message = call("look", "job.yaml", "00003.tar", LISTED, code=3).stderr
    assert "shard_truncated" in message
    assert SECRET not in message


def chosen(**choice: Any) -> list[tuple[object, object]]:
    rows = select("output", 100, RowChoice(**choice))
    return [(row.row["shard"], row.row["index"]) for row in rows]


def test_inspect_chooses_by_filter_reason_and_key(folder: Path) -> None:
    call("run", "job.yaml")
    shard = "sub/00003.tar"
    assert chosen(filter="hash_list") == [(shard, LISTED)]
    assert chosen(reason="text_too_short") == [(shard, SHORT)]
    assert chosen(reason="image_size/image_too_small") == [(shard, SMALL)]
    assert chosen(reason="invalid/text_missing") == [(shard, BARE), (shard, LISTED_BARE)]
    assert chosen(key="0") == [("00004.tar", 0), (shard, KEPT)]
    assert chosen(key="0", shard="00004.tar") == [("00004.tar", 0)]
    assert chosen(filter="nothing") == []
    shown = call("inspect", "output", "--reason", "text_too_short", "--filter", "text_quality")
    assert "dropped text_quality/text_too_short" in shown.stdout
    assert "no such rows" in call("inspect", "output", "--key", "nothing").stdout


def test_inspect_at_random_follows_the_seed_and_reaches_every_row(folder: Path) -> None:
    call("run", "job.yaml")
    rows = Counter[tuple[object, object]]()
    for seed in range(40):
        picked = select("output", 2, RowChoice(seed=seed))
        rows.update((row.row["shard"], row.row["index"]) for row in picked)
        assert len(picked) == 2
    assert len(rows) == 7
    assert max(rows.values()) < 30
    assert chosen(seed=3, status="dropped") == chosen(status="dropped")
    again = [select("output", 2, RowChoice(seed=5))[n].row for n in range(2)]
    assert again == [row.row for row in select("output", 2, RowChoice(seed=5))]
    call("inspect", "output", "--random", 7, "-n", 2)
