"""Commands that take an output reach its bucket with the settings of a job file, by --storage."""

import json
from pathlib import Path

import pytest
from support.command_line import CommandLine
from support.sample_data import pairs, tar_bytes
from support.small_s3 import BUCKET, SmallS3

OUT = f"s3://{BUCKET}/out"


@pytest.fixture
def job(small_s3: SmallS3, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job file whose settings alone name the server; the environment names one that is gone."""
    small_s3.objects[BUCKET]["shards/0.tar"] = tar_bytes(pairs(3))
    small_s3.objects[BUCKET]["shards/1.tar"] = b"no tar"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    Path("job.yaml").write_text(
        f'name: job\ninput: {{shards: "s3://{BUCKET}/shards/*.tar", text: txt}}\n'
        f"filters: [{{kind: image_size, min_side: 4}}]\noutput: {OUT}\n"
        f'storage: {{"s3://": {{endpoint: "{small_s3.url}", retry_seconds: 0}}}}\n'
    )
    return "job.yaml"


def test_every_command_takes_the_settings_of_a_job_file(
    job: str, small_s3: SmallS3, command_line: CommandLine
) -> None:
    assert command_line("run", job).code == 3
    option = ("--storage", job)
    status = json.loads(command_line.done("status", OUT, "--json", *option))
    assert (status["committed"], status["failed"], status["waiting"]) == (1, 1, 0)
    small_s3.objects[BUCKET]["shards/1.tar"] = tar_bytes(pairs(2, 1))
    command_line.done("retry", OUT, *option)
    command_line.done("finish", OUT, *option)
    for quick in ((), ("--quick",)):
        small_s3.requests.clear()
        found = json.loads(command_line.done("verify", OUT, "--json", *quick, *option))
        assert (found["problems"], found["files"], found["quick"]) == ([], 2, bool(quick))
    of_files = [path for _, path in small_s3.requests.elements() if path.endswith(".parquet")]
    assert len(of_files) <= 2 * 2  # size and footer of each file
    rows = json.loads(command_line.done("inspect", OUT, "--json", *option))
    assert len(rows) == 5
    command_line.done("inspect", OUT, "--sheet", "sheet.png", *option)
    assert Path("sheet.png").stat().st_size > 1000
    assert "image_size" in command_line.done("look", OUT, "0.tar", 0, *option)
    changed = ("--set", "filters.0.min_side=5")
    assert "image_size.min_side" in command_line.done("whatif", OUT, *changed, *option)


def test_shards_are_read_with_the_settings_of_the_record(
    job: str, small_s3: SmallS3, command_line: CommandLine
) -> None:
    del small_s3.objects[BUCKET]["shards/1.tar"]
    command_line.done("run", job, "--output", "out")
    status = json.loads(command_line.done("status", "out", "--json"))
    assert (status["complete"], status["waiting"], status["missing"]) == (True, 0, [])
    command_line.done("inspect", "out", "--sheet", "sheet.png")
    assert "image_size" in command_line.done("look", "out", "0.tar", 0)
    small_s3.objects[BUCKET]["shards/0.tar"] = tar_bytes(pairs(2, 1))
    command_line.done("retry", "out", "--changed", "--yes")
    assert json.loads(command_line.done("status", "out", "--json"))["counts"]["read"] == 2


def test_settings_that_are_given_go_before_those_of_the_record(
    job: str, small_s3: SmallS3, command_line: CommandLine
) -> None:
    del small_s3.objects[BUCKET]["shards/1.tar"]
    command_line.done("run", job, "--output", "out")
    gone = Path(job).read_text().replace(small_s3.url, "http://127.0.0.1:9")
    Path("gone.yaml").write_text(gone)
    status = json.loads(command_line.done("status", "out", "--json", "--storage", "gone.yaml"))
    assert status["waiting"] is None  # no shard is found there
    assert command_line("status", OUT, "--storage", "gone.yaml").code == 1


def test_mistakes_with_the_option_are_told(job: str, command_line: CommandLine) -> None:
    said = command_line.mistake("status", OUT, "--storage", "none.yaml")
    assert "none.yaml: cannot be read" in said
    said = command_line.mistake("look", job, "0.tar", 0, "--storage", job)
    assert f"--storage: {job} is a job file" in said
