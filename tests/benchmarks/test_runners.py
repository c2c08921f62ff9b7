"""Tests that the chains do the same work as the runners, and that losses by a kill are counted."""

import sys
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from benchmarks.pipeline.pass_over_shards import beam_chain, loop, shardmill_job
from benchmarks.pipeline.pass_over_shards.cost import measure
from benchmarks.pipeline.pass_over_shards.interruption import stored
from benchmarks.pipeline.pass_over_shards.photographs import photographs, write_shard
from benchmarks.pipeline.pass_over_shards.work import ANSWERED

SAMPLES = 5
# The child reports its start, and the parent the child's process id; then both wait.
CHILD = "import signal, sys; print('begun', file=open(sys.argv[1], 'a')); signal.pause()"
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', {CHILD!r}, sys.argv[1]], start_new_session=True)
print(child.pid, file=open(sys.argv[1], 'a'))
child.wait()
"""


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    for shard in range(2):
        write_shard(folder / f"{shard}.tar", photographs(2), SAMPLES, first=SAMPLES * shard)
    return folder


@pytest.mark.parametrize("contender", ["job", "beam"])
def test_every_contender_does_the_work(
    contender: str, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ANSWERED, str(tmp_path / "answered"))
    monkeypatch.setenv("PYTHONPATH", "")  # the job prepends its own paths
    expected = []
    for shard in sorted(shards.iterdir()):
        loop.run(str(shard), str(tmp_path), "exact")
        expected += pq.read_table(tmp_path / "0.parquet").to_pylist()
    assert (tmp_path / "answered").stat().st_size == 2 * SAMPLES
    if contender == "job":
        shardmill_job.run(str(shards), str(tmp_path / "output"), {"kind": "local"})
    else:
        beam_chain.run(str(shards), str(tmp_path / "output"))
    files = sorted((tmp_path / "output").glob("*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    named = [{"text": row.get("source_text"), **row} for row in rows]
    selected = [{name: row[name] for name in expected[0]} for row in named]
    assert sorted(selected, key=lambda row: row["key"]) == expected
    assert (tmp_path / "answered").stat().st_size == 4 * SAMPLES


def test_a_kill_ends_every_process(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.touch()
    command = [sys.executable, "-c", PARENT, str(reports)]
    cost = measure(command, kill_when=lambda: len(reports.read_text().split()) == 2)
    assert cost.killed
    (child,) = (int(word) for word in reports.read_text().split() if word.isdigit())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"


def test_doubled_rows_and_cut_files_are_counted(shards: Path, tmp_path: Path) -> None:
    loop.run(str(shards / "0.tar"), str(tmp_path), "exact")
    whole = (tmp_path / "0.parquet").read_bytes()
    (tmp_path / "1.parquet").write_bytes(whole)
    (tmp_path / "2.parquet").write_bytes(whole[:-9])
    rows, cut = stored(tmp_path)
    assert set(rows.values()) == {2}
    assert len(rows) == SAMPLES
    assert cut == 1
