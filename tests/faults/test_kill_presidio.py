"""A job with personal_data_presidio is killed and resumed: its output is that of a quiet run."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.gate import Gate
from support.sample_data import Member, jpeg, write_shard
from support.service_jobs import PRIVATE, filter_job, stored_rows
from support.shardmill_process import Command

pytestmark = pytest.mark.faults
SIZES = (4, 4, 30)  # samples of each shard
PERSON, NUMBER = "Ada Lovelace", "EMP123456"


def samples(shard: int) -> Iterator[Member]:
    for number in range(SIZES[shard]):
        private = f" of {PERSON}, {NUMBER}, mail {PRIVATE}" if number % 4 == 2 else ""
        yield f"{number:06}.jpg", jpeg(24, 24, number)
        yield f"{number:06}.txt", f"the dog {number} of series {shard}{private}".encode()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """A gate that is closed to the last shard."""
    return Gate(tmp_path / "gate")


@pytest.fixture
def folder(tmp_path: Path, gate: Gate) -> Path:
    """A folder with shards, a spaCy pipeline, a file of recognizers, and the job."""
    pytest.importorskip("presidio_analyzer", reason="needs pip install 'shardmill[presidio]'")
    spacy = pytest.importorskip("spacy")
    for shard in range(len(SIZES)):
        write_shard(tmp_path / f"shards/{shard:03}.tar", samples(shard))
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": PERSON}])
    nlp.to_disk(tmp_path / "people")
    pattern = {"name": "six digits", "regex": r"\bEMP\d{6}\b", "score": 0.6}
    own = {"name": "staff", "supported_entity": "STAFF_NUMBER", "patterns": [pattern]}
    (tmp_path / "own.yaml").write_text(json.dumps({"recognizers": [own]}))
    stage = {
        "kind": "personal_data_presidio",
        "recognizers": ["EmailRecognizer"],
        "recognizers_file": str(tmp_path / "own.yaml"),
        "spacy_models": {"en": str(tmp_path / "people")},
    }
    filters = (gate.filter(passed=len(SIZES) - 1), stage)
    (tmp_path / "job.yaml").write_text(json.dumps(filter_job(tmp_path, *filters)))
    return tmp_path


def start(folder: Path, output: str) -> Command:
    words = ["shardmill", "run", str(folder / "job.yaml"), "--output", str(folder / output)]
    return Command(words, folder, {}, both=True)


def parquet(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.parquet")}


def test_a_job_is_killed_and_resumed(folder: Path, gate: Gate) -> None:
    process = start(folder, "whole")
    printed = process.wait()
    assert process.returncode == 0, printed
    whole = parquet(folder / "whole")
    assert len(whole) == len(SIZES)

    gate.close()
    process = start(folder, "output")
    while process.returncode is None and len(parquet(folder / "output")) < len(SIZES) - 1:
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    committed = parquet(folder / "output")
    assert len(committed) == len(SIZES) - 1
    assert committed == {name: whole[name] for name in committed}

    gate.open()
    process = start(folder, "output")
    printed = process.wait()
    assert process.returncode == 0, printed
    assert parquet(folder / "output") == whole
    rows = stored_rows(folder)
    assert len(rows) == sum(SIZES)
    assert {row["status"] for row in rows} == {"kept"}
    for row in rows:
        redactions = {each["infotype"]: each["count"] for each in row["redactions"] or ()}
        found = ("PERSON_NAME", "STAFF_NUMBER", "EMAIL_ADDRESS") if row["index"] % 4 == 2 else ()
        assert redactions == dict.fromkeys(found, 1)
    record = json.loads((folder / "output/_shardmill/job.record").read_text())
    assert {"presidio-analyzer", "spacy"} <= record["resolved"]["packages"].keys()
    for text in (PERSON, NUMBER, PRIVATE):
        assert text not in printed
        for path in (folder / "output").rglob("*"):
            assert path.is_dir() or text.encode() not in path.read_bytes()
