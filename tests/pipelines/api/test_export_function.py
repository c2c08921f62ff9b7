"""`shardmill.export` writes what the command line writes, and names its own arguments."""

from pathlib import Path
from typing import Any

import pytest
from support.command_line import CommandLine
from support.export_outputs import KEYS, files_of, make_output

import shardmill
from shardmill import JobError


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(make_output(tmp_path_factory.mktemp("exports"), 2).output)


def test_it_writes_what_the_command_writes(
    output: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    arguments: dict[str, Any] = {
        "where": "width = 48",
        "columns": ["key", "source_text"],
        "split": "train=0.5,test=0.5",
        "shuffle": 3,
        "rows_per_file": 2,
        "bytes_per_file": "1MB",
    }
    exported = shardmill.export(output, to=tmp_path / "a", format="webdataset", **arguments)
    assert isinstance(exported, shardmill.Exported)
    assert sum(exported.rows.values()) == 2 * len(KEYS)
    assert not exported.was_complete
    options = ("--split", arguments["split"], "--shuffle", 3, "--rows-per-file", 2)
    more = ("--columns", "key,source_text", "--bytes-per-file", "1MB", "--where", "width = 48")
    command_line.done("export", output, "--to", "webdataset", tmp_path / "b", *options, *more)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    again = shardmill.export(output, to=tmp_path / "a", format="webdataset", **arguments)
    assert again.was_complete


def test_an_export_without_images(output: Path, tmp_path: Path) -> None:
    shardmill.export(
        str(output), to=str(tmp_path / "e"), format="webdataset", images=False, bytes_per_file=100
    )
    assert not any(b"JFIF" in content for content in files_of(tmp_path / "e").values())
    assert len(list((tmp_path / "e").glob("*.tar"))) > 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"format": "xml"}, "format: 'xml' is unknown: name one of webdataset, hugging"),
        ({"format": "coco"}, "format: coco takes the objects of tasks"),
        ({"columns": "key"}, "columns: must be a list"),
        ({"columns": ["nothing"]}, "columns: .* has no column 'nothing'"),
        ({"where": "nothing > 1"}, "^where: "),
        ({"split": "train"}, "^split: 'train' is no name with a share"),
        ({"shuffle": -1}, "^shuffle: "),
        ({"rows_per_file": 0}, "^rows_per_file: "),
        ({"bytes_per_file": "much"}, "^bytes_per_file: 'much' is no size"),
    ],
)
def test_mistakes_name_the_argument(
    arguments: dict[str, Any], message: str, output: Path, tmp_path: Path
) -> None:
    with pytest.raises(JobError, match=message) as caught:
        shardmill.export(output, to=tmp_path / "e", **{"format": "jsonl", **arguments})
    assert "--" not in str(caught.value)
    assert not (tmp_path / "e").exists()


def test_another_export_in_the_folder_is_named_by_its_arguments(
    output: Path, tmp_path: Path
) -> None:
    shardmill.export(output, to=tmp_path / "e", format="webdataset")
    with pytest.raises(JobError, match="has an export with another images=False: name another"):
        shardmill.export(output, to=tmp_path / "e", format="webdataset", images=False)
