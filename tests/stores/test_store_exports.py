"""Exports from buckets into buckets have the bytes of local ones, also after kills."""

import random
import signal
import time
from pathlib import Path

import pytest
from support.bucket_jobs import STORAGE, job_over, write_corpus
from support.command_line import CommandLine
from support.export_outputs import asked, exported, files_of
from support.object_servers import ObjectServer, environment_of
from support.shardmill_process import Command

from pipelines.operations.run import run

FORMATS = ("webdataset", "huggingface", "jsonl")
OPTIONS = ("--rows-per-file", "3", "--split", "train=0.7,test=0.3")
KILLS, SEED = 3, 20261201


@pytest.fixture
def output(bucket: str) -> str:
    """The URL of an output over shards in the same bucket."""
    write_corpus(f"{bucket}/corpus")
    shards = [f"{bucket}/corpus/tars/*.tar*", f"{bucket}/corpus/tables/*.parquet"]
    run(job_over(f"{bucket}/corpus", f"{bucket}/output", input={"shards": shards, "text": "txt"}))
    return f"{bucket}/output"


def files_below(url: str) -> dict[str, bytes]:
    names = [entry.path.removeprefix(f"{url}/") for entry in STORAGE.list(url)]
    return {name: STORAGE.read_bytes(f"{url}/{name}") for name in names}


@pytest.mark.parametrize("to", FORMATS)
def test_a_bucket_gets_the_bytes_of_a_folder(to: str, output: str, tmp_path: Path) -> None:
    target = f"{output}-export"
    for folder in (target, tmp_path / "local"):
        exported(output, folder, asked(to, rows_per_file=3, shuffle=5))
    found = files_below(target)
    assert found == files_of(tmp_path / "local")
    assert sum(name.startswith(("train", "data/train")) for name in found) > 3
    assert exported(output, target, asked(to, rows_per_file=3, shuffle=5)).was_complete
    assert files_below(target) == found


@pytest.mark.parametrize("to", FORMATS)
def test_a_killed_export_goes_on(
    to: str, server: ObjectServer, output: str, tmp_path: Path, command_line: CommandLine
) -> None:
    local = tmp_path / "local"
    command_line.done("export", output, "--to", to, local, *OPTIONS)
    expected = files_of(local)

    def start(target: str) -> Command:
        words = ["shardmill", "export", output, "--to", to, target, *OPTIONS]
        return Command(words, tmp_path, environment_of(server), both=True)

    for name in ("cold", "warm"):  # the first one imports what later ones have
        begun = time.monotonic()
        process = start(f"{output}-{name}")
        printed = process.wait()
        assert process.returncode == 0, printed
        seconds = time.monotonic() - begun
        assert files_below(f"{output}-{name}") == expected
    moments, kills = random.Random(f"{SEED}/{to}"), 0
    target = f"{output}-killed"
    while kills < KILLS:
        process = start(target)
        moment = moments.uniform(0.2 * seconds, 0.9 * seconds)
        if process.ends_within(moment):
            seconds = moment  # it took less time than the measured one
        else:
            process.send_signal(signal.SIGKILL)
        process.wait()
        kills += process.returncode == -signal.SIGKILL
        assert files_below(target).items() <= expected.items()
        if process.returncode == 0:
            target += "-again"
    last = start(target)
    printed = last.wait()
    assert last.returncode == 0, printed
    assert files_below(target) == expected
