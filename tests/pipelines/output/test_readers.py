"""Common Parquet readers read an output folder as it is, with its control files."""

from pathlib import Path

import datasets
import duckdb
import pandas
import polars
import pytest
from datasets.packaged_modules import _EXTENSION_TO_MODULE
from support.sample_data import job, pairs, write_shard

from pipelines.operations.run import run
from pipelines.operations.verify import verify


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    """An output of three units: one in a folder, one in two parts; boxes, texts, dropped rows."""
    folder = tmp_path_factory.mktemp("readers")
    for seed, (name, samples) in enumerate({"a": 3, "b": 5, "deep/c": 2}.items()):
        write_shard(folder / f"shards/{name}.tar", pairs(samples, seed))
    summary = run(
        job(
            folder,
            checkpoint,
            input={"shards": f"{folder}/shards/**/*.tar", "max_samples_per_file": 3},
            filters=[{"kind": "text_quality", "min_words": 2}],
            tasks={
                "caption": {"kind": "caption", "max_new_tokens": 4},
                "objects": {"kind": "detect", "labels": ["circle"], "max_new_tokens": 4},
            },
        )
    )
    assert summary.counts is not None
    assert summary.counts.read == 10
    return folder / "output"


def test_pandas(output: Path) -> None:
    table = pandas.read_parquet(output)
    assert len(table) == 10
    assert set(table["status"]) == {"kept"}


def test_duckdb(output: Path) -> None:
    found = duckdb.sql(
        "SELECT count(*), count(caption), max(map_from_entries(scores)['text_quality.words']) "
        f"FROM '{output}/**/*.parquet'"
    ).fetchall()
    assert found == [(10, 10, 5.0)]


def test_polars(output: Path) -> None:
    assert polars.read_parquet(f"{output}/**/*.parquet").height == 10
    assert polars.read_parquet(str(output), use_pyarrow=True).height == 10


@pytest.mark.parametrize("by", ["folder", "files"])
def test_hugging_face_datasets(output: Path, by: str, tmp_path: Path) -> None:
    if by == "folder":
        found = datasets.load_dataset(str(output), cache_dir=str(tmp_path))
    else:
        files = f"{output}/**/*.parquet"
        found = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path))
    rows = found["train"]
    assert rows.num_rows == 10
    assert {"name", "value"} == set(rows[0]["scores"][0])


def test_an_output_loads_after_many_runs_and_failures(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(2, 0))
    (tmp_path / "shards/b.tar").write_bytes(b"no tar")
    given = job(tmp_path, model=None, tasks={}, filters=[{"kind": "image_size", "min_side": 1}])
    for _ in range(4):
        assert run(given).outcome == "failed"
    output = tmp_path / "output"
    assert len(list(output.glob("_shardmill/runs/*"))) == 4
    assert list(output.glob("_shardmill/failed/b.*"))
    _check_loads(output, 2, tmp_path / "first")
    (output / "README.md").write_text("# Notes of the user")
    found = datasets.load_dataset(str(output), cache_dir=str(tmp_path / "second"))
    assert found["train"].num_rows == 2


def test_an_output_of_one_shard_loads_without_its_configuration(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(2, 0))
    run(job(tmp_path, model=None, tasks={}, filters=[{"kind": "image_size", "min_side": 1}]))
    (tmp_path / "output/.huggingface.yaml").unlink()  # as a copy of `*` leaves it behind
    _check_loads(tmp_path / "output", 2, tmp_path / "cache")


def test_the_users_own_configuration_stays(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/a.tar", pairs(2, 0))
    own = tmp_path / "output/.huggingface.yaml"
    own.parent.mkdir()
    own.write_text("configs: []")
    run(job(tmp_path, model=None, tasks={}, filters=[{"kind": "image_size", "min_side": 1}]))
    assert own.read_text() == "configs: []"
    assert not verify(str(tmp_path / "output")).problems


def test_no_ending_of_a_control_file_is_that_of_a_data_file(output: Path) -> None:
    endings = {path.suffix for path in (output / "_shardmill").rglob("*") if path.is_file()}
    assert endings - {""} == {".record", ".shards"}
    assert not endings & set(_EXTENSION_TO_MODULE)


def _check_loads(output: Path, rows: int, cache: Path) -> None:
    assert datasets.load_dataset(str(output), cache_dir=str(cache))["train"].num_rows == rows
    assert len(pandas.read_parquet(output)) == rows
