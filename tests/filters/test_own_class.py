"""A filter class of the user's own, named in the job file as `module:Class`."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.sample_data import pairs, write_shard
from support.shardmill_process import ROOT

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.stored_samples.recorded_job import recorded_job
from pipelines.output.output import open_output
from pipelines.planning.plan import plan
from schemas.errors import JobError

SOURCE = '''
from filters import TextFilter
from schemas.verdict import drop, keep


class BlockList(TextFilter):
    """Drops texts with a word."""

    kind: str = "block_list"
    word: str
    limits: tuple[int, ...] = (1,)

    def load(self, resources):
        return self

    def judge(self, items):
        return [drop("word_blocked") if self.word in item.value else keep() for item in items]


class Unfinished(TextFilter):
    kind: str = "unfinished"


number = 1
'''
_numbers = itertools.count()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module in the current folder, which no other test has imported."""
    name = f"own_module_{next(_numbers)}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    write_shard(tmp_path / "shards/a.tar", pairs(3))
    return name


def job_text(kind: str, settings: str = "word: picture 1") -> str:
    return (
        f"name: own\ninput: {{shards: shards/a.tar}}\noutput: output\nfilters:\n"
        f"  - {{kind: image_size, min_side: 1}}\n  - {{kind: '{kind}', {settings}}}\n"
    )


def statuses() -> list[tuple[str, str | None, str | None]]:
    rows = pq.read_table("output/a.parquet").to_pylist()
    return [(row["status"], row["filter"], row["reason"]) for row in rows]


DROPPED = ("dropped", "BlockList", "word_blocked")
KEPT = ("kept", None, None)


def test_a_job_with_an_own_class_runs_and_is_read_back_from_its_record(module: str) -> None:
    kind = f"{module}:BlockList"
    own = Job.parse(job_text(kind, "word: picture 1, limits: [1, 2]"))
    summary = run(own)
    assert (summary.outcome, statuses()) == ("complete", [KEPT, DROPPED, KEPT])
    output = open_output(own.output)
    assert output.record["filters"][1] == {
        "kind": kind,
        "on_indeterminate": "quarantine",
        "applies_to": "both",
        "word": "picture 1",
        "limits": [1, 2],
    }
    assert recorded_job(output).filters == own.filters
    assert run(recorded_job(output)).units_here == 0
    changed = Job.parse(job_text(kind), settings=["filters.1.word=picture 2"])
    with pytest.raises(JobError, match=r"begun with filters\.1"):
        plan(changed)


def test_a_changed_source_is_another_job(module: str) -> None:
    own = Job.parse(job_text(f"{module}:BlockList"))
    run(own)
    Path(f"{module}.py").write_text(SOURCE + "# changed\n")
    with pytest.raises(JobError, match=r"resolved\.rules\.BlockList = 1, sha256 of its"):
        plan(own)


def test_a_record_whose_class_is_gone_says_so(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Job.parse(job_text(f"{module}:BlockList"))
    run(own)
    del sys.modules[module]
    Path(f"{module}.py").unlink()
    with pytest.raises(JobError, match=f"the job that began the output: .* no module '{module}'"):
        recorded_job(open_output("output"))


def test_verdicts_of_an_own_class_are_reused(module: str) -> None:
    kind = f"{module}:BlockList"
    run(Job.parse(job_text(kind)))
    second = Job.parse(
        job_text(kind) + f"  - {{kind: '{kind}', word: picture 2}}\nfilters_from: output\n",
        output="second",
    )
    summary = run(second)
    assert summary.counts is not None
    assert summary.counts.reasons == {
        "BlockList/word_blocked": 1,
        "BlockList_2/word_blocked": 1,
    }


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("nowhere:X", "", "there is no module 'nowhere': put it into the current folder, or name"),
        ("nowhere.deep:X", "", "there is no module 'nowhere': put it into the current folder"),
        ("{}:Nothing", "", "module '{}' has no class 'Nothing': mend its name"),
        ("{}:number", "", "{}:number is no filter: derive the class from TextFilter or"),
        ("{}:Unfinished", "", "{}:Unfinished does not define load: define it"),
        ("{}:BlockList", "", "word: is missing"),
        ("{}:BlockList", "word: 3", "word: must be a valid string"),
        ("{}:BlockList", "word: x, wrod: y", "wrod: unknown key: remove it"),
        ("{}.py:BlockList:x", "", "names no class: write module:Class"),
        ("broken:X", "", "importing 'broken' failed (ValueError: oops): mend the module"),
        ("needs:X", "", "importing 'needs' failed (ModuleNotFoundError: No module named 'absent'"),
    ],
)
def test_errors_name_the_place_and_the_way_out(
    module: str, kind: str, settings: str, message: str
) -> None:
    Path("broken.py").write_text("raise ValueError('oops\\nmore')\n")
    Path("needs.py").write_text("import absent\n")
    with pytest.raises(JobError) as refused:
        Job.parse(job_text(kind.format(module), settings))
    assert str(refused.value).startswith("job: filters[1]")
    assert message.format(module) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.faults
def test_local_worker_processes_import_the_class(module: str) -> None:
    Path("job.yaml").write_text(job_text(f"{module}:BlockList") + "runner: {workers: 2}\n")
    write_shard(Path("shards/b.tar"), pairs(2))
    command = [sys.executable, "-P", "-m", "shardmill", "run", "job.yaml"]
    subprocess.run(
        [*command, "--set", "input.shards=shards/*.tar"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert statuses() == [KEPT, DROPPED, KEPT]
