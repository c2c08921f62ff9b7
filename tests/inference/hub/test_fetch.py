"""`shardmill fetch` warms a machine: what runs afterwards needs no hub."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from support import random_adapter, yaml_job
from support.local_hub import Hub, environment_of, serve
from support.sample_data import pairs, write_shard

from schemas.report import Summary


def start(url: str, cache: Path, *arguments: object) -> subprocess.Popen[str]:
    """The command line in a process whose hub is at `url`."""
    return subprocess.Popen(
        [sys.executable, "-m", "shardmill", *map(str, arguments)],
        env=environment_of(url, cache),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_that_fetch_at_once_leave_a_machine_that_needs_no_hub(
    checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    served = Path(shutil.copytree(checkpoint(2), tmp_path / "served"))
    lora = random_adapter.build(served, tmp_path / "lora", target_modules=["q_proj"])
    write_shard(tmp_path / "shards/a.tar", pairs(2))
    job = yaml_job.write(tmp_path / "job.yaml", tmp_path / "shards", Path("google/small"))
    job.write_text(job.read_text().replace("google/small,", "google/small, adapter: me/lora,"))
    cache = tmp_path / "cache"
    with serve(Hub({"google/small": served, "me/lora": lora})) as hub:
        both = [start(hub.url, cache, "fetch", job) for _ in range(2)]
        told = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert told[0] == told[1]
    lines = zip(told[0].splitlines(), ("google/small", "me/lora"), (served, lora), strict=True)
    for line, name, folder in lines:
        assert line.startswith(f"{name} is in ")
        (weights,) = folder.glob("*.safetensors")
        assert (Path(line.split()[-1]) / weights.name).read_bytes() == weights.read_bytes()
    ran = start("http://127.0.0.1:9", cache, "run", job, "--json")
    output, errors = ran.communicate()
    assert ran.returncode == 0, errors
    assert Summary.model_validate_json(output).counts_here.kept == 2
