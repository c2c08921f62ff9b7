"""Job files, lists, outputs and models by their URLs, on the command line."""

import json
from pathlib import Path

import pytest
from support.command_line import CommandLine
from support.sample_data import pairs, tar_bytes
from support.small_s3 import BUCKET, OTHER, SmallS3

JOB = f"""\
name: urls
input: {{shards: "s3://{BUCKET}/shards/*.tar", text: txt}}
filters:
  - {{kind: image_size, min_side: 4}}
  - {{kind: words, path: "s3://{OTHER}/lists/words.txt"}}
output: s3://{BUCKET}/out
"""
OUT = f"s3://{BUCKET}/out"
JOB_URL = f"s3://{OTHER}/jobs/job.yaml"


@pytest.fixture
def server(small_s3: SmallS3) -> SmallS3:
    """Two shards of three samples each, a list of words that drops one, and the job file."""
    for number in range(2):
        content = tar_bytes(pairs(3, seed=number))
        small_s3.objects[BUCKET][f"shards/{number:05}.tar"] = content
    small_s3.objects[OTHER] = {"lists/words.txt": b"2\n", "jobs/job.yaml": JOB.encode()}
    return small_s3


def test_a_job_by_its_url_with_all_its_paths_and_commands(
    server: SmallS3, command_line: CommandLine
) -> None:
    planned = json.loads(command_line.done("plan", JOB_URL, "--json"))
    assert planned["units"] == 2
    summary = json.loads(command_line.done("run", JOB_URL, "--json"))
    assert (summary["outcome"], summary["counts"]["kept"]) == ("complete", 4)
    files = {key for key in server.objects[BUCKET] if key.endswith(".parquet")}
    assert files == {"out/00000.parquet", "out/00001.parquet"}
    assert json.loads(command_line.done("status", OUT, "--json"))["complete"]
    assert not json.loads(command_line.done("verify", OUT, "--json"))["problems"]
    assert len(json.loads(command_line.done("inspect", OUT, "--json"))) == 6
    assert "image_size" in command_line.done("look", OUT, "00000.tar", "0")
    assert "image_size" in command_line.done("look", JOB_URL, "00001.tar", "1")
    assert "00000.tar" in command_line.done("preview", JOB_URL, "--samples", "1", "--json")
    assert "source_text: string" in command_line.done("schema", JOB_URL)
    assert "image_size.min_side" in command_line.done(
        "whatif", OUT, "--set", "filters.0.min_side=5"
    )
    command_line.done("finish", OUT)
    command_line.done("retry", OUT, "--yes")


def test_another_output_by_its_url_reuses_the_verdicts_of_one(
    server: SmallS3, command_line: CommandLine
) -> None:
    command_line.done("run", JOB_URL)
    second = (
        f'name: second\ninput: {{shards: "s3://{BUCKET}/shards/*.tar", text: txt}}\n'
        f"filters_from: {OUT}\nfilters: [{{kind: text_quality}}]\noutput: nowhere\n"
    )
    server.objects[OTHER]["jobs/second.yaml"] = second.encode()
    url = f"s3://{OTHER}/jobs/second.yaml"
    summary = json.loads(command_line.done("run", url, "--output", f"s3://{OTHER}/again", "--json"))
    assert summary["outcome"] == "complete"
    assert "again/_SUCCESS" in server.objects[OTHER]


def test_files_that_people_look_at_are_local(server: SmallS3, command_line: CommandLine) -> None:
    for arguments in (
        ("inspect", OUT, "--sheet", f"s3://{BUCKET}/sheet.png"),
        ("preview", JOB_URL, "--output", f"s3://{BUCKET}/rows.parquet"),
        ("init", f"s3://{BUCKET}/job.yaml"),
    ):
        code, _, err = command_line(*arguments)
        assert code == 2
        assert f"{arguments[-1]}: this file is written on this machine alone: name a local" in err


