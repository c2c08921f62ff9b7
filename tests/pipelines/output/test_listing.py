"""A listing classifies every file of an output, so that resuming opens no Parquet file."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.output.layout import Layout, part_file, whole_file
from pipelines.output.listing import OutputListing, classify_files
from pipelines.output.record import newest_record
from pipelines.output.unit_progress import UnitProgress
from pipelines.storage.storage import Entry
from schemas.units import NameIndex

LAYOUT = Layout("/data/out")
NAMES = (
    "00000", "laion", "laion.0012", "a.b/00001", "a/laion", "x.00002/y", "x.00002", "end-end",
    "data.tmp", ".hidden", "ü (1)", "00001.jpg",
)  # fmt: skip


def listing_of(*names: str, units: tuple[str, ...] = NAMES) -> OutputListing:
    entries = [Entry(LAYOUT.file(name), 1, "") for name in names]
    return classify_files(LAYOUT, entries, NameIndex.of(units))


def written(unit: str, parts: int, complete: bool) -> list[str]:
    """The files of a unit: one whole file, or so many parts."""
    if complete and parts == 0:
        return [whole_file(unit)]
    return [part_file(unit, n, complete and n == parts - 1) for n in range(parts)]


states = st.dictionaries(
    st.sampled_from(NAMES), st.tuples(st.integers(0, 4), st.booleans()), min_size=1
)


@given(states, st.data())
def test_progress_is_what_was_written(
    state: dict[str, tuple[int, bool]], data: st.DataObject
) -> None:
    files = {unit: written(unit, *unit_progress) for unit, unit_progress in state.items()}
    names = data.draw(st.permutations([name for unit in files for name in files[unit]]))
    listing = listing_of(*names)
    assert dict(listing.committed()) == {
        unit: UnitProgress(parts, complete, tuple(files[unit]))
        for unit, (parts, complete) in state.items()
        if files[unit]
    }
    assert listing.strangers == listing.leftovers == listing.runs == ()
    assert not listing.has_success_file


def test_parts_after_a_gap_do_not_count() -> None:
    listing = listing_of("laion.00000.parquet", "laion.00002-end.parquet", "00000.00001.parquet")
    assert dict(listing.committed()) == {
        "laion": UnitProgress(1, False, ("laion.00000.parquet",)),
    }


def test_a_large_unit_has_numbers_beyond_five_digits() -> None:
    names = [part_file("laion", number, number == 100_000) for number in range(100_001)]
    assert names[-1] == "laion.100000-end.parquet"
    unit_progress = listing_of(*names).progress_of("laion")
    assert (unit_progress.parts, unit_progress.complete) == (100_001, True)


def test_strangers_are_parquet_files_of_no_unit() -> None:
    listing = listing_of(
        "foreign.parquet", "a/b.parquet", "foreign.00000.parquet", "laion.0003.parquet", "x.txt"
    )
    assert listing.strangers == (
        "a/b.parquet", "foreign.00000.parquet", "foreign.parquet", "laion.0003.parquet",
    )  # fmt: skip
    assert dict(listing.committed()) == {}


def test_leftovers_are_temporary_files_wherever_they_lie() -> None:
    names = (
        ".00000.parquet.12ab.tmp",
        "a/.laion.00000.parquet.12ab.tmp",
        "_shardmill/.job.record.12ab.tmp",
        "_shardmill/attempts/a/.laion.1.12ab.tmp",
    )
    listing = listing_of(*names, "visible.tmp")
    assert listing.leftovers == tuple(sorted(LAYOUT.file(name) for name in names))
    assert listing.attempts == {}


def test_the_control_folder_lists_attempts_failures_and_runs() -> None:
    paths = [
        LAYOUT.record(0),
        LAYOUT.manifest("manifest.0.shards"),
        LAYOUT.run("20260101T000000Z-abc"),
        LAYOUT.failed("a.b/00001"),
        LAYOUT.attempt("a.b/00001", 1),
        LAYOUT.attempt("a.b/00001", 10),
        LAYOUT.attempt("a.b/00001", 2),
        LAYOUT.attempt("laion", 1),
        f"{LAYOUT.root}/_shardmill/attempts/.DS_Store",
        LAYOUT.success,
    ]
    entries = [Entry(path, 1, "") for path in paths]
    listing = classify_files(LAYOUT, entries, NameIndex.of(NAMES))
    assert listing.attempts == {"a.b/00001": 10, "laion": 1}
    assert listing.failed == {"a.b/00001"}
    assert listing.runs == ("20260101T000000Z-abc",)
    assert listing.has_success_file
    assert dict(listing.committed()) == {}


def test_success_counts_at_the_root_of_the_output_alone() -> None:
    assert not listing_of("a/_SUCCESS").has_success_file
    assert listing_of("_SUCCESS").has_success_file


def test_the_record_with_the_highest_number_counts() -> None:
    paths = [LAYOUT.record(number) for number in (1, 3)]
    assert newest_record(LAYOUT, paths) == 3
    assert newest_record(LAYOUT, [LAYOUT.record(0), LAYOUT.success]) == 0
    others = ["job.1.json", "job.00001.record.tmp", "jobs.json"]
    assert newest_record(LAYOUT, [f"{LAYOUT.root}/_shardmill/{name}" for name in others]) is None
