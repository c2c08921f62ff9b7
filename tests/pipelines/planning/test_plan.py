"""Plans of new and existing outputs, and the differences for which a plan is refused."""

import copy
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support import random_adapter
from support.sample_data import job, pairs, write_shard

from filters import ImageSize, TextQuality
from inference import Caption, Detect, Model, Segment
from inference.families import FAMILIES
from pipelines.config.job import Job, LocalRunnerConfig
from pipelines.display.plan_table import plan_table
from pipelines.output.fingerprint import NOT_IN_FINGERPRINT, NOTES, fingerprint_of
from pipelines.output.heartbeat import Heartbeat
from pipelines.output.output import open_output
from pipelines.output.unit_progress import UnitProgress
from pipelines.planning import resolve as resolving
from pipelines.planning.begin import begin_output
from pipelines.planning.grown_input import NOT_GROWN, Growth
from pipelines.planning.plan import Plan, plan
from pipelines.planning.resolve import resolve
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError
from schemas.resources import refuse_folder_urls

STORAGE = LocalStorage()
TASKS = {"caption": Caption(), "objects": Detect(labels=("star", "moon"))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        write_shard(tmp_path / "shards" / f"{name}.tar", pairs(1))
    return tmp_path


@pytest.fixture
def full(folder: Path, checkpoint: Path, mask_decoder: Path) -> Job:
    """A job that sets every kind of field."""
    shutil.copy(mask_decoder, folder / "codes.npz")
    masks = Segment(labels=("star",), mask_decoder=str(folder / "codes.npz"))
    filters = [ImageSize(min_side=8), TextQuality()]
    return job(folder, checkpoint, filters=filters, tasks={**TASKS, "masks": masks})


def begun(made: Job) -> Plan:
    """Begin the output of a job."""
    planned = plan(made)
    begin_output(planned, STORAGE)
    return planned


def committed(made: Job) -> Plan:
    """Begin the output of a job, and commit a unit."""
    planned = begun(made)
    Path(planned.work.layout.file("a.parquet")).touch()
    return planned


def refusal(made: Job) -> str:
    with pytest.raises(JobError) as caught:
        plan(made)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from leaves(inner, (*path, key))
    else:
        yield path


# Other values of what is an object.
OBJECTS: dict[tuple[str | int, ...], Any] = {
    ("resolved", "models"): {"changed": {"local": False}},
    ("resolved", "filters_from"): {"fingerprint": "changed"},
    ("resolved", "checkpoint", "adapter"): {"local": False},
}
# Where the model lies; `resolved.checkpoint.version` says which one it is.
PLACES = (("model", "checkpoint"), ("resolved", "checkpoint", "source"))


def test_the_fingerprint_covers_all_that_decides_the_bytes(full: Job) -> None:
    work = resolve(full)
    assert fingerprint_of(json.loads(json.dumps(work.record))) == work.fingerprint
    covered = set()
    for path in leaves(work.record):
        record = copy.deepcopy(work.record)
        place: Any = record
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = OBJECTS.get(path, "changed")
        if fingerprint_of(record) != work.fingerprint:
            covered.add(path[0])
        else:
            is_note = path[0] == "resolved" and path[1] in NOTES
            assert path[0] in NOT_IN_FINGERPRINT or path in PLACES or "shards" in path or is_note
    assert covered == {
        "input",
        "filters",
        "evaluate",
        "model",
        "tasks",
        "require_image_safety",
        "resolved",
    }


def test_the_fingerprint_tells_the_order_of_tasks(folder: Path, checkpoint: Path) -> None:
    one, other = (
        resolve(job(folder, checkpoint, tasks=tasks))
        for tasks in (TASKS, dict(reversed(TASKS.items())))
    )
    assert one.fingerprint != other.fingerprint


def test_files_that_the_job_reads_are_digested(full: Job, folder: Path) -> None:
    before = resolve(full)
    assert list(before.resolved.files) == [str(folder / "codes.npz")]
    (folder / "codes.npz").write_bytes(b"others")
    assert resolve(full).fingerprint != before.fingerprint
    (folder / "codes.npz").unlink()
    with pytest.raises(JobError, match=r"codes.npz cannot be read: No such file"):
        resolve(full)


def test_terms_and_long_answers_are_told_and_decide_no_bytes(
    full: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = plan(full)
    assert (silent.work.resolved.terms, silent.work.long_answers) == ((), {})
    family = type(FAMILIES["paligemma"])
    monkeypatch.setattr(family, "terms", lambda self, source: ("Terms of Somebody", "for tests"))
    monkeypatch.setattr(family, "longest_trained", lambda self, resolution: 300)
    planned = plan(full)
    assert planned.work.long_answers == {"masks": 512}
    assert planned.work.fingerprint == silent.work.fingerprint
    with (console := Console(width=120)).capture() as printed:
        console.print(plan_table(planned))
    said = [line.split(maxsplit=1) for line in map(str.rstrip, printed.get().splitlines())]
    assert ["terms", "Terms of Somebody"] in said
    assert ["for", "tests"] in said
    assert ["long", "up to masks 512 tokens; trained on 300"] in said
    begin_output(planned, STORAGE)
    assert open_output(full.output, STORAGE).record["resolved"]["terms"] == [
        *("Terms of Somebody", "for tests")
    ]


def test_a_new_plan_writes_nothing(full: Job, folder: Path) -> None:
    planned = plan(full)
    assert planned.is_new
    assert [unit.name for unit in planned.pending] == ["a", "b", "c"]
    assert not (folder / "output").exists()


def test_a_begun_output_is_planned_alike(full: Job) -> None:
    first = begun(full)
    again = plan(full)
    assert not again.is_new
    assert (again.units, again.work, again.growth) == (first.units, first.work, NOT_GROWN)
    assert again.work.fingerprint == first.work.fingerprint
    recorded = open_output(full.output).record
    assert fingerprint_of(recorded) == first.work.fingerprint


def test_what_is_committed_is_not_pending(full: Job, folder: Path) -> None:
    begun(full)
    for name in ("a.parquet", "b.00000.parquet", "c.00000.parquet", "c.00001-end.parquet"):
        (folder / "output" / name).touch()
    planned = plan(full)
    assert [unit.name for unit in planned.pending] == ["b"]
    assert planned.progress_of(planned.pending[0]) == UnitProgress(1, False, ("b.00000.parquet",))


def test_name_and_runner_may_change(full: Job) -> None:
    begun(full)
    plan(full.model_copy(update={"name": "other", "runner": LocalRunnerConfig(decode_threads=9)}))


@pytest.mark.parametrize(
    ("keys", "difference"),
    [
        ({"filters": ()}, 'filters = [{"kind": "image_size", '),
        (
            {"filters": (ImageSize(min_side=9), TextQuality())},
            "filters.0.min_side = 8, now it is 9",
        ),
        ({"tasks": TASKS}, 'tasks.masks = {"kind": "segment", '),
    ],
)
def test_a_changed_job_is_refused_with_the_difference(
    full: Job, keys: dict[str, Any], difference: str
) -> None:
    committed(full)
    message = refusal(full.model_copy(update=keys))
    assert difference in message
    assert message.endswith("change it back, or choose another output")


def test_tasks_in_another_order_are_refused(full: Job) -> None:
    committed(full)
    turned = full.model_copy(update={"tasks": dict(reversed(full.tasks.items()))})
    assert "with the tasks in the order caption, objects, masks" in refusal(turned)


def test_a_changed_model_is_refused(full: Job, checkpoint: Path) -> None:
    committed(full)
    model = full.model.model_copy(update={"precision": "bfloat16"})
    changed = full.model_copy(update={"model": model})
    assert "model.precision = float32, now it is bfloat16:" in refusal(changed)


@pytest.fixture
def adapted(folder: Path, checkpoint: Path) -> Job:
    """A job with an adapter."""
    adapter = random_adapter.build(checkpoint, folder / "lora", target_modules=["q_proj"])
    settings = {"checkpoint": str(checkpoint), "adapter": str(adapter), "device": "cpu"}
    return job(folder, model=settings, tasks=TASKS)


def test_an_adapter_is_part_of_the_fingerprint(adapted: Job, folder: Path) -> None:
    work = committed(adapted).work
    assert work.resolved.checkpoint is not None
    assert work.resolved.checkpoint.adapter is not None
    assert "peft" in work.resolved.packages
    assert plan(adapted).work == work
    config = folder / "lora/adapter_config.json"
    config.write_text(config.read_text().replace('"lora_alpha": 16', '"lora_alpha": 8'))
    changed = refusal(adapted)
    assert "was begun with resolved.checkpoint.adapter.version = sha256:" in changed
    assert changed.endswith("to filter nothing again")
    assert adapted.model is not None
    without = adapted.model.model_copy(update={"adapter": None})
    dropped = refusal(adapted.model_copy(update={"model": without}))
    assert f"was begun with model.adapter = {folder / 'lora'}, now it is null" in dropped
    assert dropped.endswith("to filter nothing again")


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, ("the checkpoint's", "the adapter's")),
        ({"precision": "float32"}, ("the checkpoint's", "the adapter's")),
        ({"revision": "v2"}, (None, "the adapter's")),
        ({"adapter": "me/other"}, ("the checkpoint's", None)),
        ({"adapter_revision": "v2"}, ("the checkpoint's", None)),
        ({"adapter": None}, ("the checkpoint's", None)),
    ],
)
def test_commits_that_a_run_recorded_stay_while_the_same_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], kept: tuple[str | None, str | None]
) -> None:
    asked: list[tuple[str | None, str | None]] = []

    def resolve_checkpoint(_: Any, *recorded: Any) -> None:
        asked.append((recorded[0], recorded[1]))

    monkeypatch.setattr(resolving, "resolve_checkpoint", resolve_checkpoint)
    before = Model(checkpoint="google/small", adapter="me/lora")
    pinned = {"version": "the checkpoint's", "adapter": {"version": "the adapter's"}}
    record = {"model": before.model_dump(mode="json"), "resolved": {"checkpoint": pinned}}
    resolving._checkpoint(before.model_copy(update=change), record, refuse_folder_urls)
    assert asked == [kept]


