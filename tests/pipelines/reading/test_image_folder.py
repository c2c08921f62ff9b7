"""Tests that a folder of images gives every image once, in natural order, and reads no links."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config.input import Input, Limits
from pipelines.planning.shards import find_shards, split
from pipelines.reading import RawSample, open_unit
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError, ShardFault, ShardUnreachable
from schemas.sample import Unit


def tree(folder: Path, *names: str) -> Path:
    """Create these files in a folder, each with its name as content."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def reads(folder: Path, text: str | None = None, **keys: Any) -> Input:
    limits = Limits(**{key: keys.pop(key) for key in list(keys) if key in Limits.model_fields})
    return Input(shards=f"{folder}/", text=text, limits=limits, **keys)


def units_of(folder: Path, text: str | None = None, **keys: Any) -> tuple[Unit, ...]:
    return split(find_shards([f"{folder}/"]), reads(folder, text, **keys))


def samples(folder: Path, text: str | None = None, **keys: Any) -> list[RawSample]:
    """Read the samples of all units of a folder, one unit after another."""
    all_samples = []
    for unit in units_of(folder, text, **keys):
        with open_unit(unit, LocalStorage(), reads(folder, text, **keys)) as opened:
            all_samples += list(opened)
            assert opened.bytes_read <= unit.size
    return all_samples


def faults(folder: Path, text: str | None = None, **keys: Any) -> Mapping[str | None, str]:
    """Return key -> fault of all samples of a folder."""
    return {sample.key: sample.fault for sample in samples(folder, text, **keys)}


def test_images_are_samples_in_natural_order_of_their_paths(tmp_path: Path) -> None:
    tree(
        tmp_path, "img10.jpg", "img2.JPG", "IMG1.png", "b/1.webp", "b c/1.gif", "img2/x.jpg",
        "é/ü.jpg", "Screenshot at 10.33.22.png", "notes.txt", "movie.mp4", "README",
    )  # fmt: skip
    read_samples = samples(tmp_path)
    assert [sample.key for sample in read_samples] == [
        "b/1", "b c/1", "IMG1", "img2", "img2/x", "img10", "Screenshot at 10.33.22", "é/ü",
    ]  # fmt: skip
    assert [sample.index for sample in read_samples] == list(range(8))
    assert read_samples[3].image == b"img2.JPG"


def test_hidden_files_and_folders_are_ignored(tmp_path: Path) -> None:
    names = (".hidden.jpg", "._a.jpg", ".git/a.jpg", "b/.DS_Store", "b/.thumbnails/b.jpg", ".a.tar")
    tree(tmp_path / ".x/photos", "a.jpg", "b/c.jpg", *names)
    assert list(faults(tmp_path / ".x/photos")) == ["a", "b/c"]


def test_texts_are_read_from_files_beside_the_images(tmp_path: Path) -> None:
    tree(tmp_path, "a.jpg", "a.txt", "b.jpg", "b.JSON", "c/a.jpg")
    read_samples = samples(tmp_path, "txt", carry=("json:url",))
    assert [sample.fields for sample in read_samples] == [
        {"jpg": b"a.jpg", "txt": b"a.txt"},
        {"jpg": b"b.jpg", "json": b"b.JSON"},
        {"jpg": b"c/a.jpg"},
    ]
    (unit,) = units_of(tmp_path, "txt")
    with open_unit(unit, LocalStorage(), reads(tmp_path, "txt"), texts=False) as without:
        assert [list(sample.fields) for sample in without] == [["jpg"]] * 3


def test_a_fault_affects_only_its_own_sample(tmp_path: Path) -> None:
    tree(
        tmp_path, "good.jpg", "good.txt", "several.jpg", "several.png", "repeated.jpg",
        "repeated.JPG", "large image.jpg", "large text.jpg", "many.jpg", "many.a", "many.b",
        "many.c", "long.jpg", "long.mp4",
    )  # fmt: skip
    (tmp_path / "large image.jpg").write_bytes(bytes(101))
    (tmp_path / "large text.txt").write_bytes(bytes(51))
    (tmp_path / "long.mp4").write_bytes(bytes(1000))
    by_key = faults(tmp_path, "txt", max_image_bytes=100, max_text_bytes=50, max_members=3)
    assert by_key == {
        "good": "",
        "large image": "image_too_large",
        "large text": "text_too_large",
        "long": "",
        "many": "members_too_many",
        "repeated": "member_repeated",
        "several": "image_several",
    }


