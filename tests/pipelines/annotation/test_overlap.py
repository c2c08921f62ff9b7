"""Tests that a thread handles the answers to a block while the engine works on the next block."""

import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field
from support.sample_data import job, pairs, write_shard

import pipelines.annotation.annotator
import pipelines.annotation.loaded_job
from filters import TextFilter
from filters.base import Judge
from inference.families import FAMILIES
from inference.tasks.text_tasks import Caption
from pipelines.annotation.annotator import Annotator
from pipelines.concurrency.background import BackgroundWorker
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import plan
from pipelines.storage.local import LocalStorage
from schemas.errors import DeadlinePassed, JobError, MachineFault, WorkerFault
from schemas.generation import Generation, ImageSpec, Request, Token
from schemas.report import UnitReport
from schemas.resources import Resources
from schemas.sample import Text
from schemas.tables import FOOTER_OOM_RETRIES
from schemas.verdict import Verdict, drop, keep

LONG = 60.0  # seconds; only a failing test waits this long
BLOCK, BLOCKS = 2, 5

Step = Callable[[int], object]  # called with the number of a block


class Script:
    """Runs a step when a block is generated and when it is judged, and records the order."""

    def __init__(self) -> None:
        self.asking: Step = lambda block: None
        self.judging: Step = lambda block: None
        self.events: list[tuple[str, int]] = []
        self._lock = threading.Lock()
        self._reached: dict[tuple[str, int], threading.Event] = {}

    def reach(self, what: str, block: int) -> None:
        with self._lock:
            self.events.append((what, block))
        self._event(what, block).set()

    def wait(self, what: str, block: int) -> None:
        assert self._event(what, block).wait(LONG), (what, block, self.events)

    def before(self, what: str, block: int) -> list[tuple[str, int]]:
        return self.events[: self.events.index((what, block))]

    def _event(self, what: str, block: int) -> threading.Event:
        with self._lock:
            return self._reached.setdefault((what, block), threading.Event())


class ScriptedEngine:
    """Answers each image with its number among all images."""

    def __init__(self, script: Script) -> None:
        self.family = FAMILIES["paligemma"]
        self.image_spec = ImageSpec(56)
        self.oom_retries = 0
        self._script = script
        self._blocks = 0
        self._images = 0

    def generate(self, block: Sequence[Request], /) -> list[tuple[Generation, ...]]:
        number, self._blocks = self._blocks, self._blocks + 1
        self._script.reach("asked", number)
        self._script.asking(number)
        first, self._images = self._images, self._images + len(block)
        self._script.reach("answered", number)
        return [
            (Generation((Token(0, str(image), -0.5),), f"answer {image}"),) * len(request.prompts)
            for image, request in enumerate(block, first)
        ]


class ScriptedFilter(TextFilter):
    """Drops every third answer."""

    kind: str = "scripted"
    script: Any = Field(exclude=True)

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        images = [int(item.value.removeprefix("answer ")) for item in items]
        block = images[0] // BLOCK
        self.script.judging(block)
        self.script.reach("judged", block)
        return [drop("third") if image % 3 == 0 else keep() for image in images]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    new_script = Script()
    monkeypatch.setattr(
        pipelines.annotation.loaded_job, "load_engine", lambda *_: ScriptedEngine(new_script)
    )
    return new_script


class Scene:
    """A job of one unit whose engine and filter follow a script."""

    def __init__(self, folder: Path, checkpoint: Path, script: Script, **keys: Any) -> None:
        write_shard(folder / "shards/a.tar", pairs(keys.pop("samples", BLOCK * BLOCKS)))
        part = keys.pop("part", 10_000)
        scripted_job = job(
            folder,
            checkpoint,
            input={"shards": f"{folder}/shards/*.tar", "max_samples_per_file": part},
            filters=[ScriptedFilter(script=script, applies_to="generated")],
            model={
                "checkpoint": str(checkpoint),
                "precision": "float32",
                "device": "cpu",
                "block_size": keys.pop("block", BLOCK),
            },
            **keys,
        )
        self.planned = plan(scripted_job)
        self.output = folder / "output"

    def annotate(self, storage: LocalStorage | None = None, **options: Any) -> UnitReport:
        begin_output(self.planned, LocalStorage())
        annotator = Annotator(self.planned.work, storage or LocalStorage(), decode_threads=1)
        try:
            return annotator.annotate(self.planned.units[0], **options)
        finally:
            annotator.close()

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.output.glob("*.parquet")}


@pytest.fixture
def scene(tmp_path: Path, checkpoint: Path, script: Script) -> Callable[..., Scene]:
    return partial(Scene, tmp_path, checkpoint, script)


@contextmanager
def nothing_left_running() -> Iterator[None]:
    yield
    names = {thread.name.split("-")[0] for thread in threading.enumerate()}
    assert names.isdisjoint({"answers", "prefetch"})


def test_the_engine_starts_a_block_before_the_last_answers_are_judged(
    scene: Callable[..., Scene], script: Script
) -> None:
    script.judging = lambda block: block + 1 < BLOCKS and script.wait("answered", block + 1)
    with nothing_left_running():
        report = scene().annotate()
    assert report.counts.read == BLOCK * BLOCKS
    assert [block for what, block in script.events if what == "judged"] == list(range(BLOCKS))


def test_at_most_one_answered_block_waits(scene: Callable[..., Scene], script: Script) -> None:
    # Judging a block waits until the engine has answered the next block.
    script.judging = lambda block: block + 1 < BLOCKS and script.wait("answered", block + 1)
    scene().annotate()
    for block in range(2, BLOCKS):
        assert ("judged", block - 2) in script.before("asked", block)


