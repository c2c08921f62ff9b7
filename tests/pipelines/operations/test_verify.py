"""`verify` finds each kind of damage in an output, names the file, and says what to do."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.sample_data import images_column, job, jpeg, pairs, parquet_bytes, write_shard

from pipelines.operations.run import run
from pipelines.operations.verify import Verification, verify
from schemas.errors import JobError
from schemas.tables import FOOTER_COUNTS, FOOTER_VERSION

REDO = "delete it and run the job again"
REMOVE = "move it away or delete it"
AGAIN = "run the job again"
RESTORE = "restore it, or choose another output"

Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output with units of one file, of two parts, and of a slice; each drops a sample."""
    folder = tmp_path_factory.mktemp("verify")
    write_shard(folder / "shards/a.tar", [*pairs(4), ("x.jpg", jpeg(8, 8)), ("x.txt", b"a small")])
    write_shard(folder / "shards/b.tar", [*pairs(1), ("x.jpg", jpeg(8, 8)), ("x.txt", b"a small")])
    write_shard(folder / "shards/deep/c.tar", pairs(2, 5))
    images = images_column([jpeg(24, 24, seed) for seed in range(6)])
    content = parquet_bytes({"image": images, "txt": ["a small picture"] * 6}, rows_per_group=3)
    (folder / "shards/p.parquet").write_bytes(content)
    run(_job(folder, min_side=9))
    other = folder / "other"
    run(_job(folder, min_side=10).model_copy(update={"output": str(other)}))
    return folder


def _job(folder: Path, min_side: int) -> Any:
    given = {"shards": f"{folder}/shards/**", "text": "txt", "max_samples_per_file": 3}
    filters = [{"kind": "image_size", "min_side": min_side}]
    return job(folder, model=None, tasks={}, filters=filters, input=given)


def move(source: str, target: str) -> Damage:
    return lambda output: (output / source).rename(output / target)


def copy(source: str, target: str) -> Damage:
    return lambda output: shutil.copy(output / source, output / target)


def delete(name: str) -> Damage:
    return lambda output: (output / name).unlink()


def swap(one: str, other: str) -> Damage:
    def damage(output: Path) -> None:
        (output / one).rename(output / "kept-aside")
        (output / other).rename(output / one)
        (output / "kept-aside").rename(output / other)

    return damage


def edit(name: str, change: Callable[[bytes], bytes]) -> Damage:
    return lambda output: (output / name).write_bytes(change((output / name).read_bytes()))


def flip(name: str, place: float) -> Damage:
    """Flip a bit at a share of the file's length."""

    def change(content: bytes) -> bytes:
        at = min(int(len(content) * place), len(content) - 1)
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return edit(name, change)


def rewrite(
    name: str,
    change: Callable[[pa.Table], pa.Table] = lambda table: table,
    metadata: Mapping[str, str] | None = None,
    *,
    keep_metadata: bool = True,
) -> Damage:
    """Write a file with other rows, columns or entries of its footer."""

    def damage(output: Path) -> None:
        with pq.ParquetFile(output / name) as parquet:
            table = change(parquet.read()).replace_schema_metadata()
            before = parquet.metadata.metadata
        entries = {k.decode(): v.decode() for k, v in before.items() if k != b"ARROW:schema"}
        entries = {**entries, **(metadata or {})} if keep_metadata else {}
        with pq.ParquetWriter(output / name, table.schema, write_page_checksum=True) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata(entries)

    return damage


def with_column(name: str, values: Callable[[pa.Table], Any]) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        at = table.schema.get_field_index(name)
        return table.set_column(
            at, table.schema.field(at), pa.array(values(table), table[name].type)
        )

    return change


def other_status(table: pa.Table) -> list[str]:
    return ["invalid", *table["status"].to_pylist()[1:]]


