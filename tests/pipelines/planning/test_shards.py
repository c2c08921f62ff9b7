"""Patterns become units with unique names, and the manifest gives them back."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.output.manifest import manifest_bytes, units_of_manifest
from pipelines.planning.shards import find_shards
from pipelines.planning.unit_names import check_output_apart
from schemas.errors import JobError
from schemas.sample import Unit

SHARDS = (
    "train/00000.tar",
    "train/00001.tar",
    "train/00002.tar.gz",
    "train/deep/00000.tgz",
    "train/deep/er/00000.tar",
    "val/00000.TAR",
    "val/notes.txt",
    "photos/1.jpg",
    "photos/.a.tar",
    "photos/more/2.PNG",
    "albums/a/1.jpg",
    "albums/b.tar/1.jpg",
    "albums/.hidden/1.jpg",
    "heic/1.HEIC",
    "heic/2.heic",
    "heic/README",
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in SHARDS:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "data/empty").mkdir()
    return tmp_path / "data"


def found(data: Path, *patterns: str) -> dict[str, str]:
    """Unit name -> shard."""
    units = find_shards([f"{data}/{pattern}" for pattern in patterns])
    return {unit.name: unit.shard for unit in units}


@pytest.mark.parametrize(
    ("patterns", "shards"),
    [
        (["train/00000.tar"], ["00000.tar"]),
        (["train/{00000..00001}.tar"], ["00000.tar", "00001.tar"]),
        (["train/0000{0,1}.tar"], ["00000.tar", "00001.tar"]),
        (["train/*.tar"], ["00000.tar", "00001.tar"]),
        (["train/0000[12].tar*"], ["00001.tar", "00002.tar.gz"]),
        (["train/0000?.{tar,tar.gz}"], ["00000.tar", "00001.tar", "00002.tar.gz"]),
        (["train/**/*.tgz"], ["deep/00000.tgz"]),
        (["train/deep/**"], ["00000.tgz", "er/00000.tar"]),
        (["*/00000.*"], ["train/00000.tar", "val/00000.TAR"]),
        (["train/00000.tar", "val/*.TAR"], ["train/00000.tar", "val/00000.TAR"]),
        (["train/00000.tar", "train/*0.tar"], ["00000.tar"]),
        (["photos"], ["photos/"]),
        (["photos/"], ["photos/"]),
        (["photos/", "photos", "*/00000.tar"], ["photos/", "train/00000.tar"]),
        (["albums/"], ["albums/"]),
        (["albums/*/"], ["a/", "b.tar/"]),
        (["albums/{a,b.tar}/"], ["a/", "b.tar/"]),
        (["**/more/"], ["photos/more/"]),
    ],
)
def test_patterns(data: Path, patterns: list[str], shards: list[str]) -> None:
    assert list(found(data, *patterns).values()) == shards


def test_names_are_paths_below_the_common_root_without_extension(data: Path) -> None:
    assert found(data, "train/*.tar*", "train/deep/**/*.t*", "val/*.TAR") == {
        "train/00000": "train/00000.tar",
        "train/00001": "train/00001.tar",
        "train/00002": "train/00002.tar.gz",
        "train/deep/00000": "train/deep/00000.tgz",
        "train/deep/er/00000": "train/deep/er/00000.tar",
        "val/00000": "val/00000.TAR",
    }


def test_a_folder_is_named_without_its_slash(data: Path) -> None:
    assert found(data, "photos/", "albums/*/") == {
        "photos": "photos/",
        "albums/a": "albums/a/",
        "albums/b.tar": "albums/b.tar/",
    }


def test_a_glob_for_folders_follows_no_link(data: Path) -> None:
    (data / "albums/link").symlink_to(data / "photos")
    with pytest.raises(JobError, match="albums/link/ is a link to a folder, which is not followed"):
        find_shards([f"{data}/albums/*/"])
    assert len(find_shards([f"{data}/albums/link"])) == 1


def test_an_output_within_a_folder_of_images_is_refused(data: Path) -> None:
    units = find_shards([f"{data}/photos"])
    for output in ("photos", "photos/more/output"):
        with pytest.raises(JobError, match=r"^output: .* lies within the shard .*photos/: choose"):
            check_output_apart(units, f"{data}/{output}")
    for output in ("photos-output", "output"):
        check_output_apart(units, f"{data}/{output}")
    check_output_apart(find_shards([f"{data}/train/00000.tar"]), f"{data}/train/00000.tar-output")


@pytest.mark.parametrize("shards", ["photos", "train/*.tar"])
def test_an_output_that_holds_shards_is_refused(data: Path, shards: str) -> None:
    units = find_shards([f"{data}/{shards}"])
    for output in (data, data / "train" if "train" in shards else data):
        message = (
            rf"^output: {output} holds shards, such as .*choose another .* {output}/annotated$"
        )
        with pytest.raises(JobError, match=message):
            check_output_apart(units, str(output))
    check_output_apart(units, f"{data}/train/annotated")
    check_output_apart(units, f"{data}/tra")


def test_a_unit_tells_where_its_shard_lies_and_when_it_changed(data: Path) -> None:
    path = data / "train" / "00000.tar"
    (before,) = find_shards([str(path)])
    assert (before.path, before.size) == (str(path), path.stat().st_size)
    path.write_bytes(b"longer than it was before")
    (after,) = find_shards([str(path)])
    assert after.version != before.version
    assert after.size == 25


def test_relative_paths_start_at_the_current_folder(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data / "train")
    assert find_shards(["*.tar", "../val/*.TAR"]) == find_shards(
        [f"{data}/train/*.tar", f"file://{data}/val/*.TAR"]
    )


def test_units_are_sorted_however_they_are_named(data: Path) -> None:
    names = list(found(data, "train/00001.tar", "train/00000.tar"))
    assert names == ["00000", "00001"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("train/00009.tar", "train/00009.tar not found: check the path"),
        ("train/{00000..00004}.tar", "train/00002.tar and 2 more not found"),
        ("train/9*.tar", "nothing matches .*train/9.*: check the path"),
        ("{train,val}/00000.tar", "val/00000.tar not found"),
        ("nowhere/*.tar", "nothing matches"),
        ("val/notes.txt/*.tar", "nothing matches"),
        ("train", "train is a folder: write .*train/\\*.tar"),
        ("val/*", "notes.txt is not a shard: names end in .tar.gz, .tgz, .tar.zst"),
        ("train/{00000.tar", "a brace is not closed"),
        ("photos/1.jpg", "1.jpg is an image, not a shard: name the folder of the images"),
        ("photos/*", "is an image, not a shard: name the folder of the images"),
        ("val/notes.txt/", "is not a shard"),
        ("heic", "heic is a folder of no images.* \\(it holds 2 .heic, 1 without extension\\)"),
        ("empty/", "empty is a folder without files"),
        ("nowhere/", "nowhere not found: check the path"),
        ("nowhere/*/", "nothing matches"),
        (".", "data is a folder: write .*data/\\*.tar or .*, or move .* to read its images"),
        ("{photos,photos/more}", "more/ lies within .*photos/, .*: name only one of the two"),
        ("train/**.tar", "write \\*\\*/ for folders at any depth"),
    ],
)
def test_what_cannot_be_found_is_named(data: Path, pattern: str, message: str) -> None:
    with pytest.raises(JobError, match=f"^input.shards: .*{message}") as caught:
        found(data, pattern)
    assert "\n" not in str(caught.value)


def test_places_that_cannot_be_read_are_refused_by_name() -> None:
    with pytest.raises(JobError, match=r"^input.shards: hdfs://corpus/\*\.tar: hdfs:// cannot be"):
        find_shards(["hdfs://corpus/*.tar"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.tar", "a.tar.gz"),
        ("a.tar", "a.tgz"),
        ("a.tar.zst", "a.TAR.ZSTD"),
        ("a.tar", "a.tzst"),
        ("a.tar", "a.00012.tar"),
        ("a.tar", "a.123456.tgz"),
    ],
)
def test_shards_that_would_share_an_output_are_refused(
    tmp_path: Path, one: str, other: str
) -> None:
    for name in (one, other):
        (tmp_path / name).touch()
    with pytest.raises(JobError, match="rename one") as caught:
        find_shards([f"{tmp_path}/*"])
    for name in (one, other):
        assert re.search(rf"{re.escape(f'{tmp_path}/{name}')}(?=[\s:]|$)", str(caught.value))


def test_dots_and_numbers_alone_are_no_clash(tmp_path: Path) -> None:
    for name in ("a.0012.tar", "a.tar", "b.00012.tar", "b.00013.tar"):
        (tmp_path / name).touch()
    assert len(find_shards([f"{tmp_path}/*"])) == 4


texts = st.text(st.characters(exclude_categories=["Cs"]))
slices = st.none() | st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
sizes = st.integers(0, 2**63 - 1)
units = st.builds(Unit, texts, texts, texts, sizes, texts, slices, sizes)


@given(st.lists(units, max_size=5))
def test_the_manifest_gives_the_units_back_and_is_the_same_for_the_same(listed: list[Unit]) -> None:
    content = manifest_bytes(listed)
    assert units_of_manifest(content, "manifest.arrow") == tuple(listed)
    assert manifest_bytes(list(units_of_manifest(content, "manifest.arrow"))) == content


@pytest.mark.parametrize("content", [b"", b"no Arrow file", manifest_bytes([])[:-20]])
def test_a_damaged_manifest_is_named(content: bytes) -> None:
    with pytest.raises(JobError, match=r"manifest\.arrow: is damaged"):
        units_of_manifest(content, "manifest.arrow")
