"""The Parquet schemas of output and manifest, and the reserved column names."""

import re
from collections.abc import Collection, Iterable, Mapping

import pyarrow as pa

from schemas.errors import JobError

SCHEMA_VERSION = "1"

# Keys of a file's footer. All values are text; none depends on the time of writing.
FOOTER_VERSION = "shardmill.schema_version"
FOOTER_FINGERPRINT = "shardmill.fingerprint"
FOOTER_UNIT = "shardmill.unit"
FOOTER_SALVAGED = "shardmill.salvaged"  # the fault at which a salvaged shard ends
FOOTER_OOM_RETRIES = (
    "shardmill.halvings"  # blocks run again after an out-of-memory: the bytes may differ then
)
FOOTER_SHARD_DIGEST = "shardmill.shard_digest"  # of sizes and sampled bytes of the shard
# Of exported files: JSON of pipelines.planning.provenance.Provenance.
FOOTER_PROVENANCE = "shardmill.provenance"
FOOTER_COUNTS = "shardmill.counts"  # JSON of schemas.report.Counts

IDENTITY: dict[str, pa.DataType] = {
    "shard": pa.string(),  # path below the listed root
    "index": pa.int64(),  # position in the shard, from 0; identifies the sample, with shard
    "key": pa.string(),  # WebDataset's key; null unless kept
    "status": pa.string(),  # kept | dropped | quarantined | invalid
    "filter": pa.string(),  # the filter that decided; null when kept or invalid
    "reason": pa.string(),  # a code; null when kept
    # Lists of pairs: Hugging Face's datasets cannot read maps. SQL: map_from_entries(scores).
    "scores": pa.list_(pa.struct([("name", pa.string()), ("value", pa.float32())])),
    "redactions": pa.list_(pa.struct([("infotype", pa.string()), ("count", pa.int32())])),
    "error": pa.string(),  # an exception's type, never its message
}
CONTENT: dict[str, pa.DataType] = {  # null unless kept
    "source_text": pa.string(),
    "width": pa.int32(),  # pixels of the upright image
    "height": pa.int32(),
    "num_frames": pa.int32(),  # frames of a video or animation, or pages
    "truncated": pa.bool_(),  # whether the image file ends early; null: not decoded
    "decoded_rows": pa.float32(),  # share of rows whose pixels are all in the file; null: likewise
    "sha256": pa.string(),  # of the image file, hexadecimal
}
VIDEO: dict[str, pa.DataType] = {  # null unless kept; columns of jobs with `input.video` alone
    "duration": pa.float64(),  # seconds, from the times of the frames; null: the file has none
    "fps": pa.float64(),  # frames per second, on average; null: likewise
}
IMAGES: dict[str, pa.DataType] = {  # null unless kept; of jobs with `input.images` alone
    "images": pa.list_(  # all images in their order; width, height ... above are of the first
        pa.struct(
            [
                ("width", pa.int32()),
                ("height", pa.int32()),
                ("num_frames", pa.int32()),
                ("truncated", pa.bool_()),
                ("decoded_rows", pa.float32()),
                ("sha256", pa.string()),
            ]
        )
    )
}
HASHES: dict[str, pa.DataType] = {  # null unless kept; columns of jobs with `input.pdq` alone
    "pdq": pa.string(),  # of the first frame, upright, hexadecimal; null: too flat for a hash
    "pdq_quality": pa.int32(),  # from 0, flat, to 100
}
FRAME_HASHES: dict[str, pa.DataType] = {  # instead of HASHES if the job has `input.video`
    "pdq_frames": pa.list_(pa.string()),  # of each sampled frame; null: too flat for a hash
}
TEXT_BOXES: dict[str, pa.DataType] = {  # null unless kept; of jobs with a filter text_in_image
    "text_boxes": pa.list_(
        pa.struct(
            [
                ("frame", pa.int32()),  # among the sampled frames, from 0
                ("left", pa.int32()),  # pixels of the upright image, inclusive
                ("top", pa.int32()),
                ("right", pa.int32()),  # exclusive
                ("bottom", pa.int32()),
                ("filter", pa.string()),  # the kind of the text filter
            ]
        )
    )
}
# In every row of jobs with `provenance` alone; texts that repeat take a few bytes of a file.
PROVENANCE: dict[str, pa.DataType] = {
    "provenance": pa.struct(
        [
            ("fingerprint", pa.string()),  # of the job that wrote the row
            ("shardmill", pa.string()),  # the version
            ("model", pa.string()),  # with its commit, and the adapter's
            ("prompts", pa.string()),  # JSON: task -> prompt; {field} stands for the sample's
            ("filters", pa.string()),  # JSON: filter -> version of rules, models and lists
        ]
    )
}
INFO = pa.struct(
    [
        ("status", pa.string()),  # ok | partial | redacted | dropped | quarantined | skipped
        ("finish_reason", pa.string()),  # stop | length
        ("num_tokens", pa.int32()),
        ("mean_logprob", pa.float32()),
        ("raw", pa.string()),  # the model's text, for location tasks
    ]
)
LOGPROBS = pa.list_(pa.float32())  # natural logarithms, of each token of an answer
RESERVED = frozenset([*IDENTITY, *CONTENT, *HASHES, *TEXT_BOXES])  # in every job
# Reserved where the job makes them.
_OF_SOME_JOBS = frozenset([*VIDEO, *IMAGES, *FRAME_HASHES, *PROVENANCE])
_CARRIED = {"shardmill.carried": "true"}  # metadata of a carried column with one of those names

