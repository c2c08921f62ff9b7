"""The files that commands write for a user: where, in which form, and never over another one."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image
from support.command_line import call
from support.sample_data import pairs, write_shard

from pipelines.config.job import Job

JOB = """\
name: test
input: {shards: "shards/*.tar"}
filters: [{kind: text_quality, min_words: 2}]
output: output
"""
MINE = b"mine"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("job.yaml").write_text(JOB)
    members = [*pairs(2), ("9.jpg", next(pairs(1))[1]), ("9.txt", b"planted")]
    write_shard(tmp_path / "shards/0.tar", members)
    return tmp_path


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", [("preview", "job.yaml"), ("inspect", "output")])
def test_a_sheet_without_a_name_gets_a_free_one(command: tuple[str, str], folder: Path) -> None:
    call("run", "job.yaml")
    sheet = folder / f"{command[0]}.png"
    sheet.write_bytes(MINE)
    for number in (2, 3):
        shown = call(*command).stderr
        assert f"{command[0]}-{number}.png" in shown
        assert Image.open(sheet.with_stem(f"{sheet.stem}-{number}")).format == "PNG"
    assert sheet.read_bytes() == MINE
    call(*command, "--force")
    assert Image.open(sheet).format == "PNG"


@pytest.mark.parametrize(
    "command",
    [
        ("init", "x.png"),
        ("preview", "job.yaml", "--sheet", "x.png"),
        ("preview", "job.yaml", "--output", "x.png"),
        ("inspect", "output", "--sheet", "x.png"),
        ("report", "output", "--to", "x.png"),
        ("look", "output", "0.tar", "0", "--image", "x.png"),
    ],
)
def test_a_named_file_is_replaced_only_with_force(command: tuple[str, ...], folder: Path) -> None:
    call("run", "job.yaml")
    (folder / "x.png").write_bytes(MINE)
    (line,) = call(*command, code=2).stderr.strip().splitlines()
    assert "x.png: exists already: give another name, or --force to replace it" in line
    assert (folder / "x.png").read_bytes() == MINE
    call(*command, "--force")
    assert (folder / "x.png").read_bytes() != MINE


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that takes no files")
@pytest.mark.parametrize(
    "command",
    [
        ("init", "/proc/x"),
        ("inspect", "output", "--sheet", "/proc/x"),
        ("report", "output", "--to", "/proc/x"),
        ("review", "output", "--to", "/proc/x"),
        ("card", "output", "--to", "/proc/x"),
        ("export", "output", "--to", "jsonl", "/proc/x/y"),
    ],
)
def test_a_place_that_takes_no_files_is_the_users_mistake(command: tuple[str, ...]) -> None:
    call("run", "job.yaml")
    (line,) = call(*command, code=2).stderr.strip().splitlines()
    assert "/proc/x" in line
    assert "cannot be written, for /proc takes no files" in line


def test_preview_as_json_is_for_programs(folder: Path) -> None:
    before = names(folder)
    result = call("preview", "job.yaml", "--json", "-n", 3)
    shown = json.loads(result.stdout)
    assert [row["status"] for row in shown["rows"]] == ["kept", "kept", "dropped"]
    assert shown["rows"][0]["source_text"] == "picture 0 of series 0"
    assert shown["first_shard"]["holds"] == {"jpg": 3, "txt": 3}
    assert "planted" not in result.output
    assert names(folder) == before


def test_inspect_as_json_is_for_programs(folder: Path) -> None:
    call("run", "job.yaml")
    rows = json.loads(call("inspect", "output", "--json", "--status", "dropped").stdout)
    assert [(row["index"], row["source_text"]) for row in rows] == [(2, None)]
    assert "inspect.png" not in names(folder)


def test_preview_writes_rows_where_the_user_says(folder: Path) -> None:
    before = names(folder)
    call("preview", "job.yaml", "--output", "rows.parquet")
    assert names(folder) - before == {"rows.parquet"}
    table = pq.read_table("rows.parquet")
    assert table.schema.equals(Job.load("job.yaml").output_schema())
    assert table["source_text"].to_pylist() == [
        "picture 0 of series 0",
        "picture 1 of series 0",
        None,
    ]
    call("preview", "job.yaml", "--output", "sheet.PNG")
    call("preview", "job.yaml", "--output", "try")
    assert names(folder) - before == {
        "rows.parquet", "sheet.PNG", "try/preview.parquet", "try/preview.png",
    }  # fmt: skip
    assert b"planted" not in Path("try/preview.parquet").read_bytes()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("output", "would lie in the output of a job"),
        ("output/try.parquet", "would lie in the output of a job"),
        ("job.yaml", "write a .parquet file, a .png file, or a folder"),
        ("nowhere/rows.parquet", "there is no folder nowhere"),
        ("nowhere/deeper", "there is no folder nowhere/deeper"),
    ],
)
def test_preview_refuses_a_place_that_would_do_harm(
    output: str, message: str, folder: Path
) -> None:
    (line,) = call("preview", "job.yaml", "--output", output, code=2).stderr.strip().splitlines()
    assert message in line
    assert not (folder / "output").exists()
