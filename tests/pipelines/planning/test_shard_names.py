"""Odd shard files and odd names: a shard is refused in one line, or its output can be written."""

import os
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sample_data import job, pairs, tar_bytes, write_shard

from filters import TextQuality
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.output.layout import Layout, part_file, whole_file
from pipelines.planning.plan import plan
from pipelines.planning.shard_names import check_path_lengths
from pipelines.planning.shards import find_shards
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError
from schemas.sample import Unit

FILTERS_ONLY = {"model": None, "tasks": {}, "filters": [TextQuality(min_words=1)]}


def refusal(*patterns: object) -> str:
    with pytest.raises(JobError, match=r"^input\.shards: ") as caught:
        find_shards([str(pattern) for pattern in patterns])
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("name", ["x.tar", "x.parquet", "x.tar.gz"])
def test_pipes_and_devices_are_no_shards(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    for pattern in (name, "*", "x.*"):
        assert f"{name} is a pipe, a socket or a device" in refusal(tmp_path / pattern)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    assert f"{name} is a pipe, a socket or a device" in refusal(tmp_path / name)


def test_links_that_lead_nowhere_are_not_found(tmp_path: Path) -> None:
    (tmp_path / "self.tar").symlink_to("self.tar")
    (tmp_path / "long.tar").symlink_to("x" * 300)
    assert "nothing matches" in refusal(tmp_path / "*.tar")
    assert "self.tar not found" in refusal(tmp_path / "self.tar")


@pytest.mark.parametrize(
    "path", ["x" * 300 + ".tar", "x" * 300 + "/*.tar", "a/" * 2500 + "*.tar", "x" * 300 + "/"]
)
def test_paths_that_cannot_exist_are_not_found(tmp_path: Path, path: str) -> None:
    assert "not found" in refusal(tmp_path / path) or "nothing matches" in refusal(tmp_path / path)


def test_the_root_of_the_file_system_is_no_shard() -> None:
    assert "/ is the whole file system" in refusal("/")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (b"\xff.tar", r"\udcff.tar is not UTF-8: rename it"),
        (b"a\nb.tar", r"a\nb.tar contains a control character, such as a line break: rename it"),
        (b"a\x1b[31m.tar", r"a\x1b[31m.tar contains a control character"),
        ("a\u2028b.tar".encode(), r"a\u2028b.tar contains a control character"),
        (b"._a.tar", "._a.parquet, and readers of Parquet folders skip names that begin with '.'"),
        (b"_a.tar", "_a.parquet, and readers of Parquet folders skip names that begin with '_'"),
        (b"x" * 236 + b".tar", "236 bytes without its extension, and output files need one of at"),
        ("é".encode() * 118 + b".tar", "has 236 bytes without its extension"),
        (b"x" * 250 + b".tar", "files need one of at most 235: rename it"),
    ],
)
def test_names_that_no_output_can_have_are_refused(
    tmp_path: Path, name: bytes, message: str
) -> None:
    (tmp_path / os.fsdecode(name)).touch()
    (tmp_path / "b.tar").touch()
    assert message in refusal(tmp_path / "*")


@pytest.mark.parametrize(
    "folder", ["a.parquet", "a.00000-end.parquet", "a.record", "a.1", "a.parquet/b"]
)
def test_a_folder_named_like_another_shards_file_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "b.tar").touch()
    assert len(find_shards([f"{tmp_path}/**/*.tar"])) == 1
    (tmp_path / "a.tar").touch()
    assert "may also be a file of" in refusal(tmp_path / "**/*.tar")


def test_a_name_of_235_bytes_is_committed_in_parts(tmp_path: Path) -> None:
    """The shards before and behind it are done, too."""
    names = ("a", "é" * 117 + "x", "z")
    for name in names:
        write_shard(tmp_path / f"shards/{name}.tar", pairs(3))
    made = job(tmp_path, **FILTERS_ONLY)
    made = made.model_copy(
        update={"input": made.input.model_copy(update={"max_samples_per_file": 2})}
    )
    summary = run(made)
    assert (summary.outcome, summary.units_committed) == ("complete", 3)
    assert verify(made.output).problems == ()