def test_links_are_not_followed_and_pipes_are_not_opened(tmp_path: Path) -> None:
    tree(tmp_path, "secret.txt", "secret.jpg")
    folder = tree(tmp_path / "photos", "a.jpg", "b.jpg", "c.jpg", "c.txt", "d.jpg")
    (folder / "a.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "d.txt").symlink_to("c.txt")
    (folder / "e.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "f.jpg").symlink_to("nowhere")
    os.mkfifo(folder / "b.txt")
    read_samples = samples(folder, "txt")
    assert {sample.key: sample.fault for sample in read_samples} == {
        "a": "member_not_a_file",
        "b": "member_not_a_file",
        "c": "",
        "d": "member_not_a_file",
        "e": "member_not_a_file",
        "f": "member_not_a_file",
    }
    assert [dict(sample.fields) for sample in read_samples if sample.fields] == [
        {"jpg": b"c.jpg", "txt": b"c.txt"}
    ]


def test_a_link_to_a_folder_is_refused_and_named(tmp_path: Path) -> None:
    folder = tree(tmp_path / "photos", "a.jpg")
    (folder / ".hidden").symlink_to("/")
    (folder / "more").symlink_to("/")
    with pytest.raises(JobError, match=r"photos/more/ is a link to a folder, which"):
        find_shards([str(folder)])
    (folder / "more").unlink()
    assert find_shards([str(folder)])


def test_a_large_folder_is_split_into_units(tmp_path: Path) -> None:
    folder = tree(tmp_path / "photos", *(f"{n}.jpg" for n in range(25)))
    (whole,) = units_of(folder, max_samples_per_file=25)
    assert (whole.name, whole.shard, whole.slice) == ("photos", "photos/", None)
    units = units_of(folder, max_samples_per_file=10)
    assert [unit.name for unit in units] == [f"photos.rows-{n:010}" for n in (0, 10, 20)]
    assert [unit.slice for unit in units] == [(0, 10), (10, 20), (20, 25)]
    assert {(unit.shard, unit.path) for unit in units} == {("photos/", f"{folder}/")}
    assert sum(unit.size for unit in units) == whole.size == 25 * 5 + 15
    read_samples = samples(folder, max_samples_per_file=10)
    assert [(sample.index, sample.key) for sample in read_samples] == [
        (n, str(n)) for n in range(25)
    ]


part = st.text(st.sampled_from("aB.0129 ü\n"), min_size=1, max_size=4).filter(
    lambda name: not name.startswith(".")
)
image = st.builds("{}.{}".format, part, st.sampled_from(["jpg", "PNG", "webp"]))
paths = st.builds(
    lambda folders, name: "/".join([*folders, name]), st.lists(part, max_size=2), image
)


@given(st.sets(paths, min_size=1, max_size=12), st.integers(1, 5))
def test_every_image_is_read_once_in_natural_order(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], step: int
) -> None:
    # A name cannot be both a file and a folder.
    names = {name for name in names if not any(other.startswith(f"{name}/") for other in names)}
    folder = tree(tmp_path_factory.mktemp("photos"), *names)
    read_samples = samples(folder, max_samples_per_file=step)
    assert [sample.index for sample in read_samples] == list(range(len(read_samples)))
    keys = [str(sample.key) for sample in read_samples]
    assert sorted(keys) == sorted({name.rpartition(".")[0] for name in names})
    read = {sample.image.decode() for sample in read_samples if not sample.fault}
    assert read == {n for n in names if keys_of(names).count(n.rpartition(".")[0]) == 1}
    assert read_samples == samples(folder, max_samples_per_file=len(names))


def keys_of(names: set[str]) -> list[str]:
    return [name.rpartition(".")[0] for name in names]


@pytest.mark.parametrize(
    "names", [["1", "2", "10", "a1", "a02", "a10", "a10b", "b/1", "b/a/2", "b 1"]]
)
def test_numbers_are_compared_by_value(tmp_path: Path, names: list[str]) -> None:
    tree(tmp_path, *(f"{name}.jpg" for name in names))
    assert [sample.key for sample in samples(tmp_path)] == names


def read_fault(folder: Path, unit: Unit) -> ShardFault:
    with (
        pytest.raises(ShardFault) as caught,
        open_unit(unit, LocalStorage(), reads(folder)) as opened,
    ):
        list(opened)
    return caught.value


def test_a_folder_that_changed_before_it_is_read_is_a_fault(tmp_path: Path) -> None:
    folder = tree(tmp_path / "photos", "a.jpg", "b.jpg")
    (unit,) = units_of(folder)
    tree(folder, "c.jpg")
    assert read_fault(folder, unit).reason == "shard_changed"
    (folder / "c.jpg").unlink()
    tree(folder, "notes.txt", ".hidden.jpg")  # these belong to no sample
    with open_unit(unit, LocalStorage(), reads(folder)) as opened:
        assert len(list(opened)) == 2
    for path in folder.iterdir():
        path.unlink()
    assert read_fault(folder, unit).reason == "shard_missing"


@pytest.mark.parametrize("change", ["deleted", "longer", "shorter", "a folder"])
def test_a_file_that_changes_while_the_folder_is_read_is_a_fault(
    tmp_path: Path, change: str
) -> None:
    folder = tree(tmp_path / "photos", "a.jpg", "b.jpg")
    (unit,) = units_of(folder)
    path = folder / "b.jpg"
    with open_unit(unit, LocalStorage(), reads(folder)) as opened:
        read = iter(opened)
        assert next(read).key == "a"
        path.unlink()
        if change == "a folder":
            path.mkdir()
        elif change != "deleted":
            path.write_bytes(b"b.jpg and more" if change == "longer" else b"b")
        with pytest.raises(ShardFault) as caught:
            next(read)
    assert caught.value.reason == "shard_changed"
    assert caught.value.offset >= len("a.jpg")


def test_the_version_changes_with_every_file_of_a_sample(tmp_path: Path) -> None:
    folder = tree(tmp_path / "photos", "a.jpg", "a.txt", "b/c.png")
    versions = {units_of(folder)[0].version}
    for name in ("a.jpg", "a.txt", "b/c.png"):
        os.utime(folder / name, (1, 1))
        versions.add(units_of(folder)[0].version)
    (folder / "b/c.png").rename(folder / "b/d.png")
    versions.add(units_of(folder)[0].version)
    assert len(versions) == 5


def test_a_storage_error_is_no_damage_of_the_shard(tmp_path: Path) -> None:
    class Failing(LocalStorage):
        def open(self, path: str, version: str = "") -> Any:
            raise OSError(5, "Input/output error")

    folder = tree(tmp_path / "photos", "a.jpg")
    (unit,) = units_of(folder)
    with (
        open_unit(unit, Failing(), reads(folder)) as opened,
        pytest.raises(ShardUnreachable, match="shard_read_failed"),
    ):
        list(opened)


def test_extensions_with_dots_that_the_job_names_end_the_key(tmp_path: Path) -> None:
    names = ("7.left.jpg", "7.right.jpg", "7.outputs.txt", "b/8.LEFT.JPG", "9.jpg", "7.txt")
    folder = tree(tmp_path / "photos", *names)
    first, second = samples(folder, "outputs.txt", image="left.jpg")
    assert (first.key, first.image) == ("7", b"7.left.jpg")
    assert first.fields == {"left.jpg": b"7.left.jpg", "outputs.txt": b"7.outputs.txt"}
    assert (second.key, second.image) == ("b/8", b"b/8.LEFT.JPG")
    keys = [sample.key for sample in samples(folder)]
    assert keys == ["7.left", "7.right", "9", "b/8.LEFT"]


def test_a_folder_without_the_extension_that_the_job_names_is_refused(tmp_path: Path) -> None:
    folder = tree(tmp_path / "photos", "7.left.jpg")
    with pytest.raises(JobError, match=r"input.image: no file in .*photos/ ends in \.right\.jpg"):
        units_of(folder, image="right.jpg")


def test_a_text_of_any_extension_beside_an_image_is_part_of_the_version(tmp_path: Path) -> None:
    folder = tree(tmp_path / "photos", "7.left.jpg", "7.outputs.txt")
    (unit,) = units_of(folder)
    tree(folder, "70.txt", "notes.7.txt")  # beside no image
    assert units_of(folder)[0].version == unit.version
    os.utime(folder / "7.outputs.txt", (1, 1))
    assert units_of(folder)[0].version != unit.version
    assert read_fault(folder, unit).reason == "shard_changed"


def test_what_macos_adds_to_archives_is_left_out(tmp_path: Path) -> None:
    folder = tree(
        tmp_path / "photos", "a.jpg", "__MACOSX/a.jpg", "__MACOSX.jpg", "b/__MACOSX/c.jpg"
    )
    assert [sample.key for sample in samples(folder)] == ["__MACOSX", "a"]