def test_a_language_that_the_model_does_not_know_is_refused(full: Job) -> None:
    task = Caption(language="xx")
    told = refusal(full.model_copy(update={"tasks": {"caption": task}}))
    assert told.startswith(
        "tasks.caption.language: 'xx' is not one of PaliGemma's languages: ar bn"
    )


def test_threads_stay_those_of_the_first_run(full: Job, folder: Path) -> None:
    begun(full)
    path = folder / "output" / "_shardmill" / "job.record"
    record = json.loads(path.read_text())
    record["resolved"]["threads"] = 77
    path.write_text(json.dumps(record))
    assert plan(full).work.resolved.threads == 77


def test_sizes_are_found_once_from_the_memory_of_a_gpu(
    folder: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "resolve_device", lambda *_, **__: "cuda")
    memory = "inference.engines.sizing.smallest_gpu_memory"
    monkeypatch.setattr(memory, lambda: (3 << 30) + (16 << 20))
    model = {"checkpoint": str(checkpoint), "precision": "float32"}
    made = job(folder, checkpoint).model_copy(update={"model": Model.model_validate(model)})
    first = begun(made).work
    assert first.resolved.sizes is not None
    assert first.model is not None
    assert first.block_size == first.model.block_size == first.resolved.sizes.block_size
    monkeypatch.setattr(memory, lambda: 8 << 30)  # another machine
    assert plan(made).work.resolved.sizes == first.resolved.sizes
    elsewhere = made.model_copy(update={"output": str(folder / "other")})
    assert plan(elsewhere).work.resolved.sizes != first.resolved.sizes


