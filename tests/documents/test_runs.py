"""Runs what README and docs show: shell commands, Python and SQL, on tiny data.

The job is README's own. Commands without shell syntax run in forked processes, which need not
import torch. `support/document_blocks.py` lists what stands for its shards and models,
and what is not run. `test_first_walk.py` runs the steps of docs/first-walk.md.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest
from support import document_blocks as documents
from support.document_blocks import ROOT, Block
from support.shardmill_process import Command

import shardmill
from demo.scenes import scenes

pytestmark = pytest.mark.faults
SHELL = re.compile(r"[|&;<>$`*?~(){}\[\]]")  # characters that may have a meaning to a shell


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after README's first job: shards, models, the job file, and its output."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "bin").mkdir()
    scenes.write_shards(folder / "data", shards=2, samples=8, seed=5)
    for number, name in enumerate(("a.jpg", "b.jpg")):
        (folder / name).write_bytes(scenes.draw_scene(5, number).image)
    (folder / "model").symlink_to(ROOT / "demo/checkpoint")
    (folder / "placards").symlink_to(ROOT / "demo/placard_classifier")
    for name, program in {"shardmill": "-m shardmill", "python": ""}.items():
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {program} "$@"\n')
        script.chmod(0o755)
    first, *_ = (block for block in documents.blocks("yaml") if block.document == "README.md")
    (folder / "job.yaml").write_text(documents.substituted(first.text))
    run("shardmill run job.yaml", folder)
    return folder


@pytest.fixture
def folder(home: Path, tmp_path: Path) -> Path:
    """A copy of that folder, which a block may change."""
    return Path(shutil.copytree(home, tmp_path / "here", symlinks=True))


def environment(folder: Path) -> Mapping[str, str]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(folder)}


def run(command: str, folder: Path) -> None:
    words = shlex.split(command)
    if words[0] in ("shardmill", "python") and not SHELL.search(command):
        forked = Command(words, folder, environment(folder), both=True)
        printed = forked.wait()
        assert forked.returncode == 0, f"$ {command}\n{printed}[{forked.returncode}]"
        return
    process = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert process.returncode == 0, f"$ {command}\n{process.stdout}[{process.returncode}]"


def blocks(language: str) -> list[Block]:
    """The blocks that each run in a folder after README's first job."""
    return [block for block in documents.blocks(language) if block.document != documents.FIRST_WALK]


def to_run(block: Block) -> list[str]:
    """The commands of a block that run here."""
    return [
        command
        for command in documents.commands(block)
        if documents.reason_not_to_run(command) is None
    ]


@pytest.mark.parametrize("block", filter(to_run, blocks("sh")), ids=str)
def test_the_commands_work_in_their_order(block: Block, folder: Path) -> None:
    commands = to_run(block)
    job = (folder / "job.yaml").read_text()
    if any(command.startswith("shardmill init") for command in commands):
        (folder / "job.yaml").unlink()
        shutil.rmtree(folder / "annotated")
    for command in commands:
        if " -- --" in command:  # options of Beam, for a job that Beam runs
            command = command.replace(" -- ", " --output beam --set runner.kind=beam -- ")
        if command.startswith("shardmill bench"):  # a user has a GPU
            command += " --images 4"
        if command.startswith("shardmill hashes"):  # a user has pdqhash
            command += " --algorithm sha256"
        run(documents.substituted(command), folder)
        if command.startswith("shardmill init"):  # here a reader edits the job file
            (folder / "job.yaml").write_text(job)


@pytest.mark.parametrize("block", blocks("sql"), ids=str)
def test_the_queries_work(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for query in duckdb.extract_statements(documents.substituted(block.text)):
        found = duckdb.execute(query.query).fetchall()
        assert found, query.query


READERS = ("datasets", "duckdb", "pandas", "polars")


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_the_programs_work(block: Block, folder: Path) -> None:
    if any(text in block.text for text in documents.NOT_PROGRAMS):
        return
    statements = [each for each in documents.statements(block) if _has_landed(each)]
    imports = [f"import {name}" for name in READERS if f"{name}." in "".join(statements)]
    program = documents.substituted("\n".join([*imports, *statements]))
    (folder / "program.py").write_text(program)
    run("python program.py", folder)


def _has_landed(statement: str) -> bool:
    """Whether the names that a statement uses exist: README is ahead of some."""
    used = re.findall(r"\bshardmill\.(\w+)", statement)
    readers = [name for name in READERS if f"{name}." in statement]
    return set(used) <= set(shardmill.__all__) and all(map(find_spec, readers))


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_the_jobs_run(block: Block, folder: Path) -> None:
    """Whole jobs only; two beside each other run in their order."""
    shutil.rmtree(folder / "annotated")
    for number, job in enumerate(documents.jobs(block)):
        if "\noutput: " not in job or any(text in job for text in documents.NOT_JOBS):
            continue
        (folder / f"{number}.yaml").write_text(documents.substituted(job))
        run(f"shardmill plan {number}.yaml", folder)
        run(f"shardmill run {number}.yaml", folder)
