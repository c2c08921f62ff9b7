"""Common Parquet readers read an output folder as it is, with its control files."""

from pathlib import Path

import datasets
import duckdb
import pandas
import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.operations.run import run


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
