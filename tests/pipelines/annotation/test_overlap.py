"""While the engine works on a block, the answers to the one before are read, judged and stored."""

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
from pipelines.planning.plan import begin_output, plan
from pipelines.storage.local import LocalStorage
from schemas.errors import DeadlinePassed, JobError, MachineFault, WorkerFault
from schemas.generation import Generation, ImageSpec, Request, Token
from schemas.report import UnitReport
from schemas.resources import Resources
from schemas.sample import Text
from schemas.tables import FOOTER_OOM_RETRIES
from schemas.verdict import Verdict, drop, keep

LONG = 60.0  # seconds: only a failing test waits for as long
BLOCK, BLOCKS = 2, 5

Step = Callable[[int], object]  # called with the number of a block


class Script:
    """What happens when a block is asked about and when its answers are judged, in what order."""

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
    """Says which sample of all it was asked about."""

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
    made = Script()
    monkeypatch.setattr(
        pipelines.annotation.loaded_job, "load_engine", lambda *_: ScriptedEngine(made)
    )
    return made


class Scene:
    """A job of one unit, whose engine and filter follow a script."""

    def __init__(self, folder: Path, checkpoint: Path, script: Script, **keys: Any) -> None:
        write_shard(folder / "shards/a.tar", pairs(keys.pop("samples", BLOCK * BLOCKS)))
        part = keys.pop("part", 10_000)
        made = job(
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
        self.planned = plan(made)
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


def test_a_block_is_asked_about_before_the_answers_to_the_last_are_judged(
    scene: Callable[..., Scene], script: Script
) -> None:
    script.judging = lambda block: block + 1 < BLOCKS and script.wait("answered", block + 1)
    with nothing_left_running():
        report = scene().annotate()
    assert report.counts.read == BLOCK * BLOCKS
    assert [block for what, block in script.events if what == "judged"] == list(range(BLOCKS))


def test_at_most_one_answered_block_waits(scene: Callable[..., Scene], script: Script) -> None:
    # The judging of each block is as late as can be: until the next one has been answered.
    script.judging = lambda block: block + 1 < BLOCKS and script.wait("answered", block + 1)
    scene().annotate()
    for block in range(2, BLOCKS):
        assert ("judged", block - 2) in script.before("asked", block)


def test_a_part_is_committed_while_the_next_block_is_asked_about(
    scene: Callable[..., Scene], script: Script
) -> None:
    made = scene(part=BLOCK)
    script.asking = lambda block: block and script.wait("judged", block - 1)
    report = made.annotate()
    assert sorted(report.files) == sorted(made.files())
    assert len(report.files) == BLOCKS


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {"samples": st.integers(0, 9), "block": st.integers(1, 4), "part": st.integers(1, 5)}
    )
)
def test_what_is_stored_is_what_one_thread_stores(
    tmp_path: Path, checkpoint: Path, script: Script, sizes: dict[str, int]
) -> None:
    found = []
    for in_thread in (True, False):
        shutil.rmtree(tmp_path)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(
                pipelines.annotation.annotator,
                "BackgroundWorker",
                lambda name, in_thread, now=in_thread: BackgroundWorker(name, in_thread=now),
            )
            made = Scene(tmp_path, checkpoint, script, **sizes)
            report = made.annotate()
        found.append((made.files(), report.files, report.counts, report.scores))
    assert found[0] == found[1]
    assert list(found[0][0])


FAULTS = [WorkerFault("sick"), JobError("wrong"), MachineFault("full"), DeadlinePassed("late")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("place", ["asking", "judging"])
@pytest.mark.parametrize("faulty", [0, 2, BLOCKS - 1])
def test_a_fault_arrives_as_it_was_and_what_was_answered_before_it_is_committed(
    scene: Callable[..., Scene], script: Script, faulty: int, place: str, fault: Exception
) -> None:
    def fail(block: int) -> None:
        if block == faulty:
            raise fault

    setattr(script, place, fail)
    made = scene(part=BLOCK)
    with nothing_left_running(), pytest.raises(type(fault)) as raised:
        made.annotate()
    assert raised.value is fault
    assert sorted(made.files()) == [f"a.{part:05}.parquet" for part in range(faulty)]


class FullStorage(LocalStorage):
    """Has room for so many files of rows."""

    def __init__(self, room: int) -> None:
        self._room = room

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> None:
        if not self._room:
            raise OSError(28, "No space left on device", path)
        self._room -= 1
        super().write(path, content, durable)


@pytest.mark.parametrize("room", [0, 1, BLOCKS - 1])
def test_a_commit_that_fails_ends_the_unit(scene: Callable[..., Scene], room: int) -> None:
    made = scene(part=BLOCK)
    with nothing_left_running(), pytest.raises(OSError, match="No space left"):
        made.annotate(FullStorage(room))
    assert len(made.files()) == room


def test_a_task_that_fails_to_read_an_answer_ends_the_unit(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Caption, "parse", fail)
    with nothing_left_running(), pytest.raises(ZeroDivisionError):
        scene().annotate()


def test_a_shard_that_is_cut_fails_with_its_parts_committed(
    tmp_path: Path, scene: Callable[..., Scene]
) -> None:
    made = scene(part=BLOCK)
    path = tmp_path / "shards/a.tar"
    path.write_bytes(path.read_bytes()[: -3 * 10_240])
    with nothing_left_running():
        report = made.annotate()
    assert report.status == "failed"
    assert report.files == tuple(sorted(made.files()))
    assert report.counts.read == BLOCK * len(report.files)


def test_memory_that_runs_out_is_told_by_the_file_that_it_concerns(
    scene: Callable[..., Scene], script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ScriptedEngine(script)
    monkeypatch.setattr(pipelines.annotation.loaded_job, "load_engine", lambda *_: engine)
    oom_retries = [0, 2, 0, 1, 0]

    def run_out(block: int) -> None:
        engine.oom_retries += oom_retries[block]

    script.asking = run_out
    script.judging = lambda block: block + 1 < BLOCKS and script.wait("answered", block + 1)
    made = scene(part=BLOCK)
    report = made.annotate()
    footers = [pq.read_metadata(made.output / name).metadata for name in report.files]
    told = [int(footer.get(FOOTER_OOM_RETRIES.encode(), 0)) for footer in footers]
    assert told == oom_retries


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C raises, even where the tests themselves run in the background and ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_of_the_engine_ends_all_and_halves_nothing(
    scene: Callable[..., Scene], script: Script
) -> None:
    def interrupt(block: int) -> None:
        if block == 3:
            signal.raise_signal(signal.SIGINT)

    script.asking = interrupt
    made = scene(part=BLOCK)
    with nothing_left_running(), pytest.raises(KeyboardInterrupt):
        made.annotate()
    assert ("answered", 3) not in script.events
    assert sorted(made.files()) == [f"a.{part:05}.parquet" for part in range(3)]
    assert not list(made.output.rglob("*.tmp"))


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_while_answers_are_waited_for_ends_all(
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


def test_progress_is_told_in_the_callers_thread(scene: Callable[..., Scene]) -> None:
    told: list[tuple[int, str]] = []
    scene().annotate(
        on_progress=lambda progress: told.append(
            (progress.samples, threading.current_thread().name)
        )
    )
    assert told == [(BLOCK * (block + 1), "MainThread") for block in range(BLOCKS)]
