"""Tests which fields of samples a job carries, in which types, and what filters do to them."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command_line import call
from support.sample_data import images_column, jpeg, write_shard

from pipelines.config.job import Job
from pipelines.display.row_fields import carried_names
from pipelines.operations.inspect import select
from pipelines.operations.look import look, open_target
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.planning.plan import planned_schema
from schemas.errors import JobError
from schemas.tables import FOOTER_COUNTS

IMAGES = [jpeg(8, 8, seed) for seed in range(4)]
SIZE = [{"kind": "image_size", "min_side": 1}]
PERSONAL = [{"kind": "personal_data"}]
MAIL = "write to jane.doe@example.com"


def parquet(path: Path, columns: Mapping[str, Any]) -> str:
    """Write columns to a Parquet file, beside a column of images unless one is among them."""
    number = len(next(iter(columns.values())))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"image": images_column(IMAGES[:number])} | dict(columns)), path)
    return str(path)


def tar(path: Path, samples: Iterable[Mapping[str, Any]]) -> str:
    """Write samples to a tar: an image, and members of bytes or JSON by their extensions."""
    members = []
    for number, sample in enumerate(samples):
        for extension, value in {"jpg": IMAGES[number % 4], **sample}.items():
            content = value if isinstance(value, bytes) else json.dumps(value).encode()
            members.append((f"train2017/{number:03}.{extension}", content))
    return str(write_shard(path, members))


def filtered(
    shards: str | list[str],
    output: Path,
    filters: list[dict[str, Any]] = SIZE,
    filters_from: Path | None = None,
    **reading: Any,
) -> pa.Table:
    """Run a job that only filters; return the rows of its output."""
    given = {"shards": shards, "text": None, **reading}
    keys = {"name": "t", "input": given, "filters": filters, "output": str(output)}
    if filters_from is not None:
        keys["filters_from"] = str(filters_from)
    small_job = Job.parse(json.dumps(keys))
    assert run(small_job).outcome in ("complete", "nothing_kept")
    assert verify(str(output)).problems == ()
    assert run(small_job).counts_here.read == 0
    return pa.concat_tables([pq.read_table(path) for path in sorted(output.glob("*.parquet"))])


def columns(table: pa.Table, *names: str) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


COLUMNS = {
    "int8": pa.array([1, None], pa.int8()),
    "uint64": pa.array([2**64 - 1, 0], pa.uint64()),
    "float": pa.array([0.1, None], pa.float32()),
    "double": pa.array([0.1, float("inf")]),
    "flag": pa.array([True, None]),
    "nanoseconds": pa.array([1_001, 2**62 + 1], pa.timestamp("ns")),
    "utc": pa.array([1, 2**60], pa.timestamp("us", "UTC")),
    "day": pa.array([1, 2**31 - 1], pa.date32()),
    "time": pa.array([1, None], pa.time64("us")),
    "elapsed": pa.array([1, None], pa.duration("us")),
    "decimal": pa.array([Decimal("1.10"), None], pa.decimal128(10, 2)),
    "wide": pa.array([Decimal("1.10"), None], pa.decimal256(50, 2)),
    "code": pa.array([5, 6]).dictionary_encode(),
    "large": pa.array(["a", None], pa.large_string()),
    "null": pa.array([None, None], pa.null()),
}


def test_carried_columns_keep_their_types_and_values(tmp_path: Path) -> None:
    table = filtered(
        parquet(tmp_path / "a.parquet", COLUMNS), tmp_path / "out", carry=list(COLUMNS)
    )
    assert table["status"].to_pylist() == ["kept", "kept"]
    for name, column in COLUMNS.items():
        kind = {"code": pa.int64(), "large": pa.string(), "null": pa.string()}.get(name)
        assert table.schema.field(name).type == (kind or column.type), name
        assert table[name].combine_chunks().equals(column.cast(kind or column.type)), name
    assert [row.row["utc"] is not None for row in select(str(tmp_path / "out"), 2)] == [True, True]


def test_what_is_shown_of_nanoseconds_is_exact_with_and_without_pandas(tmp_path: Path) -> None:
    carried = {
        "time": pa.array([1_001, None], pa.time64("ns")),
        "elapsed": pa.array([1, 2_000], pa.duration("ns")),
        "stamp": pa.array([1, 2_000], pa.timestamp("ns")),
    }
    shards = parquet(tmp_path / "a.parquet", {**carried, "nested": [{"a": (1, None)}] * 2})
    filtered(shards, tmp_path / "out", carry=list(carried))
    first, second = (row.row for row in select(str(tmp_path / "out"), 2))
    assert [first[name] for name in carried] == [
        "00:00:00.000001001",
        "1 ns",
        "1970-01-01 00:00:00.000000001",
    ]
    assert [second[name] for name in carried] == [None, "2000 ns", "1970-01-01 00:00:00.000002000"]
    looked = call("look", tmp_path / "out", "a.parquet", 0)
    assert "│ elapsed     1 ns" in looked.stdout
    assert "│ time        00:00:00.000001001" in looked.stdout
    assert "│ nested      {a: [1, null]}" in looked.stdout


@pytest.mark.parametrize("target", ["job.yaml", "out"])
def test_look_judges_carried_values_in_the_types_of_the_first_shard(
    target: str, tmp_path: Path
) -> None:
    parquet(tmp_path / "in/0.parquet", {"w": pa.array([1, 2])})
    parquet(tmp_path / "in/1.parquet", {"w": pa.array(["7", "x"])})
    reading = {"shards": f"{tmp_path}/in/*.parquet", "text": None, "carry": ["w"]}
    filtered(reading["shards"], tmp_path / "out", carry=["w"])
    keys = {"name": "t", "input": reading, "filters": SIZE, "output": f"{tmp_path}/out"}
    (tmp_path / "job.yaml").write_text(json.dumps(keys))
    job, output = open_target(str(tmp_path / target))
    looked = look(job, output, "1.parquet", 1)
    assert looked.row is not None
    assert (looked.status, looked.row.reason) == ("invalid", "value_unfit")
    assert look(job, output, "1.parquet", 0).status == "kept"


@pytest.mark.parametrize("zone", ["Mars/Phobos", "a b", "+03:30", "Z" * 200])
def test_times_of_any_zone_are_kept_as_times_in_utc(zone: str, tmp_path: Path) -> None:
    column = {"time": pa.array([1, 2], pa.timestamp("us", zone))}
    shards = parquet(tmp_path / "a.parquet", column)
    table = filtered(shards, tmp_path / "out", PERSONAL, carry=["time"])
    assert table.schema.field("time").type == pa.timestamp("us", "UTC")
    assert table["time"].cast(pa.int64()).to_pylist() == [1, 2]


def test_a_shard_of_another_type_is_cast_or_its_sample_has_a_reason(tmp_path: Path) -> None:
    for number, (width, time) in enumerate(
        [
            (pa.array([1, 2]), pa.array([1, 2], pa.timestamp("ms"))),
            (pa.array([3.0, 4.5]), pa.array([1_000, 2_000], pa.timestamp("us"))),
            (pa.array(["7", "x"]), pa.array(["1970-01-01", "1970-01-01"])),
            (pa.array([8, 9]), pa.array([1, None], pa.timestamp("ms", "UTC"))),
        ]
    ):
        parquet(tmp_path / f"in/{number}.parquet", {"w": width, "t": time})
    table = filtered(f"{tmp_path}/in/*.parquet", tmp_path / "out", carry=["w", "t"])
    assert table.schema.field("w").type == pa.int64()
    assert table.schema.field("t").type == pa.timestamp("ms")
    times = table["t"].cast(pa.int64()).to_pylist()
    assert list(zip(table["w"].to_pylist(), times, table["reason"].to_pylist(), strict=True)) == [
        (1, 1, None),
        (2, 2, None),
        (3, 1, None),
        (None, None, "value_unfit"),
        (7, 0, None),
        (None, None, "value_unfit"),
        (None, None, "value_unfit"),
        (9, None, None),
    ]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("int64", {"1": 1, '"2"': 2, "3.0": 3, "3.5": ..., "true": ..., '"x"': ..., "[1]": ...}),
        ("float64", {"1": 1.0, '" 2.5"': 2.5, "true": ..., '""': ..., "NaN": None, "null": None}),
        ("bool", {"true": True, '"false"': False, "1": ..., "0.0": ...}),
        ("decimal128(6, 2)", {"1": Decimal("1.00"), "1.5": Decimal("1.50"), "1.005": ...}),
        ("string", {"1": "1", "1.50": "1.5", "true": "true", '{"a": NaN}': '{"a": null}'}),
    ],
)
def test_fields_of_json_get_the_type_that_the_job_states(
    kind: str, values: dict[str, Any], tmp_path: Path
) -> None:
    samples = [{"json": f'{{"v": {text}, "big": {10**30}}}'.encode()} for text in values]
    carry = {"v": {"source": "json:v", "type": kind}}
    table = filtered(tar(tmp_path / "a.tar", samples), tmp_path / "out", carry=carry)
    found = [... if reason else v for v, reason in columns(table, "v", "reason")]
    assert dict(zip(values, found, strict=True)) == values
    assert set(table["reason"].to_pylist()) <= {None, "value_unfit"}


def test_fields_of_json_can_be_times(tmp_path: Path) -> None:
    texts = ["2024-01-02", "2024-01-02T03:04:05Z", "2024-01-02 05:04:05+02:00", "soon", 5]
    shards = tar(tmp_path / "a.tar", [{"json": {"t": text}} for text in texts])
    types = {"naive": "timestamp", "utc": "timestamp[ms, tz=UTC]"}
    carry = {name: {"source": "json:t", "type": kind} for name, kind in types.items()}
    table = filtered(shards, tmp_path / "out", carry=carry)
    seconds = 1_704_164_645
    assert table["naive"].cast(pa.int64()).to_pylist()[1:] == [
        *[seconds * 10**6] * 2,
        *[None] * 2,
    ]
    assert table["utc"].cast(pa.int64()).to_pylist()[1:] == [*[seconds * 1000] * 2, *[None] * 2]


def test_fields_with_any_name_can_be_carried_under_another(tmp_path: Path) -> None:
    names = {"alt text": "a", "a.b": 1, "og:title": "t", "each": "e", "0": "zero", 'q"u': "q"}
    sources = {
        "c0": "json:alt text",
        "c1": 'json:"a.b"',
        "c2": 'json:"og:title"',
        "c3": 'json:"each"',
        "c4": "json:0",
        "c5": r'json:"q\"u"',
    }
    in_tar = filtered(tar(tmp_path / "a.tar", [{"json": names}]), tmp_path / "1", carry=sources)
    assert columns(in_tar, *sources) == [("a", "1", "t", "e", "zero", "q")]
    shards = parquet(
        tmp_path / "a.parquet",
        {"a": [{"b": "inner"}], "a.b": ["outer"], "alt text": ["x"], "p:q": [2], "ü-1": [3]},
    )
    sources = {"c0": "a.b", "c1": "a:b", "c2": '"p:q"', "c3": "ü-1"}
    in_parquet = filtered(shards, tmp_path / "2", text="alt text", carry=sources)
    assert columns(in_parquet, "source_text", *sources) == [("x", "outer", "inner", 2, 3)]


def test_fields_of_structs_and_lists(tmp_path: Path) -> None:
    meta = [
        {"caption": "a", "width": 3, "at": {"time": 5}},
        {"caption": None, "width": None, "at": None},
    ]
    kind = pa.struct(
        [
            ("caption", pa.string()),
            ("width", pa.int16()),
            ("at", pa.struct([("time", pa.timestamp("ns"))])),
        ]
    )
    data = {"meta": pa.array(meta, kind), "tags": [["x", "y"], []]}
    sources = {"c": "meta:caption", "w": "meta:width", "t": "meta:at.time", "m": "meta:at"}
    table = filtered(
        parquet(tmp_path / "a.parquet", data),
        tmp_path / "out",
        carry={**sources, "first": "tags:0", "all": "tags:each", "text": "tags"},
    )
    assert table.schema.field("w").type == pa.int16()
    assert table.schema.field("t").type == pa.timestamp("ns")
    assert table["t"].cast(pa.int64()).to_pylist() == [5, None]
    assert columns(table, "c", "w", "m", "first", "all", "text") == [
        ("a", 3, '{"time": "1970-01-01 00:00:00.000000005"}', "x", ["x", "y"], '["x", "y"]'),
        (None, None, None, None, None, "[]"),
    ]


def test_marks_of_encodings_and_captions_that_are_no_number(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    shards = tar(
        tmp_path / "a.tar",
        [
            {"txt": mark + b"hello", "json": mark + b'{"c": "x"}'},
            {"txt": mark * 2 + b"hi", "json": b'{"c": NaN}'},
            {"txt": b"a", "json": '{"c": "x"}'.encode("utf-16")},
        ],
    )
    table = filtered(shards, tmp_path / "1", text="txt", carry=["json:c"])
    assert columns(table, "source_text", "c", "reason") == [
        ("hello", "x", None),
        ("\ufeffhi", None, None),
        (None, None, "text_not_utf8"),
    ]
    shards = parquet(tmp_path / "a.parquet", {"caption": [1.5, float("nan")]})
    table = filtered(shards, tmp_path / "2", text="caption")
    assert columns(table, "source_text", "reason") == [("1.5", None), (None, "text_missing")]


def test_the_source_text_may_be_all_elements_of_a_list(tmp_path: Path) -> None:
    captions = [["one", None, MAIL], [], "alone", [["in"]], ["a"] * 1001, None]
    shards = tar(tmp_path / "a.tar", [{"json": {"c": each}} for each in captions])
    table = filtered(shards, tmp_path / "1", PERSONAL, text="json:c.each")
    assert columns(table, "source_text", "reason") == [
        ("one\nwrite to [EMAIL_ADDRESS]", None),
        (None, "text_missing"),
        ("alone", None),
        ('["in"]', None),
        (None, "text_too_large"),
        (None, "text_missing"),
    ]


def test_filters_judge_each_element_and_each_value(tmp_path: Path) -> None:
    card = 4111111111111111
    samples = [
        {"json": {"c": ["one", None, MAIL], "n": card, "x": 0.8234567165374756}},
        {"json": {"c": [], "n": 5, "x": 0.5}},
        {"json": {}},
    ]
    carry = {
        "c": "json:c.each",
        "n": {"source": "json:n", "type": "int64"},
        "x": {"source": "json:x", "type": "float64"},
        "file": "__file__",
    }
    shards = tar(tmp_path / "a.tar", samples)
    table = filtered(shards, tmp_path / "1", PERSONAL, carry=carry)
    assert table.schema.field("c").type == pa.list_(pa.string())
    assert columns(table, "c", "n", "x") == [
        (["one", "write to [EMAIL_ADDRESS]"], None, 0.8234567165374756),
        (None, 5, 0.5),
        (None, None, None),
    ]
    assert table["redactions"].to_pylist()[0] == [
        {"infotype": "CREDIT_CARD_NUMBER", "count": 1},
        {"infotype": "EMAIL_ADDRESS", "count": 1},
    ]
    again = filtered(shards, tmp_path / "2", filters_from=tmp_path / "1", carry=carry)
    assert again.select(list(carry)).equals(table.select(list(carry)))
    dropping = [{"kind": "personal_data", "action": "drop"}]
    table = filtered(shards, tmp_path / "3", dropping, carry=carry)
    assert columns(table, "status", "c", "n") == [
        ("dropped", None, None),
        ("kept", None, 5),
        ("kept", None, None),
    ]


@pytest.mark.parametrize(
    "reading",
    [
        {"carry": {"n": "json:other"}},
        {"carry": {"other": "json:n"}},
        {"carry": {"n": {"source": "json:n", "type": "float64"}}},
        {"key": "json:n"},
    ],
)
def test_fields_that_an_earlier_job_did_not_read_so_are_refused(
    reading: dict[str, Any], tmp_path: Path
) -> None:
    shards = tar(tmp_path / "a.tar", [{"json": {"n": 1}}])
    carry = {"n": {"source": "json:n", "type": "int64"}}
    filtered(shards, tmp_path / "1", carry=carry)
    reading = {"carry": carry, **reading}
    with pytest.raises(JobError, match=r"input\.(carry|key): .* was not read so by"):
        filtered(shards, tmp_path / "2", filters_from=tmp_path / "1", **reading)


def test_names_of_images_can_be_carried(tmp_path: Path) -> None:
    carry = {"file_name": "__file__"}
    table = filtered(tar(tmp_path / "a.tar", [{}, {}]), tmp_path / "1", carry=carry)
    assert table["file_name"].to_pylist() == ["train2017/000.jpg", "train2017/001.jpg"]
    (tmp_path / "photos/sub").mkdir(parents=True)
    (tmp_path / "photos/sub/A.JPG").write_bytes(IMAGES[0])
    (tmp_path / "photos/b.c.jpg").write_bytes(IMAGES[1])
    table = filtered(f"{tmp_path}/photos/", tmp_path / "2", carry=carry)
    assert sorted(table["file_name"].to_pylist()) == ["b.c.jpg", "sub/A.JPG"]
    table = filtered(parquet(tmp_path / "a.parquet", {"n": [1]}), tmp_path / "3", carry=carry)
    assert table["file_name"].to_pylist() == ["0.jpg"]


def test_a_field_can_be_the_key(tmp_path: Path) -> None:
    data = {"id": [7, None, 9, 9], "meta": [{"id": each} for each in ("a/b", "../x", "/x", "ü")]}
    shards = parquet(tmp_path / "a.parquet", data)
    table = filtered(shards, tmp_path / "1", key="id")
    assert columns(table, "key", "reason") == [
        ("7", None),
        (None, "key_missing"),
        ("9", None),
        ("9", None),
    ]
    table = filtered(shards, tmp_path / "2", key="meta:id")
    assert columns(table, "key", "reason") == [
        ("a/b", None),
        (None, "key_unsafe"),
        (None, "key_unsafe"),
        ("ü", None),
    ]


@pytest.mark.parametrize("image", ["images.0", "images:0"])
def test_an_image_may_be_an_element_of_a_list(image: str, tmp_path: Path) -> None:
    kind = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    structs = [{"bytes": content, "path": f"x/{n}.jpg"} for n, content in enumerate(IMAGES)]
    lists = pa.array([structs[:2], structs[1:2], None, []], kind)
    shards = parquet(tmp_path / "a.parquet", {"image": [1, 2, 3, 4], "images": lists})
    table = filtered(shards, tmp_path / "1", image=image, carry={"file": "__file__"})
    assert columns(table, "key", "file", "reason") == [
        ("x/0.jpg", "x/0.jpg", None),
        ("x/1.jpg", "x/1.jpg", None),
        (None, None, "image_missing"),
        (None, None, "image_missing"),
    ]


def test_images_may_be_encoded_as_dictionaries(tmp_path: Path) -> None:
    encoded = pa.array([IMAGES[0], IMAGES[1], IMAGES[0], None]).dictionary_encode()
    table = filtered(parquet(tmp_path / "a.parquet", {"image": encoded}), tmp_path / "1")
    assert table["reason"].to_pylist() == [None, None, None, "image_missing"]
    struct = pa.StructArray.from_arrays(
        [pa.array(IMAGES).dictionary_encode(), pa.array(list("abcd"))], ["bytes", "path"]
    )
    table = filtered(parquet(tmp_path / "b.parquet", {"image": struct}), tmp_path / "2")
    assert table["key"].to_pylist() == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        ("carry: [x-y]", "in a mapping such as carry: {x_y: x-y}"),
        ("carry: ['json:\"a b\"']", "such as carry: {a_b: 'json:\"a b\"'}"),
        ("carry: [__file__]", "such as carry: {file_name: __file__}"),
        ("carry: {w: {source: json:w, typ: int64}}", "input.carry.w.typ: unknown key"),
        ("carry: {w: {source: json:w, type: int65}}", "input.carry.w.type: 'int65' is no type"),
        ("carry: {w: {source: json:w, type: 'timestamp[s]'}}", "'timestamp[s]' is no type"),
        ("carry: {w: {type: int64}}", "input.carry.w.source: is missing"),
        ("carry: {w: {source: 'json:c.each', type: int64}}", "remove `type`"),
        ("carry: {w: 5}", "input.carry.w: must be"),
        ("carry: {key: json:w}", "the column 'key' is taken"),
        ("carry: ['json:a..b']", "is neither an extension or column"),
        ("text: .txt", "input.text: '.txt' is neither"),
        ("image: 'images:x'", "input.image: 'images:x' is neither a column"),
    ],
)
def test_a_mistake_in_a_source_is_told(reading: str, message: str) -> None:
    text = f"name: t\noutput: o\ninput: {{shards: a.tar, {reading}}}\nfilters:\n"
    text += "  - {kind: image_size, min_side: 1}\n"
    with pytest.raises(JobError) as caught:
        Job.parse(text, "job.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        ({"text": "meta.caption"}, "write meta:caption for a field in the column 'meta'"),
        ({"image": "images"}, "'images' holds lists of images: name one, such as images:0"),
        ({"image": "image:0"}, "'image' holds no lists: write image: image"),
    ],
)
def test_a_wrong_column_is_told(reading: dict[str, Any], message: str, tmp_path: Path) -> None:
    data = {"meta": [{"caption": "a"}], "images": [[IMAGES[0]]]}
    with pytest.raises(JobError, match=message):
        filtered(parquet(tmp_path / "a.parquet", data), tmp_path / "out", **reading)


def test_the_schema_of_a_planned_output_has_the_types_of_its_shards(tmp_path: Path) -> None:
    shards = parquet(tmp_path / "a.parquet", {"n": [1], "t": ["x"]})
    keys = {"name": "t", "filters": SIZE, "output": str(tmp_path / "out")}
    given = {
        "shards": shards,
        "text": None,
        "carry": {"n": "n", "w": {"source": "t", "type": "bool"}},
    }
    planned = planned_schema(Job.parse(json.dumps({**keys, "input": given})))
    assert (planned.field("n").type, planned.field("w").type) == (pa.int64(), pa.bool_())
    with pytest.raises(JobError, match=r"input\.shards"):
        planned_schema(
            Job.parse(json.dumps({**keys, "input": {**given, "shards": "/none.parquet"}}))
        )


def test_columns_may_have_the_names_of_those_of_videos_and_several_images(tmp_path: Path) -> None:
    carried = {"duration": [1.5, None], "fps": [25.0, 30.0], "images": ["two", "three"]}
    table = filtered(
        parquet(tmp_path / "a.parquet", carried), tmp_path / "out", carry=list(carried)
    )
    assert columns(table, *carried) == list(zip(*carried.values(), strict=True))
    (footer,) = (pq.read_metadata(path) for path in (tmp_path / "out").glob("*.parquet"))
    counts = json.loads(footer.metadata[FOOTER_COUNTS.encode()])
    assert counts["carried"] == {"duration": 1, "fps": 2, "images": 2}
    first, _ = select(str(tmp_path / "out"), 2)
    assert first.image is not None
    assert carried_names(first.row) == list(carried)
