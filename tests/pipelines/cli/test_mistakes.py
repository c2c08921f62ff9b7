"""What newcomers do wrong in their first hour: each mistake gets one line that says what to change.

Each row has what was done and the parts of the line that make it useful: the file or field, and the
way out. Every row runs through the entry point of the command line and ends with exit code 2.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command_line import CommandLine
from support.sample_data import pairs, write_shard

from pipelines.config import unknown_keys
from pipelines.config.job import Job

JOB = """\
name: first
input:
  shards: data/*.tar
  text: txt
filters:
  - {kind: image_size, min_side: 16}
  - {kind: image_size, min_side: 8}
output: out
"""
MODEL = "model: {checkpoint: gpt2, device: cpu}\ntasks:\n  caption: {kind: caption}\noutput: out"

# What is replaced in the job, by what -> parts of the line. A job of `shardmill plan job.yaml`.
YAML = [
    ("  text: txt", "    text: txt", ["line 4", "indentation"]),
    ("  text: txt", "\ttext: txt", ["line 4", "indent with spaces, not tabs"]),
    ("name: first", "name first", ["line 2", "colon"]),
    ("  text: txt", "  text:txt", ["line 5", "a colon and a space after the key"]),
    ("data/*.tar", "*.tar", ["line 3", "in quotes"]),
    ("data/*.tar", "{0..3}.tar", ["line 3", "in quotes"]),
    ("name: first", 'name: "first', ["not YAML", "close the quotes"]),
    ("min_side: 16}", "min_side: 16", ["not YAML", "close the bracket or brace"]),
    ("output: out", "output: out\noutput: other", ["line 9", "'output' stands twice: remove one"]),
    (JOB, "", ["job.yaml: is empty", "shardmill init"]),
    (JOB, "# nothing yet\n", ["job.yaml: is empty", "shardmill init"]),
    (JOB, "- a\n- b\n", ["job.yaml: is not a job file", "shardmill init"]),
]
GROUPS = [
    (
        "filters:\n",
        "filters: image_size\nx:\n",
        ["filters: must be a list", "- {kind: image_size}"],
    ),
    ("- {kind: image_size, min_side: 16}", "- image_size", ["filters[0]: ", "{kind: image_size}"]),
    (
        "{kind: image_size, min_side: 16}",
        "image_size: {min_side: 16}",
        ["filters[0]: its kind is missing", "kind: image_size", "beside it, not below"],
    ),
    ("- {kind: image_size, m", "- {knd: image_size, m", ["filters[0]: ", "mean 'kind'"]),
    ("- {kind: image_size, m", "- {kind: image_sise, m", ["filters[0]: ", "mean 'image_size'?"]),
    ("output: out", "output: out\nrunner: ray", ["runner: ", "{kind: ray}"]),
    (
        "output: out",
        "output: out\nrunner: {kind: slurm}",
        ["runner: ", "take one of local, ray, beam"],
    ),
    (
        "output: out",
        MODEL.replace("  caption:", "  - caption:"),
        ["tasks: must be a group", "caption: {kind: caption}"],
    ),
    ("output: out", MODEL.replace("{kind: caption}", "caption"), ["tasks.caption: ", "{kind: cap"]),
    ("output: out", MODEL.replace("n: {k", "s text: {k"), ["'captios text'", "use letters"]),
    ("output: out", "tasks:\noutput: out", ["tasks: ", "write a value after the colon"]),
    ("output: out", "output:", ["output: ", "write a value after the colon"]),
    ("output: out\n", "", ["output: is missing"]),
]
KEYS = [
    ("output: out", "outputs: out", ["outputs: unknown key", "mean 'output'?"]),
    ("output: out", "output: out\nworkers: 2", ["workers: ", "move it to runner.workers"]),
    ("output: out", "output: out\ntext: json", ["text: ", "input.text"]),
    ("output: out", "output: out\nbatch_size: 8", ["batch_size: ", "move it to model.batch_size"]),
    ("output: out", "output: out\ndevice: cuda", ["device: ", "move it to model.device"]),
    (
        "output: out",
        "output: out\nmin_side: 8",
        ["min_side: ", "filters[].min_side of kind image_"],
    ),
    ("output: out", "output: out\ndtype: half", ["dtype: ", "model.precision"]),
    ("output: out", "output: out\nmodel_name: a/b", ["model_name: ", "model.checkpoint"]),
    ("output: out", "output: out\ntemperature: 0.7", ["temperature: ", "greedy", "remove it"]),
    ("output: out", "output: out\nseed: 3", ["seed: ", "greedy", "remove it"]),
    ("output: out", "output: out\nresume: true", ["resume: ", "goes on", "remove it"]),
    ("output: out", "output: out\ntoken: abc", ["token: ", "HF_TOKEN"]),
    ("output: out", MODEL.replace("n}", "n, top_p: 1}"), ["tasks.caption.top_p: ", "greedy"]),
    (
        "output: out",
        MODEL.replace("n}", "n, max_tokens: 9}"),
        ["tasks.caption.max_tokens: ", "new"],
    ),
    (
        "output: out",
        MODEL.replace("n}", "n, prompt: hi}"),
        ["tasks.caption.prompt: ", "kind prompt"],
    ),
    ("  shards: ", "  path: ", ["input.path: ", "input.shards"]),
    ("output: out", "output: out\nrunner: {address: auto}", ["runner.address: ", "only kind ray"]),
    ("output: out", "output: out\nversion: 1", ["version: unknown key", "remove it", "explain"]),
]
VALUES = [
    ("name: first", "name: my job", ["name: use letters", "'my job'"]),
    ("name: first", "name: 2026", ["name: must be text", "'2026', in quotes"]),
    ("min_side: 16", "min_side: '16'", ["filters[0].min_side: ", "write 16, without quotes"]),
    ("min_side: 16", "min_side: -1", ["filters[0].min_side: must be greater than 0"]),
    ("output: out", "output: out\nmax_error_rate: 50", ["max_error_rate: ", "0.5 for 50 %"]),
    ("output: out", "output: out\nmax_error_rate: 5%", ["max_error_rate: ", "write 0.05"]),
    ("output: out", "output: out\nrunner: {workers: 0}", ["runner.workers: ", "greater than 0"]),
    (
        "output: out",
        "output: out\nrequire_image_safety: yes",
        ["require_image_safety: ", "true, w"],
    ),
    ("  text: txt", "  text: txt\n  carry: url", ["input.carry: must be a list", "write [url]"]),
    ("  text: txt", "  text: .txt", ["input.text: '.txt'", "such as txt"]),
    ("output: out", MODEL.replace("cpu", "gpu"), ["model.device: ", "did you mean 'cuda'?"]),
    (
        "output: out",
        MODEL.replace("cpu", "cpu, precision: fp16"),
        ["model.precision: ", "'float16'?"],
    ),
    ("output: out", MODEL.replace("n}", "n, max_new_tokens: 0}"), ["max_new_tokens: ", "than 0"]),
    (
        "output: out",
        MODEL.replace("d: caption}", "d: detect, labels: a}"),
        ["labels: ", "write [a]"],
    ),
    (
        "output: out",
        MODEL.replace("d: caption}", "d: vqa}"),
        ["tasks.caption: give exactly one of"],
    ),
]
PATHS = [
    (
        "data/*.tar",
        "data/{0..1}.tar",
        ["input.shards: ", "00000.tar is there: pad", "{00000..00039}"],
    ),
    (
        "data/*.tar",
        "data/{00000..00005}.tar",
        ["00002.tar and 3 more", "2 of 6", "up to 00001.tar"],
    ),
    ("data/*.tar", "data/{00000..00001.tar", ["input.shards: ", "a brace is not closed"]),
    ("data/*.tar", "dota/*.tar", ["input.shards: nothing matches", "there is no /", "/dota"]),
    ("data/*.tar", "/nothing/a/b/*.tar", ["input.shards: ", "there is no /nothing"]),
    ("data/*.tar", "data/*.tgz", ["input.shards: nothing matches", "data holds 2 .tar"]),
    ("data/*.tar", "data", ["input.shards: ", "data is a folder: write", "data/*.tar"]),
    ("data/*.tar", "empty", ["input.shards: ", "a folder without files"]),
    ("data/*.tar", "mixed", ["input.shards: ", "1 .zip"]),
    ("data/*.tar", "mixed/a.zip", ["input.shards: a.zip is not a shard", ".tar", "convert"]),
    ("data/*.tar", "mixed/b.jsonl", ["input.shards: b.jsonl is not a shard", ".parquet"]),
    ("data/*.tar", "${DATA}/*.tar", ["input.shards: ${DATA} is not replaced", "--set"]),
    ("output: out", "output: ${HOME}/out", ["output: ${HOME} is not replaced", "--set"]),
    ("output: out", "output: job.yaml", ["output: ", "job.yaml is a file: name a folder"]),
    ("output: out", "output: foreign", ["output: ", "x.parquet", "choose an empty or new folder"]),
    ("output: out", "output: out\nfilters_from: no", ["filters_from: ", "there is no /", "/no"]),
    ("output: out", MODEL, ["model.checkpoint: ", "'gpt2' checkpoint, not PaliGemma"]),
    ("output: out", MODEL.replace("gpt2", "./no"), ["model.checkpoint: ", "there is no /", "/no"]),
    ("output: out", MODEL.replace("gpt2", "pali"), ["model.checkpoint: ", "hub id", "owner"]),
    (
        "output: out",
        MODEL.replace("gpt2", "google/paligema-3b"),
        ["model.checkpoint: ", "'google/paligema-3b'", "check the path or the network"],
    ),
]
# The command line -> parts of the line; the job itself is right.
USAGE = [
    ("job.yaml run", ["job.yaml is no command", "shardmill run job.yaml"]),
    ("job.yaml", ["job.yaml is no command", "shardmill run job.yaml"]),
    ("plna job.yaml", ["'plna'", "Did you mean 'plan'?"]),
    ("annotate job.yaml", ["'annotate'", "did you mean 'run'?"]),
    ("frobnicate job.yaml", ["'frobnicate'", "shardmill --help"]),
    ("run job.yaml --workers 2", ["--workers", "--set runner.workers=..."]),
    ("run job.yaml --batch-size 2", ["--batch-size", "--set model.batch_size=..."]),
    ("run job.yaml --min-side 2", ["--min-side", "--set filters.image_size.min_side=..."]),
    ("run job.yaml --resume", ["--resume", "goes on", "remove it"]),
    ("run job.yaml --frobnicate", ["--frobnicate", "shardmill run --help"]),
    ("plan", ["'JOB'", "shardmill plan --help"]),
    ("plan job.yml", ["job.yml: cannot be read", "did you mean job.yaml?"]),
    (
        "plan other.yaml",
        ["other.yaml: cannot be read", "shardmill init other.yaml"],
    ),
    ("plan no/job.yaml", ["no/job.yaml: cannot be read", "there is no folder /"]),
    ("plan data", ["data: cannot be read", "name the job file"]),
    ("plan data/00000.tar", ["data/00000.tar: is not UTF-8 text", "job file"]),
    ("status job.yaml", ["job.yaml: is not an output", "name the folder"]),
    ("status data", ["data: is not an output", "name the folder"]),
    ("verify no/out", ["is not an output", "there is no /"]),
    ("plan job.yaml --set", ["--set", "requires an argument"]),
    ("run job.yaml --canary 0", ["'--canary': must be at least 1"]),
    ("run job.yaml --canary x", ["'--canary': must be a whole number"]),
    ("report out --samples 999", ["'--samples' / '-n': must be at most 200"]),
    ("export out --to xml e", ["'--to': 'xml' is not one of 'webdataset', "]),
    ("inspect out --status odd", ["'--status': 'odd' is not one of 'kept', "]),
    ("plan job.yaml --set output", ["--set output: write path=value"]),
    ("plan job.yaml --set workers=2", ["workers: ", "move it to runner.workers"]),
    ("plan job.yaml --set runner.workers=two", ["runner.workers: must be a whole number"]),
    (
        "plan job.yaml --set filters.2.min_side=2",
        ["'2'", "number or name: image_size, image_size_2"],
    ),
    ("plan job.yaml --set filters.ocr.min_side=2", ["'ocr'", "image_size, image_size_2"]),
]

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command_line: CommandLine) -> Call:
    """Run a command in a folder with two shards; return the exit code and stderr."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for number in range(2):
        write_shard(tmp_path / f"data/{number:05}.tar", pairs(1))
    for folder in ("empty", "mixed", "foreign", "gpt2"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mixed/a.zip").touch()
    (tmp_path / "mixed/b.jsonl").touch()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign/x.parquet")
    (tmp_path / "gpt2/config.json").write_text('{"model_type": "gpt2"}')
    # The header of a safetensors file without tensors.
    (tmp_path / "gpt2/model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")

    def run(*arguments: str, text: str | bytes = JOB) -> tuple[int, str]:
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "job.yaml").write_bytes(content)
        ended = command_line(*arguments)
        return ended.code, ended.err

    return run


def _check(found: tuple[int, str], parts: Sequence[str]) -> None:
    code, stderr = found
    assert code == 2, stderr
    line = stderr.removesuffix("\n")
    assert line.startswith("shardmill: ")
    assert "\n" not in line
    for part in parts:
        assert part in line, line


@pytest.mark.parametrize(("old", "new", "parts"), [*YAML, *GROUPS, *KEYS, *VALUES, *PATHS])
def test_a_wrong_job_file(call: Call, old: str, new: str, parts: Sequence[str]) -> None:
    assert old in JOB
    _check(call("plan", "job.yaml", text=JOB.replace(old, new, 1)), parts)


@pytest.mark.parametrize(("command", "parts"), USAGE)
def test_a_wrong_command_line(call: Call, command: str, parts: Sequence[str]) -> None:
    _check(call(*command.split()), parts)


@pytest.mark.parametrize("content", ["name: é".encode("latin-1"), JOB.encode("utf-16")])
def test_a_job_file_in_another_encoding(call: Call, content: bytes) -> None:
    _check(call("plan", "job.yaml", text=content), ["job.yaml: is not UTF-8", "save it as UTF-8"])


@pytest.mark.parametrize(
    "content",
    [
        JOB.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + JOB.encode(),
        b'{"name": "a", "input": {"shards": "data/*.tar"}, "filters": [{"kind": "image_size"}],'
        b' "output": "out"}',
        JOB.encode() + b"require_image_safety: False\n",
    ],
)
def test_what_is_no_mistake(call: Call, content: bytes) -> None:
    code, stderr = call("plan", "job.yaml", text=content)
    assert (code, stderr) == (0, "")


def test_filters_are_set_by_name_and_by_number(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(JOB)
    settings = ["filters.image_size.min_side=3", "filters.image_size_2.min_side=4"]
    job = Job.load(tmp_path / "job.yaml", settings)
    assert [each.model_dump()["min_side"] for each in job.filters] == [3, 4]
    job = Job.load(tmp_path / "job.yaml", ["filters[0].min_side=5", "filters.1.min_side=6"])
    assert [each.model_dump()["min_side"] for each in job.filters] == [5, 6]


def test_shards_are_checked_before_the_checkpoint(call: Call) -> None:
    model = MODEL.replace("gpt2", "google/not-there")
    text = JOB.replace("output: out", model).replace("data/*.tar", "no/*.tar")
    _check(call("plan", "job.yaml", text=text), ["input.shards: nothing matches"])


def test_names_of_other_tools_lead_to_keys_that_exist() -> None:
    places = {place for found in unknown_keys._places(Job).values() for place in found}
    for advice in unknown_keys._FOREIGN.values():
        assert " " in advice or advice in places
