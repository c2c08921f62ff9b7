"""Tests that of a Parquet file on a server only the needed bytes are requested, in few requests."""

import io
from collections.abc import Iterator
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.web_server import WebServer, web_server

from pipelines.config.input import Input
from pipelines.operations.stored_samples.stored_rows import read_batches
from pipelines.planning.shards import find_shards, split
from pipelines.reading import RawSample, open_unit
from pipelines.storage import expected_ranges
from pipelines.storage.expected_ranges import Range, merge_ranges
from pipelines.storage.resolve import AnyStorage
from schemas.errors import ShardFault
from schemas.sample import Unit

ROWS, GROUP = 240, 60  # rows of the file, and of each row group
FOOTER = 64 << 10  # bytes of the request for a file's end
CONFIG = Input(shards="unused", text="caption", image="image")
STORAGE = AnyStorage()


def table() -> pa.Table:
    """Return two columns that a job reads, and between them one that it does not read."""
    random = Random(1)
    return pa.table(
        {
            "image": [random.randbytes(20_000) for _ in range(ROWS)],
            "embedding": [random.randbytes(10_000) for _ in range(ROWS)],
            "caption": [f"caption {number}" for number in range(ROWS)],
        }
    )


@pytest.fixture(scope="module")
def content() -> bytes:
    file = io.BytesIO()
    pq.write_table(table(), file, row_group_size=GROUP, compression="none")
    return file.getvalue()


@pytest.fixture
def server(content: bytes) -> Iterator[WebServer]:
    with web_server({"/a.parquet": content}) as served:
        yield served


def chunk_bytes(content: bytes, groups: range, *columns: str) -> int:
    """Return the stored bytes of columns in row groups."""
    metadata = pq.read_metadata(io.BytesIO(content))
    chunks = (
        metadata.row_group(group).column(column)
        for group in groups
        for column in range(metadata.num_columns)
    )
    return sum(each.total_compressed_size for each in chunks if each.path_in_schema in columns)


def read(unit: Unit) -> list[RawSample]:
    with open_unit(unit, STORAGE, CONFIG) as opened:
        return list(opened)


def check_samples(samples: list[RawSample], rows: range) -> None:
    expected = table().slice(rows.start, len(rows)).to_pylist()
    assert [sample.index for sample in samples] == list(rows)
    assert [sample.image for sample in samples] == [row["image"] for row in expected]
    assert [sample.fields["caption"] for sample in samples] == [
        row["caption"].encode() for row in expected
    ]


def test_a_unit_requests_its_footer_and_its_columns_alone(
    server: WebServer, content: bytes
) -> None:
    (unit,) = find_shards([f"{server.url}/a.parquet"])
    server.requests.clear()
    check_samples(read(unit), range(ROWS))
    needed = chunk_bytes(content, range(4), "image", "caption")
    assert needed <= server.sent <= needed + FOOTER
    assert all(request.range for request in server.gets())  # never the whole file
    assert len(server.gets()) == 1 + 4 * 2  # the footer; in each row group two separate columns


def test_slices_of_a_file_request_only_their_row_groups(server: WebServer, content: bytes) -> None:
    config = CONFIG.model_copy(update={"max_samples_per_file": 2 * GROUP})
    units = split(find_shards([f"{server.url}/a.parquet"]), config)
    assert server.sent <= FOOTER  # planning
    assert len(units) == 2
    for number, unit in enumerate(units):
        server.requests.clear()
        groups = range(2 * number, 2 * number + 2)
        check_samples(read(unit), range(groups.start * GROUP, groups.stop * GROUP))
        assert server.sent <= chunk_bytes(content, groups, "image", "caption") + FOOTER
        assert len(server.gets()) == 1 + 2 * 2


def test_large_columns_come_in_pieces_and_small_neighbors_together(
    server: WebServer, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expected_ranges, "_MAX_PIECE", 256 << 10)
    (unit,) = find_shards([f"{server.url}/a.parquet"])
    server.requests.clear()
    check_samples(read(unit), range(ROWS))
    assert server.sent <= chunk_bytes(content, range(4), "image", "caption") + FOOTER
    pieces = -(-chunk_bytes(content, range(1), "image") // (256 << 10))
    assert len(server.gets()) == 1 + 4 * (pieces + 1)
    merged = merge_ranges([Range(0, 10), Range(10, 20), Range(65_556, 65_557)], 1 << 20)
    assert merged == [Range(0, 65_557)]  # a gap of 65,536 bytes is fetched too
    assert merge_ranges([Range(0, 10), Range(65_547, 65_548)], 1 << 20)[1:]
    assert merge_ranges([Range(0, 10), Range(10, 20)], 19) == [Range(0, 10), Range(10, 20)]


def test_a_larger_footer_takes_two_requests(server: WebServer) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({f"column {n}": [n] for n in range(2000)}), file)
    server.files["/a.parquet"] = file.getvalue()
    (unit,) = find_shards([f"{server.url}/a.parquet"])
    server.requests.clear()
    with pytest.raises(ShardFault, match="columns_missing"):
        read(unit)
    assert len(server.gets()) == 2
    assert server.sent <= len(file.getvalue())


def test_rows_of_an_output_are_read_by_their_columns(server: WebServer, content: bytes) -> None:
    url = f"{server.url}/a.parquet"
    captions = [
        caption for batch in read_batches(url, STORAGE, ["caption"]) for caption in batch["caption"]
    ]
    assert [each.as_py() for each in captions] == table()["caption"].to_pylist()
    assert server.sent <= chunk_bytes(content, range(4), "caption") + FOOTER
    assert len(server.gets()) == 1 + 4


def test_a_file_that_is_replaced_while_it_is_read_gives_no_rows_of_the_new_one(
    server: WebServer, content: bytes
) -> None:
    (unit,) = find_shards([f"{server.url}/a.parquet"])
    with open_unit(unit, STORAGE, CONFIG) as opened:
        samples = iter(opened)
        next(samples)
        server.files["/a.parquet"], server.e_tag = content[::-1], '"2"'
        with pytest.raises(ShardFault):
            list(samples)