B, PART, END = "b.parquet", "a.00000.parquet", "a.00001-end.parquet"
SLICE = "p.rows-0000000003.parquet"
MANIFEST, RECORD = "_shardmill/manifest.shards", "_shardmill/job.record"
NONE = [None, None]
DAMAGES: dict[str, tuple[Damage, str, str]] = {
    "a file is gone": (delete(B), "b", AGAIN),
    "the first part is gone": (delete(PART), END, REMOVE),
    "the last part is gone": (delete(END), "a", AGAIN),
    "a slice is gone": (delete(SLICE), "p.rows-0000000003", AGAIN),
    "a file is a folder": (lambda o: ((o / B).unlink(), (o / B).mkdir()), "b", AGAIN),
    "a part behind the last": (copy(PART, "a.00007.parquet"), "a.00007.parquet", REMOVE),
    "a second last part": (copy(END, "a.00002-end.parquet"), "a.00002-end.parquet", REMOVE),
    "a part beside the whole": (copy(B, "b.00000.parquet"), "b.00000.parquet", REMOVE),
    "a file of no unit": (copy(B, "copy of b.parquet"), "copy of b.parquet", REMOVE),
    "a file in a folder": (copy(B, "deep/b.parquet"), "deep/b.parquet", REMOVE),
    "a file in _shardmill": (copy(B, "_shardmill/b.parquet"), "_shardmill/b.parquet", REMOVE),
    "an ending in capitals": (copy(B, "B.PARQUET"), "B.PARQUET", REMOVE),
    "two files swapped": (swap(B, "deep/c.parquet"), B, REDO),
    "two parts swapped": (swap(PART, END), PART, REDO),
    "a file renamed to another": (move(B, "deep/c.parquet"), "deep/c.parquet", REDO),
    "a file of another job": (copy("../other/b.parquet", B), B, REMOVE),
    "the last byte cut": (edit(B, lambda content: content[:-1]), B, REDO),
    "cut in half": (edit(B, lambda content: content[: len(content) // 2]), B, REDO),
    "of zero length": (edit(B, lambda _: b""), B, REDO),
    "a hole of zeros": (edit(B, lambda c: c[:100] + bytes(200) + c[300:]), B, REDO),
    "a bit of the magic flipped": (flip(B, 0.0), B, REDO),
    "a bit of the data flipped": (flip(B, 0.02), B, REDO),
    "a bit of the end flipped": (flip(B, 1.0), B, REDO),
    "rows doubled": (rewrite(B, lambda t: pa.concat_tables([t, t])), B, REDO),
    "a row missing": (rewrite(B, lambda t: t.slice(1)), B, REDO),
    "the last row missing": (rewrite(B, lambda t: t.slice(0, len(t) - 1)), B, REDO),
    "a part too short": (rewrite(PART, lambda t: t.slice(0, 2)), PART, REDO),
    "rows in another order": (rewrite(B, lambda t: t.take([1, 0])), B, REDO),
    "rows of another shard": (rewrite(B, with_column("shard", lambda t: ["a.tar"] * 2)), B, REDO),
    "another status": (rewrite(B, with_column("status", other_status)), B, REDO),
    "content of a dropped row": (rewrite(B, with_column("width", lambda t: [8, 8])), B, REDO),
    "no content of a kept row": (rewrite(B, with_column("sha256", lambda _: NONE)), B, REDO),
    "no reason of a dropped row": (rewrite(B, with_column("reason", lambda _: NONE)), B, REDO),
    "a column missing": (rewrite(B, lambda t: t.drop_columns(["num_frames"])), B, REDO),
    "a column more": (rewrite(B, lambda t: t.append_column("more", t["index"])), B, REDO),
    "a column of another type": (
        rewrite(B, lambda t: t.set_column(1, "index", pc.cast(t["index"], pa.int32()))), B, REDO,
    ),
    "no entries in the footer": (rewrite(B, keep_metadata=False), B, REDO),
    "other counts in the footer": (rewrite(B, metadata={FOOTER_COUNTS: "{}"}), B, REDO),
    "another schema version": (rewrite(B, metadata={FOOTER_VERSION: "0"}), B, REDO),
    "a bit of the manifest flipped": (flip(MANIFEST, 0.5), MANIFEST, RESTORE),
    "the manifest cut": (edit(MANIFEST, lambda content: content[:-20]), MANIFEST, RESTORE),
    "the manifest gone": (delete(MANIFEST), MANIFEST, RESTORE),
    "job.record cut": (edit(RECORD, lambda c: c[:-9]), RECORD, RESTORE),
}  # fmt: skip


def test_an_undamaged_output_has_no_problem(whole: Path) -> None:
    found = verify(str(whole / "output"))
    assert found.problems == ()
    assert (found.units, found.files, found.counts.read) == (5, 6, 5 + 2 + 2 + 6)


def damaged(whole: Path, damage: str, folder: Path) -> tuple[Path, str]:
    """Return a damaged copy of the output, and the name of what is damaged."""
    output = folder / "output"
    shutil.copytree(whole / "output", output)
    shutil.copytree(whole / "other", folder / "other")
    (manifest,) = (output / "_shardmill").glob("manifest.*.shards")
    do, name, _ = DAMAGES[damage]
    if name == MANIFEST:
        name = f"_shardmill/{manifest.name}"
        manifest.rename(output / MANIFEST)
    do(output)
    if name.startswith("_shardmill/manifest") and (output / MANIFEST).exists():
        (output / MANIFEST).rename(manifest)
    return output, name


def problems_of(output: Path, *, quick: bool = False) -> tuple[str, ...]:
    try:
        return verify(str(output), quick=quick).problems
    except JobError as error:
        return (str(error).removeprefix(f"{output}/"),)


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_found_and_its_mending_said(
    whole: Path, damage: str, tmp_path: Path
) -> None:
    output, name = damaged(whole, damage, tmp_path)
    problems, mending = problems_of(output), DAMAGES[damage][2]
    assert any(line.startswith(f"{name}: ") and mending in line for line in problems), problems
    assert all("\n" not in line for line in problems)


# What footers do not show: content, and the beginning of a file.
NOT_QUICK = {
    "a hole of zeros",
    "a bit of the magic flipped",
    "a bit of the data flipped",
    "rows in another order",
    "rows of another shard",
    "another status",
    "content of a dropped row",
    "no content of a kept row",
    "no reason of a dropped row",
}


def test_a_quick_verification_finds_all_but_damages_of_rows(whole: Path, tmp_path: Path) -> None:
    assert verify(str(whole / "output"), quick=True) == Verification.model_validate(
        {**verify(str(whole / "output")).model_dump(), "quick": True}
    )
    missed = set()
    for number, damage in enumerate(DAMAGES):
        output, name = damaged(whole, damage, tmp_path / str(number))
        found = problems_of(output, quick=True)
        if not any(line.startswith(f"{name}: ") and DAMAGES[damage][2] in line for line in found):
            missed.add(damage)
    assert missed == NOT_QUICK
