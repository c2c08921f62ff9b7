"""The column of provenance is dictionary-encoded, and takes less than a hundredth of a file."""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.output.parquet_writer import PartWriter
from pipelines.rows.row import Answer, Row
from pipelines.storage.local import LocalStorage
from schemas.sample import Text
from schemas.tables import output_schema

FILTERS = ("image_size", "text_quality", "text_safety_rules", "toxicity_rules", "personal_data")
PROVENANCE = {
    "fingerprint": hashlib.sha256(b"job").hexdigest(),
    "shardmill": "0.1.0",
    "model": f"google/paligemma2-3b-mix-448@{hashlib.sha1(b'commit').hexdigest()}",
    "prompts": json.dumps({"caption": "caption en", "answer": "answer en {question}"}),
    "filters": json.dumps({name: {"rules": "3"} for name in FILTERS}),
}
NUMBER = 5000  # rows: three row groups


def rows() -> Iterator[Row]:
    """Yield rows as wide as those of web data: a text, a URL, scores and a caption."""
    draw = random.Random(0)
    words = ["".join(draw.choices("aeilnorst", k=draw.randint(2, 9))) for _ in range(3000)]

    def text(number: int) -> str:
        return " ".join(words[int(3000 * draw.random() ** 3)] for _ in range(number))

    for index in range(NUMBER):
        digest = hashlib.sha256(str(index).encode()).hexdigest()
        row = Row("a.tar", index, width=draw.randint(200, 2000), height=draw.randint(200, 2000))
        row.sha256 = digest
        row.texts = {
            "key": Text(f"{index:09}"),
            "source_text": Text(text(10)),
            "url": Text(f"https://{text(1)}.example/{digest[:12]}.jpg"),
        }
        row.scores = {"image_size.aspect": draw.random(), "language.en": draw.random()}
        row.answers["caption"] = Answer("ok", text(9), None, "stop", 9, -draw.random())
        yield row


def written(path: Path, provenance: Mapping[str, str] | None) -> pq.FileMetaData:
    types, tasks = {"url": pa.string()}, {"caption": pa.string()}
    schema = output_schema(types, tasks, provenance=provenance is not None)
    with PartWriter(schema, "a", "f" * 64, 0, provenance=provenance) as writer:
        writer.write(list(rows()))
        writer.commit(LocalStorage(), str(path))
    return pq.read_metadata(path)


def test_the_column_takes_less_than_one_percent(tmp_path: Path) -> None:
    without, having = tmp_path / "without.parquet", tmp_path / "with.parquet"
    written(without, None)
    metadata = written(having, PROVENANCE)
    chunks = [
        metadata.row_group(group).column(number)
        for group in range(metadata.num_row_groups)
        for number in range(metadata.num_columns)
    ]
    own = [each for each in chunks if each.path_in_schema.startswith("provenance.")]
    assert len(own) == 3 * len(PROVENANCE)
    assert all("RLE_DICTIONARY" in each.encodings for each in own)
    assert {each.path_in_schema for each in chunks if not each.is_stats_set} == {
        each.path_in_schema for each in own
    }
    size = without.stat().st_size
    assert 0 < having.stat().st_size - size < size / 100
    table = pq.read_table(having)
    assert set(map(json.dumps, table["provenance"].to_pylist())) == {json.dumps(PROVENANCE)}
    assert table.drop_columns("provenance").equals(pq.read_table(without))
