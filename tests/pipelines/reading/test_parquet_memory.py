"""Tests the peak memory of a process that reads hostile and large Parquet files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.handmade_parquet import (
    Page,
    footer,
    i64,
    parquet_file,
    plain,
    schema_element,
    struct,
    structs,
    with_footer,
)
from support.sample_data import images_column, parquet_bytes

pytestmark = pytest.mark.faults  # processes that unpack gigabytes on faulty code
ZSTD = 6
MB = 1 << 20
PEAK = 600 * MB  # of the process; the interpreter with pyarrow takes about 100 MB
SCRIPT = """
import json, os, sys
from inference.benchmarking.peak_memory import peak_memory
from pipelines.config.input import Input
from pipelines.reading.formats import open_unit
from pipelines.reading.parquet import split_parquet
from pipelines.storage.local import LocalStorage
from schemas.errors import ShardFault
from schemas.sample import Unit

seen = {}
for path in sys.argv[1:]:
    reading = Input(shards=path, text="txt")
    shard = Unit("a", path, "a.parquet", os.path.getsize(path), "")
    try:
        (unit,) = split_parquet(shard, LocalStorage(), reading)
        with open_unit(unit, LocalStorage(), reading) as samples:
            seen[path] = [[len(sample.image), sample.fault] for sample in samples]
    except ShardFault as fault:
        seen[path] = fault.reason
print(json.dumps([seen, peak_memory()]))
"""


def read_all(folder: Path, files: dict[str, bytes]) -> tuple[dict[str, Any], int]:
    """Read the files in one process; return what each gave, and the peak of its memory."""
    paths = []
    for name, content in files.items():
        paths.append(folder / f"{name}.parquet")
        paths[-1].write_bytes(content)
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, paths)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    seen, peak = json.loads(result.stdout)
    print(f"peak {peak // MB} MB")
    return {Path(path).stem: value for path, value in seen.items()}, peak


def zstd(*contents: bytes) -> bytes:
    """Compress each content to a frame of its own, which makes a whole together."""
    return b"".join(pa.compress(content, codec="zstd", asbytes=True) for content in contents)


def long_value(size: int, **more: Any) -> Page:
    """A page with one value of this size, made without unpacking it."""
    frames = zstd(size.to_bytes(4, "little")) + zstd(bytes(MB)) * (size // MB)
    return Page(frames, unpacked=size + 4, **more)


def packed(*values: bytes) -> Page:
    return Page(zstd(plain(*values)), len(values), unpacked=len(plain(*values)))


def indices(values: int) -> Page:
    """A page of so many values, all of them the first of the dictionary."""
    content = b"\1" + bytes([values * 2]) + b"\0"
    return Page(zstd(content), values, unpacked=len(content), encoding=8)


def hostile() -> dict[str, tuple[bytes, Any]]:
    """Case -> a file, and what reading it gives."""
    image, text = packed(b"x"), packed(b"a")
    columns = structs([struct({2: i64(0)})] * 1_000_000)
    group = struct({1: columns, 2: i64(0), 3: i64(0)})
    schema = [schema_element("schema", 1), schema_element("jpg")]
    chunks = footer(schema, structs([group] * 3))
    dictionary = long_value(300 * MB, is_dictionary=True)
    large, rows = "columns_too_large", [[1, ""]]
    return {
        "a page": (parquet_file({"jpg": [long_value(1 << 30)], "txt": [text]}, 1, ZSTD), large),
        "a text": (parquet_file({"jpg": [image], "txt": [long_value(1 << 30)]}, 1, ZSTD), large),
        "a dictionary": (
            parquet_file({"jpg": [packed(*[b"x"] * 9)], "txt": [dictionary, indices(9)]}, 9, ZSTD),
            large,
        ),
        "another column": (
            parquet_file({"jpg": [image], "txt": [text], "a": [long_value(1 << 30)]}, 1, ZSTD),
            rows,
        ),
        "row groups": (
            parquet_file({"jpg": [image], "txt": [text]}, 1, ZSTD, row_groups=100_000),
            "footer_too_large",
        ),
        "columns": (with_footer(chunks), "footer_too_large"),
        "announced columns": (
            with_footer(footer(schema, structs([struct({1: structs([], 900_000)})]))),
            "shard_unreadable",
        ),
    }


def test_hostile_files_are_faults_within_the_bound(tmp_path: Path) -> None:
    cases = hostile()
    seen, peak = read_all(tmp_path, {name: content for name, (content, _) in cases.items()})
    assert seen == {name: expected for name, (_, expected) in cases.items()}
    assert peak < PEAK


def test_row_groups_are_read_where_their_footer_fits(tmp_path: Path) -> None:
    columns = {"jpg": [Page(plain(b"x"))], "txt": [Page(plain(b"a"))]}
    content = parquet_file(columns, row_groups=300)
    seen, _ = read_all(tmp_path, {"a": content})
    assert seen == {"a": [[1, ""]] * 300}


@pytest.mark.parametrize("use_dictionary", [True, False])
def test_large_pages_of_other_writers_are_read(tmp_path: Path, use_dictionary: bool) -> None:
    """Images of 16 MB in one page of 64 MB, or one dictionary, as pyarrow writes them."""
    image = np.random.default_rng(0).bytes(16 * MB)
    images = [bytes([number]) + image for number in range(4)]
    options = {"use_dictionary": use_dictionary, "data_page_size": 1 << 30}
    columns = {"image": images_column(images), "txt": ["a" * 4 * MB] * 4}
    seen, peak = read_all(
        tmp_path, {"a": parquet_bytes(columns, dictionary_pagesize_limit=1 << 30, **options)}
    )
    assert seen == {"a": [[16 * MB + 1, ""]] * 4}
    assert peak < PEAK


def test_an_image_as_large_as_may_be_is_read(tmp_path: Path) -> None:
    image = np.random.default_rng(0).bytes(MB) * 95  # of 100,000,000 bytes at most
    seen, peak = read_all(
        tmp_path, {"a": parquet_bytes({"image": images_column([image]), "txt": ["a"]})}
    )
    assert seen == {"a": [[len(image), ""]]}
    assert peak < PEAK