_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def carried_columns(schema: pa.Schema) -> list[str]:
    """Return the names of the carried columns in the schema of an output."""
    tasks = [task_name(column.name) for column in schema if column.type == INFO]
    others = set[str]().union(*map(task_columns, tasks))
    return [each.name for each in schema if each.name not in others and not is_own(each)]


def is_own(column: pa.Field) -> bool:
    """Return whether a column, which is of no task, is the output's own, and not carried."""
    is_carried = (column.metadata or {}).keys() >= {key.encode() for key in _CARRIED}
    return column.name in RESERVED or (column.name in _OF_SOME_JOBS and not is_carried)


def info_name(task: str) -> str:
    return f"{task}_info"


def logprobs_name(task: str) -> str:
    return f"{task}_logprobs"


def task_columns(task: str) -> tuple[str, ...]:
    """Return the names of the columns that a task may have."""
    return task, info_name(task), logprobs_name(task)


def task_name(info: str) -> str:
    """Return the task of an info column."""
    return info.removesuffix("_info")


def element_name(column: str, number: int) -> str:
    """Return the name of an element of a carried list, by which filters get it as a text."""
    return f"{column}.{number}"


def output_schema(
    carried: Mapping[str, pa.DataType],
    tasks: Mapping[str, pa.DataType],
    *,
    video: bool = False,
    images: bool = False,
    pdq: bool = False,
    text_boxes: bool = False,
    provenance: bool = False,
    logprobs: Collection[str] = (),
) -> pa.Schema:
    """Return the output's schema.

    The columns are identity, content, with `video` its times, with `images` all images, with `pdq`
    the perceptual hash (with `video` those of the sampled frames), with `text_boxes` the boxes of
    text in the image, carried columns, and value and info of each task; for tasks in `logprobs`
    also the log-probabilities. With `provenance`, the last column says how the row came about.
    """
    own = {**IDENTITY, **CONTENT, **(VIDEO if video else {}), **(IMAGES if images else {})}
    own |= (FRAME_HASHES if video else HASHES) if pdq else {}
    own |= TEXT_BOXES if text_boxes else {}
    fields = [pa.field(name, kind) for name, kind in own.items()]
    fields += [
        pa.field(name, kind, metadata=_CARRIED if name in _OF_SOME_JOBS else None)
        for name, kind in carried.items()
    ]
    for name, column in tasks.items():
        fields += [pa.field(name, column), pa.field(info_name(name), INFO)]
        if name in logprobs:
            fields.append(pa.field(logprobs_name(name), LOGPROBS))
    if provenance:
        fields += [pa.field(name, kind) for name, kind in PROVENANCE.items()]
    return pa.schema(fields)


def check_column_names(
    carried: Iterable[str] | Mapping[str, str],
    tasks: Iterable[str],
    *,
    video: bool = False,
    images: bool = False,
    provenance: bool = False,
) -> None:
    """Raise JobError for malformed, reserved or repeated names; case is ignored, as in SQL.

    `carried` names the carried columns; a mapping gives the source of each, for messages. `video`,
    `images` and `provenance` say which columns the job makes, as for `output_schema`.
    """
    own = {*RESERVED, *((*VIDEO, *FRAME_HASHES) if video else ()), *(IMAGES if images else ())}
    own |= {*(PROVENANCE if provenance else ())}
    taken = {name.lower() for name in own}
    for where, names in (("input.carry", carried), ("tasks", tasks)):
        for name in names:
            if not _COLUMN.fullmatch(name):
                raise JobError(
                    f"{where}: {name!r} cannot name a column: use letters, digits and underscores"
                    f"{_mapping(name, carried) if where == 'input.carry' else ''}"
                )
            for column in task_columns(name) if where == "tasks" else [name]:
                if column.lower() in taken:
                    raise JobError(f"{where}: the column {column!r} is taken: choose another name")
                taken.add(column.lower())


def _mapping(name: str, carried: Iterable[str] | Mapping[str, str]) -> str:
    """Propose a mapping that gives the field of a carried column a name of a column."""
    source = carried[name] if isinstance(carried, Mapping) else name
    words = "_".join(re.findall(r"[A-Za-z0-9]+", name)) or "field"
    words = "file_name" if source == "__file__" else words
    column = words if words[0].isalpha() else f"field_{words}"
    quoted = source if re.fullmatch(r"[\w-]+", source) else "'" + source.replace("'", "''") + "'"
    return f", in a mapping such as carry: {{{column}: {quoted}}}"


MANIFEST = pa.schema(
    [
        ("name", pa.string()),
        ("path", pa.string()),
        ("shard", pa.string()),
        ("size", pa.int64()),
        ("version", pa.string()),
        ("row_groups", pa.list_(pa.int32(), 2)),  # Unit.slice, of any format; null: whole shard
        ("first_index", pa.int64()),
    ]
)