@pytest.fixture
def model_job(server: SmallS3, checkpoint: Path, mask_decoder: Path) -> str:
    """A job whose checkpoint and mask decoder lie in a bucket; returns its URL."""
    for path in checkpoint.iterdir():
        server.objects[OTHER][f"models/small/{path.name}"] = path.read_bytes()
    server.objects[OTHER]["models/small/pickled.bin"] = b"never read"
    server.objects[OTHER]["masks.npz"] = mask_decoder.read_bytes()
    text = JOB + (
        f"model: {{checkpoint: s3://{OTHER}/models/small/, precision: float32, device: cpu}}\n"
        "tasks:\n"
        "  masks: {kind: segment, labels: [circle], max_new_tokens: 4, "
        f"mask_decoder: s3://{OTHER}/masks.npz}}\n"
    )
    server.objects[OTHER]["jobs/model.yaml"] = text.encode()
    return f"s3://{OTHER}/jobs/model.yaml"


@pytest.mark.parametrize("is_offline", [False, True])  # from the hub; a bucket is no hub
def test_a_model_in_a_bucket_is_copied_once_and_recorded_by_its_listing(
    server: SmallS3,
    model_job: str,
    command_line: CommandLine,
    is_offline: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", is_offline)
    weights = f"/{OTHER}/models/small/model.safetensors"
    assert f"s3://{OTHER}/models/small/ is in" in command_line.done("fetch", model_job)
    command_line.done("run", model_job)
    command_line.done("run", model_job, "--output", f"s3://{OTHER}/again")
    asked = [path for method, path in server.requests if method == "GET"]
    assert asked.count(weights) == server.requests["GET", weights] == 1
    assert not [path for path in asked if path.endswith("pickled.bin")]
    record = json.loads(server.objects[BUCKET]["out/_shardmill/job.record"])
    checkpoint = record["resolved"]["checkpoint"]
    assert checkpoint["source"] == f"s3://{OTHER}/models/small"
    assert checkpoint["version"].startswith("listing:sha256:")

    content = bytearray(server.objects[OTHER]["models/small/model.safetensors"])
    content[-1] ^= 1
    server.objects[OTHER]["models/small/model.safetensors"] = bytes(content)
    code, _, err = command_line("run", model_job)
    assert code == 2
    assert "was begun with resolved.checkpoint.version = listing:sha256:" in err


def test_a_model_in_a_bucket_that_is_not_whole_is_told_at_plan(
    server: SmallS3, model_job: str, command_line: CommandLine
) -> None:
    objects = server.objects[OTHER]
    config = objects["models/small/config.json"]
    objects["models/small/config.json"] = config[:-20]
    code, _, err = command_line("plan", model_job)
    url = f"s3://{OTHER}/models/small"
    assert code == 2
    assert f"model.checkpoint: '{url}" in err
    objects["models/small/config.json"] = config
    del objects["models/small/model.safetensors"]
    code, _, err = command_line("plan", model_job)
    assert code == 2
    assert f"model.checkpoint: '{url}' holds no *.safetensors weights" in err


def test_a_probe_that_died_is_deleted_by_a_run(server: SmallS3, command_line: CommandLine) -> None:
    server.objects[BUCKET]["out/_shardmill/probe-0.tmp"] = b"first"
    command_line.done("run", JOB_URL)
    assert not [key for key in server.objects[BUCKET] if "probe" in key]


def test_markers_of_folders_are_no_files(server: SmallS3, command_line: CommandLine) -> None:
    """Consoles of clouds make an empty object for a folder, whose name ends in a slash."""
    objects = server.objects[BUCKET]
    for folder in ("shards/", "shards/more/", "out/", "out/_shardmill/"):
        objects[folder] = b""
    assert json.loads(command_line.done("run", JOB_URL, "--json"))["outcome"] == "complete"
    assert json.loads(command_line.done("status", OUT, "--json"))["complete"]
    assert json.loads(command_line.done("verify", OUT, "--json"))["problems"] == []
    photos = {f"photos/{name}": content for name, content in pairs(2)}
    objects |= {"photos/": b"", "photos/more/": b"", **photos}
    reads = ("--set", f"input.shards=s3://{BUCKET}/photos/", "--output", f"s3://{OTHER}/photos")
    summary = json.loads(command_line.done("run", JOB_URL, *reads, "--json"))
    assert summary["counts"]["read"] == 2
