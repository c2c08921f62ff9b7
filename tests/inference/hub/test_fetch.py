"""Tests that a run needs no hub after `shardmill fetch`."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import random_adapter, yaml_job
from support.local_hub import Hub, environment_of, serve
from support.sample_data import pairs, write_shard

from schemas.report import Summary


def start(url: str, cache: Path, *arguments: object) -> subprocess.Popen[str]:
    """Start the command line in a process whose hub is at `url`."""
    return subprocess.Popen(
        [sys.executable, "-m", "shardmill", *map(str, arguments)],
        env=environment_of(url, cache),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.faults  # three processes that import transformers
def test_a_run_needs_no_hub_after_two_concurrent_fetches(
    checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    served = Path(shutil.copytree(checkpoint(2), tmp_path / "served"))
    lora = random_adapter.build(served, tmp_path / "lora", target_modules=["q_proj"])
    write_shard(tmp_path / "shards/a.tar", pairs(2))
    job = yaml_job.write(tmp_path / "job.yaml", tmp_path / "shards", Path("google/small"))
    job.write_text(job.read_text().replace("google/small,", "google/small, adapter: me/lora,"))
    cache = tmp_path / "cache"
    with serve(Hub({"google/small": served, "me/lora": lora})) as hub:
        processes = [start(hub.url, cache, "fetch", job) for _ in range(2)]
        outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs[0] == outputs[1]
    lines = zip(outputs[0].splitlines(), ("google/small", "me/lora"), (served, lora), strict=True)
    for line, name, folder in lines:
        assert line.startswith(f"{name} is in ")
        (weights,) = folder.glob("*.safetensors")
        assert (Path(line.split()[-1]) / weights.name).read_bytes() == weights.read_bytes()
    process = start("http://127.0.0.1:9", cache, "run", job, "--json")
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert Summary.model_validate_json(output).counts_here.kept == 2
