"""An export has the selected rows, no other content, and the same bytes after interruptions."""

import json
import os
import shutil
import tarfile
from hashlib import sha256
from pathlib import Path

import lance
import pyarrow.parquet as pq
import pytest
from support.command_line import CommandLine
from support.dying_storage import DyingStorage, Killed
from support.export_outputs import (
    DROPPED,
    KEYS,
    SECRET,
    TEXTS,
    asked,
    exported,
    files_of,
    make_output,
)
from support.sample_data import (
    images_column,
    job,
    jpeg,
    pairs,
    parquet_bytes,
    tar_bytes,
    write_shard,
)
from support.small_s3 import BUCKET, OTHER, SmallS3
from support.videos import gray_frames, video

from pipelines.exports.formats import FORMATS
from pipelines.exports.request import ExportRequest
from pipelines.operations.exporting import export_rows
from pipelines.operations.run import run
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError

SHARDS = 3
SPLIT = "train=0.6,test=0.4"
OF_ROWS = [name for name in FORMATS if name != "coco"]  # which takes outputs with objects alone
SAME = [name for name in OF_ROWS if name != "lance"]  # whose manifest has the time


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an output and its shards; tests do not change it."""
    folder = tmp_path_factory.mktemp("export")
    make_output(folder, SHARDS)
    return folder


@pytest.fixture
def output(made: Path) -> Path:
    return made / "output"


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """An output and shards that a test may change."""
    make_output(tmp_path, SHARDS)
    return tmp_path


def lines(folder: Path) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for file in sorted(folder.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").split("\n")[:-1]
    ]


def stored(output: Path) -> list[dict[str, object]]:
    return [
        row for file in sorted(output.glob("*.parquet")) for row in pq.read_table(file).to_pylist()
    ]


def test_kept_rows_are_exported_as_the_output_has_them(output: Path, tmp_path: Path) -> None:
    found = exported(output, tmp_path / "e", asked("jsonl"))
    kept = [row for row in stored(output) if row["status"] == "kept"]
    assert lines(tmp_path / "e") == kept
    assert len(kept) == SHARDS * len(KEYS)
    assert (found.rows, found.files) == ({"train": len(kept)}, {"train": 1})


def test_no_content_of_other_samples_leaves(output: Path, tmp_path: Path) -> None:
    for to in OF_ROWS:
        exported(output, tmp_path / to, asked(to))
        content = b"".join(files_of(tmp_path / to).values())
        assert b"[EMAIL_ADDRESS]" in content
        assert SECRET.encode() not in content
        for number in range(DROPPED):
            assert jpeg(8, 8, 1000 + number) not in content
    assert SECRET in "".join(TEXTS)


@pytest.mark.parametrize("to", [name for name, each in FORMATS.items() if each.takes_images])
def test_images_of_other_samples_never_leave(to: str, output: Path, tmp_path: Path) -> None:
    found = exported(output, tmp_path / "e", asked(to, where="status <> 'x' AND index >= 0"))
    assert sum(found.rows.values()) == SHARDS * len(KEYS)
    with pytest.raises(JobError, match=r"no row of .* is selected"):
        exported(output, tmp_path / "f", asked(to, where="status = 'dropped'"))
    assert not (tmp_path / "f").exists()


def test_a_condition_means_kept_samples_unless_it_names_the_status(
    output: Path, tmp_path: Path
) -> None:
    exported(output, tmp_path / "e", asked("jsonl", where="index >= 0"))
    assert {row["status"] for row in lines(tmp_path / "e")} == {"kept"}
    exported(output, tmp_path / "f", asked("jsonl", where="Status = 'dropped' AND index >= 0"))
    dropped = lines(tmp_path / "f")
    assert len(dropped) == SHARDS * DROPPED
    assert {row["source_text"] for row in dropped} == {None}
    exported(output, tmp_path / "g", asked("jsonl", where="scores['image_size.aspect'] > 1.2"))
    assert len(lines(tmp_path / "g")) == SHARDS * len(KEYS)


def test_columns_are_exported_in_the_named_order(output: Path, tmp_path: Path) -> None:
    exported(output, tmp_path / "e", asked("jsonl", columns=("source_text", "key")))
    assert [list(row) for row in lines(tmp_path / "e")] == [["source_text", "key"]] * 18


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"columns": ("key", "nothing")}, "--columns: .* has no column 'nothing': it has shard,"),
        (
            {"columns": ("source",)},
            "it has source_text and .* more: `shardmill schema .*`",
        ),
        ({"columns": ("key", "key")}, "--columns: key is named twice"),
        ({"where": "nothing = 1"}, "--where: .* has no column nothing"),
        ({"where": "read_csv('/etc/passwd')"}, "--where: expects"),
        ({"where": "key = 3"}, "--where: .* compares values of different types"),
        ({"split": "train=0.5,test=0.4"}, "--split: the shares add up to 0.9, not to 1"),
        ({"split": "a/b=1"}, "--split: 'a/b=1' is no name with a share"),
        ({"split": "a=0.5,a=0.5"}, "--split: a is named twice"),
    ],
)
def test_mistakes_are_told_and_write_nothing(
    keys: dict[str, object], message: str, output: Path, tmp_path: Path
) -> None:
    with pytest.raises(JobError, match=message):
        exported(output, tmp_path / "e", ExportRequest(format="jsonl", **keys))
    assert not (tmp_path / "e").exists()


REQUESTS = {
    f"{to}, {seed}": asked(to, split=SPLIT, shuffle=seed, rows_per_file=4)
    for to in SAME
    for seed in (None, 7)
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_an_export_goes_on_wherever_it_died(
    request_: ExportRequest, output: Path, tmp_path: Path
) -> None:
    whole = DyingStorage(1000)
    exported(output, tmp_path / "whole", request_, whole)
    expected = files_of(tmp_path / "whole")
    for changes in range(whole.made):
        folder = tmp_path / f"died-{changes}"
        with pytest.raises(Killed):
            exported(output, folder, request_, DyingStorage(changes))
        before = files_of(folder) if folder.exists() else {}
        assert before.items() <= expected.items()
        assert "_SUCCESS" not in before
        going_on = DyingStorage(1000)
        found = exported(output, folder, request_, going_on)
        assert files_of(folder) == expected
        # A file and its record are two changes; at most one record is written again.
        assert going_on.made <= whole.made - changes + 1
        assert sum(found.rows.values()) == SHARDS * len(KEYS)
        shutil.rmtree(folder)


def test_a_dataset_of_lance_goes_on_wherever_it_died(output: Path, tmp_path: Path) -> None:
    request = asked("lance", rows_per_file=4)
    whole = DyingStorage(1000)
    exported(output, tmp_path / "whole", request, whole)
    expected = lance.dataset(str(tmp_path / "whole/train.lance")).to_table()
    for changes in range(whole.made):
        folder = tmp_path / f"died-{changes}"
        with pytest.raises(Killed):
            exported(output, folder, request, DyingStorage(changes))
        exported(output, folder, request)
        assert lance.dataset(str(folder / "train.lance")).to_table() == expected


def test_windows_of_a_shuffled_export_go_on(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.exports.shuffle.ROWS", 4)
    test_an_export_goes_on_wherever_it_died(
        asked("huggingface", split=SPLIT, shuffle=3, rows_per_file=3), output, tmp_path
    )


def test_bytes_of_values_end_files(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked("jsonl", bytes_per_file=90_000)
    exported(output, tmp_path / "e", request)
    assert len(list((tmp_path / "e").glob("*.jsonl"))) == SHARDS
    monkeypatch.setattr(export_rows, "_BATCH", 2)  # the division into batches changes nothing
    exported(output, tmp_path / "f", request)
    assert files_of(tmp_path / "e") == files_of(tmp_path / "f")


def test_the_same_export_again_does_nothing(output: Path, tmp_path: Path) -> None:
    first = exported(output, tmp_path / "e", asked("huggingface", split=SPLIT))
    dying = DyingStorage(0)
    dying.list = LocalStorage().list  # type: ignore[method-assign] - reading is allowed
    dying.open = LocalStorage().open  # type: ignore[method-assign]
    second = exported(output, tmp_path / "e", asked("huggingface", split=SPLIT), dying)
    assert second == first._replace(was_complete=True)


@pytest.mark.parametrize(
    ("keys", "option"),
    [
        ({"where": "index > 0"}, "--where"),
        ({"columns": ("key",)}, "--columns"),
        ({"shuffle": 0}, "--shuffle"),
        ({"split": SPLIT}, "--split"),
        ({"rows_per_file": 3, "bytes_per_file": 10}, "--rows-per-file, --bytes-per-file"),
        ({"images": False}, "--without-images"),
        ({"format": "csv"}, "--to"),
    ],
)
def test_another_export_is_refused(
    keys: dict[str, object], option: str, output: Path, tmp_path: Path
) -> None:
    exported(output, tmp_path / "e", asked("jsonl"))
    before = files_of(tmp_path / "e")
    request = ExportRequest(**{"format": "jsonl", **keys})
    with pytest.raises(JobError, match=f"has an export with another {option}: name another folder"):
        exported(output, tmp_path / "e", request)
    assert files_of(tmp_path / "e") == before


def test_a_folder_with_other_files_is_refused(own: Path, tmp_path: Path) -> None:
    output = own / "output"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    with pytest.raises(JobError, match=r"has other files, such as notes.txt: name a new folder"):
        exported(output, tmp_path / "mine", asked("jsonl"))
    with pytest.raises(JobError, match="is a file: name a folder"):
        exported(output, tmp_path / "mine/notes.txt", asked("jsonl"))
    for folder in (output, output / "inside", tmp_path):
        with pytest.raises(JobError, match="an export lies beside its output"):
            exported(output, folder, asked("jsonl"))


def test_an_output_that_changed_is_another_export(own: Path) -> None:
    exported(own / "output", own / "e", asked("jsonl"))
    os.utime(own / "output/0.parquet", (1, 1))
    with pytest.raises(JobError, match="has an export of this output, which has changed since"):
        exported(own / "output", own / "e", asked("jsonl"))


def test_a_shard_that_changed_is_named(own: Path) -> None:
    shard = own / "shards/1.tar"
    content = shard.read_bytes()
    write_shard(shard, pairs(6))
    with pytest.raises(JobError, match=r"shards/1.tar: is not as it was when .*\(shard_changed"):
        exported(own / "output", own / "e", asked("huggingface"))
    assert not (own / "e").exists()
    shard.unlink()
    with pytest.raises(JobError, match=r"shards/1.tar: is not as it was when .*\(shard_missing"):
        exported(own / "output", own / "e", asked("huggingface"))
    shard.write_bytes(content)  # a new time of modification alone
    exported(own / "output", own / "e", asked("huggingface"))


def test_an_image_that_changed_in_place_is_named(own: Path) -> None:
    """The size and the time of the shard are those of the plan."""
    shard = own / "shards/2.tar"
    times, content = shard.stat(), bytearray(shard.read_bytes())
    start = content.index(jpeg(48, 32, 201))
    content[start + 300] ^= 1
    shard.write_bytes(content)
    os.utime(shard, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(JobError, match=r"shards/2.tar: .*\(sample 1 has another image\)"):
        exported(own / "output", own / "e", asked("huggingface"))
    exported(own / "output", own / "f", asked("jsonl"))  # reads no shard


def test_splits_are_stable_and_shuffling_keeps_them(output: Path, tmp_path: Path) -> None:
    found = []
    for name, seed in (("a", None), ("b", 1), ("c", 2), ("d", 2)):
        exported(output, tmp_path / name, asked("jsonl", split=SPLIT, shuffle=seed))
        found.append({file.name: file.read_text() for file in (tmp_path / name).glob("*.jsonl")})
    plain, first, second, again = found
    assert second == again
    for file, text in plain.items():
        assert sorted(first[file].splitlines()) == sorted(text.splitlines())
        assert sorted(second[file].splitlines()) == sorted(text.splitlines())
    assert len({str(each) for each in found}) == 3
    exported(output, tmp_path / "e", asked("jsonl", split=SPLIT, where="index > 2"))
    for file in (tmp_path / "e").glob("*.jsonl"):
        assert set(file.read_text().splitlines()) <= set(plain[file.name].splitlines())


def test_a_bucket_is_exported_to_a_bucket(small_s3: SmallS3, command_line: CommandLine) -> None:
    shards = small_s3.objects[BUCKET]
    for number in range(2):
        shards[f"shards/{number}.tar"] = tar_bytes(pairs(3, seed=number))
    urls = (
        f'name: urls\ninput: {{shards: "s3://{BUCKET}/shards/*.tar", text: txt}}\n'
        f"filters: [{{kind: image_size, min_side: 4}}]\noutput: s3://{BUCKET}/out\n"
    )
    Path("job.yaml").write_text(urls)
    command_line.done("run", "job.yaml")
    arguments = (f"s3://{BUCKET}/out", "--to", "huggingface", f"s3://{OTHER}/export")
    done = json.loads(command_line.done("export", *arguments, "--split", "a=0.5,b=0.5", "--json"))
    assert done["rows"]["a"] + done["rows"]["b"] == 6
    names = set(small_s3.objects[OTHER])
    assert {"export/README.md", "export/_SUCCESS", "export/_shardmill/export.record"} <= names
    command_line.done("export", f"s3://{BUCKET}/out", "--to", "huggingface", "local")
    small_s3.objects[BUCKET]["shards/1.tar"] = tar_bytes(pairs(3, seed=5))
    line = command_line.mistake("export", f"s3://{BUCKET}/out", "--to", "huggingface", "other")
    assert f"s3://{BUCKET}/shards/1.tar: is not as it was" in line


def test_the_command_says_what_it_wrote(own: Path, command_line: CommandLine) -> None:
    (own / "output/2.parquet").unlink()
    arguments = ("export", own / "output", "--to", "jsonl", "e", "--rows-per-file", "5")
    assert command_line(*arguments) == (
        0,
        "",
        "1 of 3 units have no rows yet: they are not exported\ne: train has 12 rows in 3 files\n",
    )
    line = command_line.mistake("export", own / "output", "--to", "jsonl", "e")
    assert line.endswith("has an export with another --rows-per-file: name another folder")
    line = command_line.mistake(*arguments[:4], "f", "--bytes-per-file", "many")
    assert "--bytes-per-file: 'many' is no size" in line


def digests(folder: Path) -> list[tuple[str, str]]:
    """Return of each exported image its digest, and that of its row."""
    rows = [
        row for file in sorted(folder.rglob("*.parquet")) for row in pq.read_table(file).to_pylist()
    ]
    return [(sha256(row["image"]["bytes"]).hexdigest(), row["sha256"]) for row in rows]


def test_shards_in_parts_folders_and_slices_give_their_images(tmp_path: Path) -> None:
    """Each part, slice and folder is read again as the job read it."""
    filters = [{"kind": "image_size", "min_side": 4}]
    images = [jpeg(24, 24, number) for number in range(25)]
    write_shard(tmp_path / "tars/0.tar", pairs(25))
    (tmp_path / "parquet").mkdir()
    columns = {"image": images_column(images), "text": [str(number) for number in range(25)]}
    (tmp_path / "parquet/0.parquet").write_bytes(parquet_bytes(columns, rows_per_group=5))
    (tmp_path / "photos").mkdir()
    for number, content in enumerate(images):
        (tmp_path / f"photos/{number:02}.jpg").write_bytes(content)
    for shards in ("tars/*.tar", "parquet/*.parquet", "photos/"):
        name = shards.partition("/")[0]
        given = {"shards": f"{tmp_path}/{shards}", "text": None, "max_samples_per_file": 10}
        output = tmp_path / f"{name}-output"
        run(job(tmp_path, model=None, tasks={}, filters=filters, input=given, output=str(output)))
        assert len(list(output.rglob("*.parquet"))) == 3
        for seed in (None, 4):
            target = tmp_path / f"{name}-{seed}"
            exported(output, target, asked("huggingface", shuffle=seed))
            found = digests(target)
            assert len(found) == 25
            assert all(image == row for image, row in found)


def test_a_salvaged_shard_gives_what_was_kept(tmp_path: Path) -> None:
    content = tar_bytes(pairs(6))
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards/0.tar").write_bytes(content[: len(content) // 2])
    given = {"shards": f"{tmp_path}/shards/*.tar", "text": None, "on_bad_shard": "salvage"}
    filters = [{"kind": "image_size", "min_side": 4}]
    made = job(tmp_path, model=None, tasks={}, filters=filters, input=given)
    run(made)
    exported(made.output, tmp_path / "e", asked("huggingface"))
    found = digests(tmp_path / "e")
    assert 0 < len(found) < 6
    assert all(image == row for image, row in found)


def test_videos_are_exported_as_their_files(tmp_path: Path) -> None:
    clips = [video(gray_frames(6 + number)) for number in range(3)]
    write_shard(tmp_path / "shards/0.tar", [(f"{n}.mp4", clip) for n, clip in enumerate(clips)])
    given = {"shards": f"{tmp_path}/shards/*.tar", "text": None, "video": {"frames": 2}}
    filters = [{"kind": "image_size", "min_side": 4}]
    made = job(tmp_path, model=None, tasks={}, filters=filters, input=given)
    run(made)
    exported(made.output, tmp_path / "e", asked("huggingface"))
    table = pq.read_table(tmp_path / "e/data")
    assert [each["bytes"] for each in table["video"].to_pylist()] == clips
    exported(made.output, tmp_path / "w", asked("webdataset"))
    with tarfile.open(tmp_path / "w/train-00000.tar") as tar:
        assert [name for name in tar.getnames() if name.endswith("mp4")] == [
            "0.mp4",
            "1.mp4",
            "2.mp4",
        ]
