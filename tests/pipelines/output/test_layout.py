"""Names of files: control files are no Parquet, and a part's name contains its unit's."""

import pytest

from pipelines.output.layout import Layout, unit_of_part

LAYOUT = Layout("/data/out")
UNITS = ("00000", "a.b/00001", "x.00002/y", "ü (1)")


def test_no_control_file_looks_like_parquet() -> None:
    for unit in UNITS:
        for path in (
            LAYOUT.failed(unit),
            LAYOUT.attempt(unit, 1),
            LAYOUT.record(0),
            LAYOUT.manifest("manifest.0.shards"),
        ):
            assert not path.endswith(".parquet")


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("laion.00012", "laion"),
        ("laion.00012-end", "laion"),
        ("a/b.c.123456", "a/b.c"),
        ("laion.0012", None),
        ("laion.00012-END", None),
        ("00012", None),
        (".00012", None),
    ],
)
def test_names_of_parts(name: str, unit: str | None) -> None:
    assert unit_of_part(name) == unit
