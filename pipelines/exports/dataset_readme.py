"""README.md of an export: which files each split has, and which types the columns have."""

import json
from collections.abc import Mapping, Sequence

from pipelines.exports.dataset_features import (
    Feature,
    column_features,
    json_feature,
    member_features,
    plain_feature,
)
from pipelines.exports.export_file import Contents, Counts

Rows = Mapping[str, int]


def webdataset_readme(
    contents: Contents, rows: Rows, counts: Mapping[str, Counts]
) -> dict[str, bytes]:
    """Return the README.md of tars."""
    members = {name: number for each in counts.values() for name, number in each.items()}
    return readme(contents, rows, "{split}-*.tar", member_features(contents.schema, members))


def json_readme(contents: Contents, rows: Rows, _: Mapping[str, Counts]) -> dict[str, bytes]:
    """Return the README.md of JSON lines."""
    features = column_features(contents.schema, json_feature)
    return readme(contents, rows, "{split}-*.jsonl", features)


def csv_readme(contents: Contents, rows: Rows, _: Mapping[str, Counts]) -> dict[str, bytes]:
    """Return the README.md of CSV files."""
    features = column_features(contents.schema, plain_feature)
    return readme(contents, rows, "{split}-*.csv", features)


def readme(
    contents: Contents, rows: Rows, path: str, features: Sequence[Feature] | None = None
) -> dict[str, bytes]:
    """Return README.md, which names the files of the splits that have rows.

    `path` is the pattern of a split's files; `features` are told if the files do not tell them.
    """
    splits = "".join(
        f"  - split: {name}\n    path: {path.format(split=name)}\n"
        for name, number in rows.items()
        if number
    )
    types = ""
    if features is not None:  # JSON is YAML, and its texts need no further quotes
        lines = "".join(f"  - {json.dumps(each)}\n" for each in features)
        types = f"dataset_info:\n  features:\n{lines}"
    table = "".join(f"| {name} | {number:,} |\n" for name, number in rows.items())
    text = (
        f"---\nconfigs:\n- config_name: default\n  data_files:\n{splits}{types}---\n\n"
        f"# Export of an output of Shardmill\n\n"
        f"| split | rows |\n|---|---|\n{table}\n"
        f"The fingerprint of the output is {contents.source}.\n"
    )
    return {"README.md": text.encode()}
