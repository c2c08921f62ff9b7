"""Any change of a valid job gives a job, or a JobError of one line, in bounded time and memory.

`make fuzz` tests the same properties with thousands of cases.
"""

import copy
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from support.sample_data import pairs, write_shard

from inference.benchmarking.peak_memory import peak_memory
from pipelines.config.job import Job
from pipelines.planning.plan import plan
from schemas.errors import JobError

CLEAR = Path("/proc/self/clear_refs")  # takes 5, which lets the peak of memory begin anew
SECONDS, MEGABYTES = 20, 300  # of a CPU, and above the memory before

FILTERS_ALONE: dict[str, Any] = {
    "name": "fuzz",
    "input": {
        "shards": ["shards/*.tar", "shards/{0..1}.tar"],
        "text": "txt",
        "image": None,
        "carry": ["json:meta.url"],
        "limits": {"max_pixels": 100_000, "max_decode_seconds": 1.5},
        "max_samples_per_file": 10,
    },
    "filters": [
        {"kind": "image_size", "min_side": 64, "max_aspect": 2.5},
        {"kind": "text_quality", "applies_to": "both"},
        {"kind": "personal_data"},
        {"kind": "hash_list", "path": "hashes.csv"},
    ],
    "evaluate": "all",
    "filters_from": None,
    "output": "output",
    "max_error_rate": 0.5,
    "runner": {"kind": "local", "workers": 2, "decode_threads": 1},
}
WITH_TASKS: dict[str, Any] = {
    **FILTERS_ALONE,
    "model": {"checkpoint": "checkpoint", "adapter": "adapter", "block_size": 8},
    "tasks": {
        "caption": {"kind": "caption", "language": "en", "max_new_tokens": 4},
        "objects": {"kind": "segment", "labels": ["a cat"], "mask_decoder": "vae-oid.npz"},
    },
    "runner": {"kind": "ray", "workers": {"min": 1, "max": 2}, "resources": {"a": 1.0}},
}
STRANGE = [
    *(None, True, -1, 0, 1, 2**31, 2**63, -(10**30), 10**400, 1e308, -0.0, 1e-320),
    *(float("inf"), float("nan"), [], {}, [[]], {"": ""}, {"a\nb": 1}, {"kind": "local"}),
    *("", " ", "\0", "a\nb", "\x1b[31m", "\u202e", "\udcff", "\u2028", "é" * 3000, "x" * 50_000),
    *("*" * 3, "*a" * 50 + "b", "**/" * 50 + "*.tar", "[", "{", "}", "{0..9}" * 9, "{0..30000000}"),
    *("{" * 2000 + "}" * 2000, "{a,b}" * 60, "{0.." + "9" * 5000 + "}", "\\", "{a..Z..0}"),
    *("/", ".", "..", "../..", "~nobody/x", "file://", "file:///", "s3://a/b", "shards", "pipe"),
    *("shards/0.tar/x", "zero.tar", "pipe.tar", "self.tar", "hashes.csv", "x" * 300 + "/y.tar"),
    *("json:", "json:a..b", "txt", "2026-13-45", "$(id)", "%s{0}", "null", "on", "1e999", "image"),
]


def containers(value: Any) -> Iterator[Any]:
    """Yield each list and group, from the outermost on."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


def nested(value: Any, depth: int, as_list: bool) -> Any:
    for _ in range(depth):
        value = [value] if as_list else {"a": value}
    return value


values = st.one_of(
    st.sampled_from(STRANGE),
    st.text(st.characters(exclude_characters="/"), max_size=20),
    st.integers() | st.floats(),
    st.builds(nested, st.sampled_from(STRANGE), st.integers(0, 60), st.booleans()),
    st.builds(lambda value, times: [value] * times, st.sampled_from(STRANGE), st.integers(0, 300)),
)


@st.composite
def changed_jobs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a valid job, and change up to three of its values or keys."""
    job = copy.deepcopy(draw(st.sampled_from([FILTERS_ALONE, WITH_TASKS])))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(list(containers(job))))
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys)) if keys else 0
        change = draw(st.sampled_from(["replace", "replace", "remove", "add", "rename"]))
        if change == "replace" and keys:
            place[key] = copy.deepcopy(draw(values))
        elif change == "remove" and keys:
            del place[key]
        elif change == "rename" and isinstance(place, dict) and keys:
            place[str(draw(st.sampled_from([*STRANGE, "kind"])))[:5000]] = place.pop(key)
        elif isinstance(place, list):
            place.append(copy.deepcopy(draw(values)))
        else:
            place[draw(st.text(max_size=5))] = copy.deepcopy(draw(values))
    return job


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    for number in range(2):
        write_shard(folder / f"shards/{number}.tar", pairs(1))
    (folder / "hashes.csv").write_text(f"algorithm,hash\nmd5,{'0' * 32}\n")
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "pipe.tar")
    (folder / "zero.tar").symlink_to("/dev/zero")
    (folder / "self.tar").symlink_to("self.tar")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        plan(Job.parse(json.dumps(FILTERS_ALONE)))  # imports torch and reads word lists, once
    return folder


def bounded(work: Callable[[], object]) -> None:
    """Call the function, which may raise a JobError of one line; check its time and memory."""
    seconds = time.process_time()
    CLEAR.write_text("5")
    memory = peak_memory()
    try:
        work()
    except JobError as error:
        line = str(error)
    else:
        line = ""
    assert time.process_time() - seconds < SECONDS
    assert peak_memory() - memory < MEGABYTES << 20
    assert line.isprintable() or not set(line) & set("\n\r\x1b\0\u2028\u202e")
    line.encode()  # no lone surrogate
    assert len(line) <= 10_000


