"""An output in a bucket is calibrated and reviewed; a next job reads decisions in a bucket."""

import csv
import io
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
from support.bucket_jobs import STORAGE, rows_written
from support.command_line import CommandLine
from support.sample_data import job, jpeg, tar_bytes

from pipelines.planning.decisions import CSV_COLUMNS
from pipelines.review.sample import COLUMNS

TEXTS = ("a calm sea", "a damn good picture", "an idiot on a bicycle")
SAMPLES = 30
ASKED = ("--filter", "toxicity_rules", "--score", "insult")


def write_job(bucket: str, name: str, **keys: str) -> str:
    """Write a job that only filters; return the URL of its file."""
    stage = {"kind": "toxicity_rules", "quarantine_at": 0.3, "on_indeterminate": "keep"}
    given = {"shards": f"{bucket}/shards/*.tar", "text": "txt"}
    filtering = {"filters": [stage], "input": given, "output": f"{bucket}/{name}", **keys}
    written = job(Path("/nowhere"), model=None, tasks={}, **filtering)
    STORAGE.write_bytes(
        f"{bucket}/{name}.json", written.model_dump_json(exclude_none=True).encode()
    )
    return f"{bucket}/{name}.json"


def decided(page: str) -> tuple[bytes, dict[int, bool]]:
    """Return the CSV of a person who rejects idiots, and by index what was accepted."""
    content = Path(page).read_text(encoding="utf-8")
    samples = re.findall(r'<script type="application/json" class="sample">(.*?)</script>', content)
    file, accepted = io.StringIO(newline=""), {}
    writer = csv.DictWriter(file, CSV_COLUMNS)
    writer.writeheader()
    for sample in map(json.loads, samples):
        row = dict(zip(COLUMNS, sample["cells"], strict=True))
        accepts = not any("idiot" in text for _, text in sample["texts"])
        accepted[int(row["index"])] = accepts
        writer.writerow({**row, "decision": "accept" if accepts else "reject"})
    return file.getvalue().encode(), accepted


def test_samples_are_decided_and_decisions_honoured_on_buckets(
    bucket: str, command_line: CommandLine, tmp_path: Path
) -> None:
    members = []
    for index in range(SAMPLES):
        members += [(f"{index:03}.jpg", jpeg(24, 24, index % 7))]
        members += [(f"{index:03}.txt", f"{TEXTS[index % len(TEXTS)]}, {index}".encode())]
    STORAGE.write_bytes(f"{bucket}/shards/a.tar", tar_bytes(members))
    command_line.done("run", write_job(bucket, "first"))
    first = f"{bucket}/first"

    command_line.done("calibrate", first, *ASKED, "--to", "page.html")
    decisions, accepted = decided("page.html")
    assert len(accepted) == SAMPLES
    STORAGE.write_bytes(f"{bucket}/drawn.csv", decisions)
    command = ("calibrate", first, *ASKED, "--decisions", f"{bucket}/drawn.csv", "--json")
    found = json.loads(command_line.done(*command))
    assert (found["accepted"], found["rejected"]) == (2 * SAMPLES // 3, SAMPLES // 3)

    command_line.done("review", first, "--to", "review.html")
    decisions, accepted = decided("review.html")
    assert 0 < len(accepted) < SAMPLES
    STORAGE.write_bytes(f"{bucket}/decisions.csv", decisions)
    keys = {"filters_from": first, "decisions": f"{bucket}/decisions.csv"}
    command_line.done("run", write_job(bucket, "next", **keys))
    command_line.done("run", write_job(bucket, "again", **keys))
    (rows,) = rows_written(f"{bucket}/next").values()
    assert rows_written(f"{bucket}/again") == rows_written(f"{bucket}/next")
    statuses = {row["index"]: row["status"] for row in pq.read_table(io.BytesIO(rows)).to_pylist()}
    assert len(statuses) == SAMPLES
    for index, status in statuses.items():
        assert status == ("kept" if accepted.get(index, True) else "dropped")