def test_other_packages_are_refused(full: Job, folder: Path) -> None:
    committed(full)
    path = folder / "output" / "_shardmill" / "job.record"
    path.write_text(path.read_text().replace('"pillow": "', '"pillow": "0.'))
    assert "resolved.packages.pillow = 0." in refusal(full)


def test_an_output_without_a_committed_unit_is_begun_anew_by_another_job(full: Job) -> None:
    begun(full)
    other = full.model_copy(update={"filters": (ImageSize(min_side=9),)})
    again = begun(other)
    assert again.is_new
    assert again.work.record_id is not None
    assert again.work.record_id.number == 1
    assert not plan(other).is_new
    assert open_output(full.output).record["filters"][0]["min_side"] == 9


def test_an_output_in_which_another_run_is_at_work_is_not_begun_anew(
    full: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = begun(full).work.layout
    other = full.model_copy(update={"filters": (ImageSize(min_side=9),)})
    monkeypatch.setattr(os, "getpid", os.getppid)  # as another process
    with Heartbeat(layout.heartbeat("a-run"), STORAGE):
        monkeypatch.undo()
        assert "was begun with filters = " in refusal(other)
    assert plan(other).is_new


def test_of_two_runs_that_begin_an_output_one_wins(full: Job) -> None:
    other = full.model_copy(update={"filters": (ImageSize(min_side=9),)})
    first, second = plan(full), plan(other)
    begin_output(second, STORAGE)
    with pytest.raises(FileExistsError):
        begin_output(first, STORAGE)
    second.work.check_output(STORAGE)
    with pytest.raises(JobError, match="another job began this output"):
        first.work.check_output(STORAGE)


def test_shards_with_new_content_get_new_units_until_rows_are_committed(
    full: Job, folder: Path
) -> None:
    committed(full)
    before = plan(full).units
    write_shard(folder / "shards" / "b.tar", pairs(2))
    planned = plan(full)
    assert [unit.name for unit in planned.pending] == ["b", "c"]
    versions = [
        (old.version, unit.version) for old, unit in zip(before, planned.units, strict=True)
    ]
    assert [old == new for old, new in versions] == [True, False, True]
    begin_output(planned, STORAGE)
    again = plan(full)
    assert (again.units, again.new_record) == (planned.units, None)
    assert again.work.fingerprint == planned.work.fingerprint


def test_a_missing_shard_stays_a_unit_which_will_fail(full: Job, folder: Path) -> None:
    committed(full)
    (folder / "shards" / "a.tar").unlink()
    (folder / "shards" / "b.tar").unlink()
    assert [unit.name for unit in plan(full).pending] == ["b", "c"]


def test_new_shards_are_left_out_and_counted(full: Job, folder: Path) -> None:
    begun(full)
    write_shard(folder / "shards" / "d.tar", pairs(1))
    planned = plan(full)
    assert [unit.name for unit in planned.units] == ["a", "b", "c"]
    assert planned.growth == Growth(waiting=1)


def test_a_folder_with_other_parquet_files_is_refused(full: Job, folder: Path) -> None:
    (folder / "output" / "old").mkdir(parents=True)
    (folder / "output" / "notes.txt").touch()
    assert plan(full).is_new
    (folder / "output" / "old" / "x.parquet").touch()
    assert "holds Parquet files, such as old/x.parquet, but no" in refusal(full)


def manifest_of(folder: Path) -> Path:
    (path,) = (folder / "output" / "_shardmill").glob("manifest.*.shards")
    return path


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff"])
def test_a_damaged_job_json_is_named(full: Job, folder: Path, content: bytes) -> None:
    begun(full)
    path = folder / "output" / "_shardmill" / "job.record"
    path.write_bytes(content)
    assert refusal(full) == f"{path}: is damaged or gone: restore it, or choose another output"


def test_a_damaged_manifest_is_named(full: Job, folder: Path) -> None:
    begun(full)
    path = manifest_of(folder)
    path.write_bytes(b"no Arrow file")
    assert f"{path}: is damaged or gone" in refusal(full)


def test_what_is_no_output_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"is not an output of shardmill"):
        open_output(str(tmp_path))


def test_a_manifest_that_is_gone_is_named(full: Job, folder: Path) -> None:
    begun(full)
    path = manifest_of(folder)
    path.unlink()
    assert f"{path}: is damaged or gone" in refusal(full)


def test_an_output_that_is_a_file_is_named(full: Job, folder: Path) -> None:
    (folder / "output").write_bytes(b"")
    assert refusal(full) == f"output: {folder / 'output'} is a file: name a folder"


def test_a_beginning_that_was_cut_short_is_made_again(full: Job, folder: Path) -> None:
    begun(full)
    (folder / "output" / "_shardmill" / "job.record").unlink()
    assert plan(full).is_new