def test_an_output_whose_paths_would_be_too_long_is_refused(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(1))
    made = job(tmp_path, **FILTERS_ONLY, output=f"{tmp_path}/{'x' * 200}" + "/y" * 1900)
    with pytest.raises(JobError, match=r"^output: the files of .*a\.tar would have paths of") as e:
        plan(made)
    assert "choose a folder with a shorter path" in str(e.value)
    check_path_lengths(find_shards([f"{tmp_path}/shards/*"]), Layout("/" + "x" * 4040))


def test_a_shard_that_becomes_a_pipe_fails_alone(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_shard(tmp_path / f"shards/{name}.tar", pairs(2))

    def replace(*_: object) -> None:
        for name, make in (("b", os.mkfifo), ("c", os.mkdir)):
            (tmp_path / f"shards/{name}.tar").unlink()
            make(tmp_path / f"shards/{name}.tar")

    reports: list[object] = []
    summary = run(
        job(tmp_path, **FILTERS_ONLY),
        on_plan=replace,
        on_report=lambda report: reports.append((report.unit, report.status, report.error)),
    )
    assert summary.failed == ("b", "c")
    assert reports == [
        ("a", "committed", ""),
        ("b", "failed", "shard_not_a_file"),
        ("c", "failed", "shard_not_a_file"),
    ]


PLACES = ("_shardmill/job.record", "_shardmill/manifest.*.shards", "a.parquet")


@pytest.mark.parametrize("place", PLACES)
def test_a_pipe_in_an_output_is_an_error_of_one_line(tmp_path: Path, place: str) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(2))
    made = job(tmp_path, **FILTERS_ONLY)
    run(made)
    (path,) = (tmp_path / "output").glob(place)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(JobError, match="damaged"):
        run(made)


def files_of(unit: Unit, layout: Layout) -> set[str]:
    """The paths of all files that may be written for a unit."""
    names = {
        whole_file(unit.name),
        part_file(unit.name, 0, False),
        part_file(unit.name, 12345, True),
    }
    notes = {
        layout.failed(unit.name),
        layout.report("run", unit.name),
        layout.attempt(unit.name, 1),
    }
    return {layout.file(name) for name in names} | notes


PIECES = [
    *"ab.-_'\"{},*[\\ ~%;/\né\x1b\u202e",
    ".tar",
    ".00001",
    ".json",
    ".parquet",
    ".1",
    "$(id)",
]
odd = st.sampled_from([*(piece.encode() for piece in PIECES), b"\xff", b"x" * 60])
shard_names = st.lists(odd, min_size=1, max_size=6).map(b"".join)
endings = st.sampled_from([b".tar", b".tgz", b".TAR", b".parquet"])


@given(st.lists(st.tuples(shard_names, endings).map(b"".join), min_size=1, max_size=4))
def test_any_names_are_refused_or_have_outputs_of_their_own(
    tmp_path_factory: pytest.TempPathFactory, names: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    made = set()
    for name in names:
        path = os.path.normpath(os.fsencode(folder / "shards") + b"/" + name)
        if not path.startswith(os.fsencode(folder / "shards/")):
            continue
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:
                file.write(tar_bytes([]))
        except OSError:  # the system itself refuses the name, or another shard is in the way
            continue
        made.add(path)
    try:
        units = find_shards([f"{folder}/shards/**/*", f"{folder}/shards/*"])
    except JobError:  # one line: tests/schemas/test_errors.py
        return
    assert {os.fsencode(unit.path) for unit in units} == made
    layout, storage = Layout(f"{folder}/output"), LocalStorage()
    files = [file for unit in units for file in files_of(unit, layout)]
    assert len(set(files)) == len(files)
    for file in files:
        storage.write_bytes(file, b"", durable=False)
    assert {entry.path for entry in storage.list(layout.root)} == set(files)
    assert not set(string.whitespace[1:]) & set("".join(files))