def test_a_part_is_committed_while_the_engine_works_on_the_next_block(
    scene: Callable[..., Scene], script: Script
) -> None:
    scene_job = scene(part=BLOCK)
    script.asking = lambda block: block and script.wait("judged", block - 1)
    report = scene_job.annotate()
    assert sorted(report.files) == sorted(scene_job.files())
    assert len(report.files) == BLOCKS


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {"samples": st.integers(0, 9), "block": st.integers(1, 4), "part": st.integers(1, 5)}
    )
)
def test_the_output_is_the_same_as_with_one_thread(
    tmp_path: Path, checkpoint: Path, script: Script, sizes: dict[str, int]
) -> None:
    outputs = []
    for in_thread in (True, False):
        shutil.rmtree(tmp_path)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(
                pipelines.annotation.annotator,
                "BackgroundWorker",
                lambda name, in_thread, now=in_thread: BackgroundWorker(name, in_thread=now),
            )
            scene_job = Scene(tmp_path, checkpoint, script, **sizes)
            report = scene_job.annotate()
        outputs.append((scene_job.files(), report.files, report.counts, report.scores))
    assert outputs[0] == outputs[1]
    assert list(outputs[0][0])


FAULTS = [WorkerFault("sick"), JobError("wrong"), MachineFault("full"), DeadlinePassed("late")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("place", ["asking", "judging"])
@pytest.mark.parametrize("faulty", [0, 2, BLOCKS - 1])
def test_a_fault_is_raised_unchanged_and_earlier_parts_are_committed(
    scene: Callable[..., Scene], script: Script, faulty: int, place: str, fault: Exception
) -> None:
    def fail(block: int) -> None:
        if block == faulty:
            raise fault

    setattr(script, place, fail)
    scene_job = scene(part=BLOCK)
    with nothing_left_running(), pytest.raises(type(fault)) as raised:
        scene_job.annotate()
    assert raised.value is fault
    assert sorted(scene_job.files()) == [f"a.{part:05}.parquet" for part in range(faulty)]


class FullStorage(LocalStorage):
    """Has room for a limited number of files."""

    def __init__(self, room: int) -> None:
        self._room = room

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        if not self._room:
            raise OSError(28, "No space left on device", path)
        self._room -= 1
        return super().write(path, content, durable)


@pytest.mark.parametrize("room", [0, 1, BLOCKS - 1])
def test_a_failing_commit_ends_the_unit(scene: Callable[..., Scene], room: int) -> None:
    scene_job = scene(part=BLOCK)
    with nothing_left_running(), pytest.raises(OSError, match="No space left"):
        scene_job.annotate(FullStorage(room))
    assert len(scene_job.files()) == room


def test_an_error_while_parsing_an_answer_ends_the_unit(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Caption, "parse", fail)
    with nothing_left_running(), pytest.raises(ZeroDivisionError):
        scene().annotate()


def test_a_cut_shard_fails_with_its_earlier_parts_committed(
    tmp_path: Path, scene: Callable[..., Scene]
) -> None:
    scene_job = scene(part=BLOCK)
    path = tmp_path / "shards/a.tar"
    path.write_bytes(path.read_bytes()[: -3 * 10_240])
    with nothing_left_running():
        report = scene_job.annotate()
    assert report.status == "failed"
    assert report.files == tuple(sorted(scene_job.files()))
    assert report.counts.read == BLOCK * len(report.files)


def test_each_file_counts_its_own_retries_after_memory_ran_out(
    scene: Callable[..., Scene], script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ScriptedEngine(script)
    monkeypatch.setattr(pipelines.annotation.loaded_job, "load_engine", lambda *_: engine)
    oom_retries = [0, 2, 0, 1, 0]

    def run_out(block: int) -> None:
        engine.oom_retries += oom_retries[block]

    script.asking = run_out
    script.judging = lambda block: block + 1 < BLOCKS and script.wait("answered", block + 1)
    scene_job = scene(part=BLOCK)
    report = scene_job.annotate()
    footers = [pq.read_metadata(scene_job.output / name).metadata for name in report.files]
    counts = [int(footer.get(FOOTER_OOM_RETRIES.encode(), 0)) for footer in footers]
    assert counts == oom_retries


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Makes SIGINT raise, even where the tests run in the background and ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_of_the_engine_leaves_no_partial_file(
    scene: Callable[..., Scene], script: Script
) -> None:
    def interrupt(block: int) -> None:
        if block == 3:
            signal.raise_signal(signal.SIGINT)

    script.asking = interrupt
    scene_job = scene(part=BLOCK)
    with nothing_left_running(), pytest.raises(KeyboardInterrupt):
        scene_job.annotate()
    assert ("answered", 3) not in script.events
    assert sorted(scene_job.files()) == [f"a.{part:05}.parquet" for part in range(3)]
    assert not list(scene_job.output.rglob("*.tmp"))


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_while_waiting_for_answers_ends_the_pass(
    scene: Callable[..., Scene], script: Script
) -> None:
    main = threading.main_thread().ident
    assert main is not None

    def interrupt(block: int) -> None:
        if block == 1:
            script.wait("answered", 2)
            signal.pthread_kill(main, signal.SIGINT)

    script.judging = interrupt
    with nothing_left_running(), pytest.raises(KeyboardInterrupt):
        scene(part=BLOCK).annotate()
    assert ("asked", 3) not in script.events


def test_progress_is_reported_in_the_callers_thread(scene: Callable[..., Scene]) -> None:
    reported: list[tuple[int, str]] = []
    scene().annotate(
        on_progress=lambda progress: reported.append(
            (progress.samples, threading.current_thread().name)
        )
    )
    assert reported == [(BLOCK * (block + 1), "MainThread") for block in range(BLOCKS)]
