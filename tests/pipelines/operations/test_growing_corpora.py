"""Random sequences of changes to a corpus and of runs that may die, compared with a model."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dying_storage import DyingStorage, Killed
from support.sample_data import job, pairs, tar_bytes

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.output.output import find_output
from pipelines.storage.local import LocalStorage

SAMPLES = {"a": 1, "b": 2, "c": 3, "z": 1}  # by shard, in parts of 2; z is always there
CONTENT = {name: tar_bytes(pairs(number, ord(name))) for name, number in SAMPLES.items()}
NAMES = st.sampled_from("abc")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), NAMES),
        st.tuples(st.just("remove"), NAMES),
        st.tuples(st.just("touch"), NAMES),
        st.tuples(st.just("move"), st.none()),
        st.tuples(
            st.sampled_from(("run", "extend", "forget", "extend and forget")),
            st.none() | st.integers(1, 25),  # changes until the run dies
        ),
    ),
    min_size=3,
    max_size=8,
)


class Corpus:
    """A folder of shards, and an output that a model follows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shards = folder / "shards"
        self.shards.mkdir()
        self.times = 0
        self.known: set[str] = set()  # shards of the output
        self.begun = False
        self.add("z")

    def add(self, name: str) -> None:
        (self.shards / f"{name}.tar").write_bytes(CONTENT[name])
        self.touch(name)

    def remove(self, name: str) -> None:
        (self.shards / f"{name}.tar").unlink(missing_ok=True)

    def touch(self, name: str) -> None:
        self.times += 1
        path = self.shards / f"{name}.tar"
        if path.exists():
            os.utime(path, (self.times, self.times))

    def move(self, _: None) -> None:
        self.times += 1
        self.shards = self.shards.rename(self.folder / f"shards-{self.times}")

    @property
    def present(self) -> set[str]:
        return {path.stem for path in self.shards.iterdir()}

    def job(self, *, extend: bool = True, output: str = "output") -> Job:
        filters = [{"kind": "text_quality", "min_words": 2}]
        shards = {"shards": f"{self.shards}/*.tar", "max_samples_per_file": 2}
        keys = {"extend": extend, "output": f"{self.folder}/{output}", "input": shards}
        return job(self.folder, model=None, tasks={}, filters=filters, **keys)

    def files(self) -> dict[str, bytes]:
        found = (self.folder / "output").glob("*.parquet")
        return {path.name: path.read_bytes() for path in found}

    def stems(self) -> set[str]:
        """The shards that have a file in the output."""
        return {name.partition(".")[0] for name in self.files()}

    def units(self) -> set[str]:
        """The shards that the output's record names."""
        output = find_output(f"{self.folder}/output", LocalStorage())
        return {unit.name for unit in output.units} if output else set()

    def run(self, how: str, changes: int | None) -> None:
        """Run the job; compare the shards of the output, and its files, with the model."""
        extend, forget = "extend" in how, "forget" in how
        before, had_files = self.known, self.stems()
        if forget:
            self.known = self.known & self.present
        if extend or not self.begun:
            self.known = self.known | self.present
        storage = DyingStorage(changes) if changes else LocalStorage()
        died = False
        try:
            run(self.job(extend=extend), storage=storage, forget_missing=forget)
        except Killed:
            died = True
        shards = self.units()
        stems = self.stems()
        assert had_files & shards <= stems  # what the record names is never deleted
        if died:
            assert before & self.known <= shards | (set() if self.begun else before | self.known)
            assert shards <= before | self.known
            self.known = shards
            self.begun = bool(shards)
            return
        self.begun = True
        assert shards == self.known
        assert stems <= self.known
        assert stems >= self.known & self.present
        assert (self.folder / "output/_SUCCESS").exists() == (stems == self.known)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an undisturbed run over all shards."""
    corpus = Corpus(tmp_path_factory.mktemp("whole"))
    for name in SAMPLES:
        corpus.add(name)
    run(corpus.job())
    return corpus.files()


@settings(max_examples=12)
@given(steps=STEPS)
def test_every_sample_is_in_its_shard_s_file_once(
    steps: list[tuple[str, object]],
    tmp_path_factory: pytest.TempPathFactory,
    expected: dict[str, bytes],
) -> None:
    corpus = Corpus(tmp_path_factory.mktemp("corpus"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        for act, value in steps:
            if act in ("add", "remove", "touch", "move"):
                getattr(corpus, act)(value)
            else:
                corpus.run(act, value)  # type: ignore[arg-type]
            made = corpus.files()
            assert made == {name: expected[name] for name in made}
        corpus.run("extend and forget", None)
        stems = {name: name.partition(".")[0] for name in expected}
        present = {name: expected[name] for name in expected if stems[name] in corpus.present}
        assert corpus.files() == present
        assert verify(f"{corpus.folder}/output").problems == ()
        assert not list(corpus.folder.rglob("output/**/*.tmp"))
    shutil.rmtree(corpus.folder)


@pytest.mark.faults
def test_dying_after_any_change_of_an_extension_loses_nothing(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    corpus = Corpus(tmp_path)
    for name in "ab":
        corpus.add(name)
    run(corpus.job())
    corpus.remove("a")
    corpus.add("c")
    shutil.copytree(tmp_path / "output", tmp_path / "before")
    counting = DyingStorage(10**9)
    run(corpus.job(), storage=counting, forget_missing=True)
    whole = corpus.files()
    assert whole == {name: expected[name] for name in expected if name[0] in "bcz"}
    assert counting.made > 15
    for changes in range(1, counting.made):
        shutil.rmtree(tmp_path / "output")
        shutil.copytree(tmp_path / "before", tmp_path / "output")
        with pytest.raises(Killed):
            run(corpus.job(), storage=DyingStorage(changes), forget_missing=True)
        if (tmp_path / "output/_SUCCESS").exists():
            assert corpus.files() in (whole, {n: expected[n] for n in expected if n[0] in "abz"})
        assert corpus.units() & set("abz") <= corpus.stems()
        run(corpus.job(extend=False))  # deletes what the record forgets
        assert corpus.stems() == corpus.units()
        run(corpus.job(), forget_missing=True)
        assert corpus.files() == whole, changes
        assert verify(f"{tmp_path}/output").problems == ()
        assert (tmp_path / "output/_SUCCESS").exists()
