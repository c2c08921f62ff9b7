"""`whence` tells how rows of outputs and of copies came about, and nothing of dropped samples."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command_line import CommandLine
from support.sample_data import job, jpeg, write_shard

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.operations.whence import Whence, whence
from pipelines.output.output import open_output
from pipelines.planning.provenance import provenance_of
from schemas.errors import JobError
from schemas.tables import FOOTER_PROVENANCE

FILTERS = [
    {"kind": "image_size", "min_side": 20},
    {"kind": "text_quality", "min_words": 2},
    {"kind": "personal_data"},
    {"kind": "toxicity_rules", "applies_to": "generated"},
]
SECRET = "write to quentin.vasseur@posteo.example today"


def job_with(folder: Path, checkpoint: Path, **keys: Any) -> Job:
    given = {"shards": f"{folder}/shards/*.tar", "text": "txt", "carry": ["json:question"]}
    tasks = {
        "caption": {"kind": "caption", "language": "de", "max_new_tokens": 2},
        "answer": {"kind": "vqa", "question_field": "question", "max_new_tokens": 2},
    }
    return job(folder, checkpoint, input=given, filters=FILTERS, tasks=tasks, **keys)


def write_samples(folder: Path) -> None:
    sizes = {"a": (48, "a red star"), "b": (8, SECRET), "c": (48, "short"), "d": (48, SECRET)}
    members = []
    for key, (side, text) in sizes.items():
        fields = json.dumps({"question": "What color?"}).encode()
        members += [(f"{key}.jpg", jpeg(side, side)), (f"{key}.json", fields)]
        members.append((f"{key}.txt", text.encode()))
    members += [("e.jpg", b"no image"), ("e.txt", b"two words"), ("e.json", b"{}")]
    write_shard(folder / "shards/0.tar", members)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    folder = tmp_path_factory.mktemp("whence")
    write_samples(folder)
    run(job_with(folder, checkpoint, provenance=True))
    return folder / "output/0.parquet"


def verdicts(told: Whence) -> Mapping[str, str]:
    return {each.name: each.verdict for each in told.filters}


def test_a_kept_row_of_an_output(made: Path, checkpoint: Path) -> None:
    told = whence(str(made), 0)
    assert (told.output, told.job, told.unit) == (str(made.parent), "test", "0")
    assert (told.shard, told.index, told.member, told.status) == ("0.tar", 0, "a", "kept")
    origin = told.provenance
    record = json.loads((made.parent / "_shardmill/job.record").read_text())
    assert origin.model == f"a folder@{record['resolved']['checkpoint']['version']}"
    assert origin.prompts == {"caption": "caption de", "answer": "answer en {question}"}
    assert verdicts(told) == {
        "text_quality": "passed",
        "personal_data": "passed",
        "image_size": "passed",
        "toxicity_rules": "answers",
    }
    (size,) = (each for each in told.filters if each.name == "image_size")
    assert size.version.rules == record["resolved"]["rules"]["image_size"]
    assert size.scores["short_side"] == 48
    assert told.answers.keys() == {"caption", "answer"}


def test_rows_that_were_not_kept(made: Path) -> None:
    dropped = whence(str(made), 1)
    assert (dropped.status, dropped.filter, dropped.reason) == (
        "dropped",
        "image_size",
        "image_too_small",
    )
    assert dropped.member is None
    assert verdicts(dropped)["personal_data"] == "passed"
    assert dropped.redactions == {"EMAIL_ADDRESS": 1}
    early = verdicts(whence(str(made), 2))
    assert (early["text_quality"], early["image_size"]) == ("dropped", "skipped")
    invalid = whence(str(made), 4)
    assert (invalid.status, invalid.filter) == ("invalid", None)
    assert verdicts(invalid) == {
        "text_quality": "passed",  # it stored a score
        "personal_data": "unknown",
        "image_size": "unknown",
        "toxicity_rules": "answers",
    }
    told = [whence(str(made), row).model_dump_json() for row in range(5)]
    assert "quentin" not in "".join(told)


def test_the_column_stays_with_copied_rows(made: Path, tmp_path: Path) -> None:
    assert verify(str(made.parent)).problems == ()
    copies = {
        "duckdb": f"COPY (FROM '{made}' WHERE status = 'kept') TO '{tmp_path}/duckdb.parquet'",
        "few": f"COPY (SELECT caption, provenance FROM '{made}') TO '{tmp_path}/few.parquet'",
    }
    for query in copies.values():
        duckdb.sql(query)
    original = whence(str(made), 3)
    copy = whence(f"{tmp_path}/duckdb.parquet", 1)
    assert (copy.output, copy.job, copy.unit) == (None, None, None)
    assert copy.provenance == original.provenance
    assert (copy.shard, copy.index, copy.member) == ("0.tar", 3, "d")
    assert copy.redactions == original.redactions == {"EMAIL_ADDRESS": 1}
    assert set(verdicts(copy).values()) == {"passed"}
    few = whence(f"{tmp_path}/few.parquet", 1)
    assert (few.shard, few.status) == (None, None)
    assert few.provenance == original.provenance
    assert set(verdicts(few).values()) == {"unknown"}


def test_a_file_without_the_column(made: Path, tmp_path: Path, checkpoint: Path) -> None:
    write_samples(tmp_path)
    run(job_with(tmp_path, checkpoint))
    file = tmp_path / "output/0.parquet"
    table = pq.read_table(file)
    assert "provenance" not in table.column_names
    told = whence(str(file), 0)
    assert told.provenance.prompts["caption"] == "caption de"
    moved = tmp_path / "moved.parquet"
    moved.write_bytes(file.read_bytes())
    bare = whence(str(moved), 0)
    assert bare.provenance.fingerprint == told.provenance.fingerprint
    assert (bare.output, bare.unit, bare.provenance.model) == (None, "0", "")
    exported = tmp_path / "exported.parquet"
    footer = provenance_of(open_output(str(file.parent)).record).model_dump_json()
    pq.write_table(table.replace_schema_metadata({FOOTER_PROVENANCE: footer}), exported)
    assert whence(str(exported), 0).provenance == told.provenance
    unknown = tmp_path / "unknown.parquet"
    pq.write_table(pa.table({"a": [1]}), unknown)
    with pytest.raises(JobError, match="says nothing of its origin"):
        whence(str(unknown), 0)


def test_rows_of_filters_from(made: Path, tmp_path: Path, checkpoint: Path) -> None:
    earlier = str(made.parent)
    given = {"shards": f"{made.parents[1]}/shards/*.tar", "text": "txt"}
    added = [{"kind": "image_quality"}]
    run(job(tmp_path, checkpoint, input=given, filters=added, filters_from=earlier))
    told = whence(f"{tmp_path}/output/0.parquet", 0)
    rules = {each.name: each.version.rules for each in told.filters}
    assert rules.keys() == {
        "image_size",
        "text_quality",
        "personal_data",
        "toxicity_rules",
        "image_quality",
    }
    assert all(rules.values())
    dropped = verdicts(whence(f"{tmp_path}/output/0.parquet", 1))
    assert dropped["image_size"] == "dropped"
    assert dropped["image_quality"] == "skipped"


def test_exports_keep_the_provenance(made: Path, tmp_path: Path, command_line: CommandLine) -> None:
    original = whence(str(made), 0).provenance
    for columns in (("caption", "provenance"), ("caption",)):
        folder = tmp_path / "-".join(columns)
        names = ",".join(columns)
        command_line.done("export", made.parent, "--to", "huggingface", folder, "--columns", names)
        (file,) = folder.rglob("*.parquet")
        told = whence(str(file), 0)
        assert told.provenance == original
        assert told.output is None


HOSTILE: Mapping[str, Sequence[Any]] = {
    "provenance": ["text", {"fingerprint": "f" * 64}],
    "scores": [1, "text", [{"name": "a"}]],
    "redactions": [True],
    "status": ["stolen", 7],
}


@pytest.mark.parametrize("column", HOSTILE)
def test_hostile_columns_are_refused(column: str, made: Path, tmp_path: Path) -> None:
    table = pq.read_table(made)
    for number, value in enumerate(HOSTILE[column]):
        file = tmp_path / f"{number}.parquet"
        position = table.column_names.index(column)
        values = pa.array([value] * len(table))
        pq.write_table(table.set_column(position, column, values), file)
        with pytest.raises(JobError) as refusal:
            whence(str(file), 0)
        assert str(file) in str(refusal.value)


def test_deep_json_is_refused(made: Path, tmp_path: Path) -> None:
    table = pq.read_table(made)
    rows = table.to_pylist()
    for text in ("[" * 100_000, '{"a":' * 200 + "1" + "}" * 200, "x" * (1 << 21), "[1]"):
        for row in rows:
            row["provenance"]["prompts"] = text
        file = tmp_path / "deep.parquet"
        pq.write_table(pa.Table.from_pylist(rows, table.schema), file)
        with pytest.raises(JobError, match="damaged"):
            whence(str(file), 0)


def test_mistakes_of_the_user(made: Path, tmp_path: Path, command_line: CommandLine) -> None:
    (tmp_path / "text.parquet").write_text("no Parquet")
    mistakes = {
        (str(made), "5"): "has no row 5: it has 5 rows",
        (f"{made}x", "0"): "no such file",
        (str(made.parent), "0"): "is a folder",
        (f"{tmp_path}/text.parquet", "0"): "is no Parquet file",
    }
    for (file, row), message in mistakes.items():
        result = command_line("whence", file, row)
        assert (result.code, result.err.count("\n")) == (2, 1), result
        assert message in result.err


def test_the_command_prints_the_origin(made: Path, command_line: CommandLine) -> None:
    printed = command_line.done("whence", str(made), "3")
    for word in ("'answer en {question}'", "image_size", "EMAIL_ADDRESS 1", "0.tar", "passed"):
        assert word in printed
    told = json.loads(command_line.done("whence", str(made), "3", "--json"))
    assert told["provenance"]["filters"]["personal_data"]["rules"]


def test_the_name_of_the_column_is_free_without_the_setting(tmp_path: Path) -> None:
    given = {"shards": f"{tmp_path}/shards/*.tar", "carry": {"provenance": "json:origin"}}
    assert job(tmp_path, input=given).output_schema().field("provenance").type == pa.string()
    with pytest.raises(ValueError, match="'provenance' is taken"):
        job(tmp_path, input=given, provenance=True)
