"""After its process is killed, an export goes on, and has the bytes of an undisturbed one."""

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from support.export_outputs import files_of
from support.sample_data import job, pairs, write_shard
from support.shardmill_process import ROOT, Command

from pipelines.operations.run import run

pytestmark = pytest.mark.faults
SHARDS, SAMPLES, KILLS, SEED = 6, 150, 6, 20261129
ORDERS = ([], ["--shuffle", "3", "--split", "train=0.7,test=0.3"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an output of some hundred samples."""
    folder = tmp_path_factory.mktemp("exports")
    for shard in range(SHARDS):
        write_shard(folder / f"shards/{shard}.tar", pairs(SAMPLES, shard))
    filters = [{"kind": "image_size", "min_side": 4}]
    run(job(folder, model=None, tasks={}, filters=filters))
    return folder


def start(folder: Path, target: Path, to: str, order: list[str]) -> Command:
    words = ["shardmill", "export", str(folder / "output"), "--to", to, str(target)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    return Command([*words, "--rows-per-file", "10", *order], folder, variables, both=True)


@pytest.mark.parametrize("order", ORDERS, ids=["in order", "shuffled"])
@pytest.mark.parametrize("to", ["webdataset", "huggingface"])
def test_kill_9_at_random_moments(to: str, order: list[str], folder: Path, tmp_path: Path) -> None:
    for name in ("cold", "whole"):  # the first one imports what later ones have
        begun = time.monotonic()
        process = start(folder, tmp_path / name, to, order)
        process.wait()
        assert process.returncode == 0
        seconds = time.monotonic() - begun
    expected = files_of(tmp_path / "whole")
    assert files_of(tmp_path / "cold") == expected
    moments = random.Random(f"{SEED}/{to}/{order}")
    target, kills = tmp_path / "killed", 0
    while kills < KILLS:
        process = start(folder, target, to, order)
        moment = moments.uniform(0, seconds)
        if process.ends_within(moment):
            seconds = moment  # it took less time than the measured one
        else:
            process.send_signal(signal.SIGKILL)
        process.wait()
        kills += process.returncode == -signal.SIGKILL
        visible = {
            name: content
            for name, content in (files_of(target) if target.exists() else {}).items()
            if not name.rpartition("/")[2].startswith(".")  # temporary files
        }
        assert visible.items() <= expected.items()
        if process.returncode == 0:
            shutil.rmtree(target)
    last = start(folder, target, to, order)
    printed = last.wait()
    assert last.returncode == 0, printed
    assert files_of(target) == expected