def load_and_plan(path: Path) -> None:
    job = Job.load(path)
    names_model = any(stage.models() for stage in job.filters)
    if job.model is None and not names_model:  # a model may be looked up on the hub
        plan(job)


@settings(
    max_examples=settings().max_examples // 2,  # each plans a job, which takes up to 0.1 s
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(changed_jobs(), st.booleans())
def test_any_change_of_a_job_is_a_job_or_a_job_error(
    folder: Path, job: dict[str, Any], as_yaml: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HOME", str(folder))
        path = folder / "job.yaml"
        text = json.dumps(job)
        if as_yaml:
            stream = io.StringIO()
            with suppress(Exception):  # some values cannot be written so
                YAML(typ="safe", pure=True).dump(job, stream)
                text = stream.getvalue()
        path.write_text(text, "utf-8", errors="surrogatepass")
        bounded(lambda: load_and_plan(path))


def test_the_unchanged_jobs_are_valid(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "job.yaml").write_text(json.dumps(FILTERS_ALONE))
    assert len(plan(Job.load("job.yaml")).units) == 2
    (folder / "job.yaml").write_text(json.dumps(WITH_TASKS))
    assert set(Job.load("job.yaml").tasks) == {"caption", "objects"}


@given(
    st.lists(
        st.sampled_from(
            [
                "name",
                "input",
                "tasks",
                "filters",
                "shards",
                "limits",
                "0",
                "99999",
                "٣",
                "",
                "[",
                "9" * 5000,
                "a" * 2000,
                "\n",
                "\ud800",
            ]
        ),
        max_size=60,
    ),
    st.sampled_from(
        ["=", "=[", "={a: &a [*a]}", "=" + "[" * 500, "=\0", "=x" * 9000, "=0x" + "f" * 5000, ""]
    ),
)
def test_any_setting_is_taken_or_a_job_error(keys: list[str], value: str) -> None:
    text = json.dumps(FILTERS_ALONE)
    bounded(lambda: Job.parse(text, "job.yaml", [".".join(keys) + value]))


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def merges(levels: int) -> str:
    lines = ["a0: &a0 {k: v, l: w}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, levels)]
    return "\n".join(lines)


TOO_DEEP = "lists and groups lie within each other in more than 50 levels"
TOO_LARGE = "has more than 2,000,000 characters with its aliases written out"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: " + "a" * 1_000_000, "has more than 1,000,000 bytes: name fewer shards"),
        (laughs(30), TOO_LARGE),
        (merges(30), TOO_LARGE),
        (f"a: &a {'x' * 10_000}\nb: [{'*a, ' * 300}]", TOO_LARGE),
        ("[" * 100_000, TOO_DEEP),
        ("{a: " * 20_000, TOO_DEEP),
        ("- " * 20_000, TOO_DEEP),
        ("[a, " * 20_000, TOO_DEEP),
        ("a: " + "[" * 50 + "]" * 50, TOO_DEEP),
        ("a: 0x" + "f" * 5000, "holds a number above 9223372036854775807"),
        ("a: -9223372036854775808", "holds a number above 9223372036854775807"),
        ("a: " + "9" * 5000, "holds a date or number that is none"),
        ("%YAML 1.1\n---\na: 1" + ":59" * 5000, "holds a number above"),
        ('a: "\\ud800"', r"holds half a character: \ud800"),
        ("a: &a {b: *a}", "it contains itself"),
        ("a: " + "[" * 49 + "]" * 49, "a: unknown key"),
    ],
)
def test_a_job_file_is_bounded(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text)
    bounded(lambda: Job.load(path))
    with pytest.raises(JobError, match=r"job\.yaml: ") as caught:
        Job.load(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["pipe", "zero.tar"])
def test_a_job_file_is_a_file(folder: Path, name: str) -> None:
    with pytest.raises(JobError, match=f"{name}: cannot be read: Not a regular file"):
        Job.load(folder / name)
    with pytest.raises(JobError, match="cannot be read: Is a directory"):
        Job.load(folder)


PATHS = [
    ("output", ["output"]),
    ("filters_from", ["filters_from"]),
    ("input.shards", ["input", "shards"]),
    ("input.shards", ["input", "shards", 1]),
    ("filters[3].path", ["filters", 3, "path"]),
    ("model.checkpoint", ["model", "checkpoint"]),
    ("model.adapter", ["model", "adapter"]),
    ("tasks.objects.mask_decoder", ["tasks", "objects", "mask_decoder"]),
]


@pytest.mark.parametrize(("field", "keys"), PATHS)
@pytest.mark.parametrize("character", ["\0", "\n", "\r", "\x1b", "\u2028"])
def test_no_path_has_control_characters(field: str, keys: list[Any], character: str) -> None:
    job = copy.deepcopy(WITH_TASKS)
    place: Any = job
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = f"a{character}b"
    with pytest.raises(JobError) as caught:
        Job.parse(json.dumps(job), "job.yaml")
    message = "contains a control character, such as a line break: remove it"
    assert f"{field}: {message}" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["pipe", "zero.tar", "shards", "missing", "x" * 300])
def test_what_a_filter_names_is_a_file(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    job = copy.deepcopy(FILTERS_ALONE)
    job["filters"][3]["path"] = name
    with pytest.raises(JobError, match=r"^filters\[3\].*cannot be read: .*: check the path"):
        plan(Job.parse(json.dumps(job)))


def test_the_output_is_not_the_whole_file_system(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for key in ("output", "filters_from"):
        with pytest.raises(JobError, match="/ is the whole file system: name a folder in it"):
            plan(Job.parse(json.dumps({**FILTERS_ALONE, key: "/"})))
