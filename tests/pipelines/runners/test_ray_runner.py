"""Behavior of the Ray runner alone: missing Ray, a cluster without room, paths, metrics."""

import shutil
import socket
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.operations.run import run
from schemas.errors import JobError, WorkerFault
from shardmill import Job


@pytest.fixture
def one_unit(tmp_path: Path) -> Job:
    """A job without a model, whose workers would take seconds to import torch."""
    members = [*pairs(3)]
    write_shard(tmp_path / "shards/0.tar", [*members[:-1], ("000002.txt", b"short")])
    quality = {"kind": "text_quality", "min_words": 2}
    return job(tmp_path, model=None, tasks={}, filters=[quality], runner={"kind": "ray"})


def with_runner(work: Job, **keys: Any) -> Job:
    return Job.model_validate({**work.model_dump(), "runner": {"kind": "ray", **keys}})


def test_without_ray_the_error_says_how_to_install_it(
    one_unit: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(JobError, match=r"pip install 'shardmill\[ray\]'"):
        run(one_unit)


def test_a_missing_cluster_is_reported_at_once(
    one_unit: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)  # other tests may have started one
    with socket.socket() as silent:  # which has the port and does not listen there
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(JobError, match=f"no Ray cluster at {address}") as error:
            run(with_runner(one_unit, address=address))
    assert "ConnectionRefusedError" in str(error.value)  # Ray's own error takes minutes


@pytest.mark.usefixtures("ray_session")
@pytest.mark.faults  # starts a cluster
def test_a_cluster_without_room_is_reported_and_charges_no_unit(
    one_unit: Job, tmp_path: Path
) -> None:
    asking = with_runner(one_unit, resources={"rack_a": 2}, wait_seconds=0.1)
    with pytest.raises(WorkerFault, match=r"only 0 of 1 workers .* asks for 1 CPU, 2 rack_a"):
        run(asking)
    assert not (tmp_path / "output/_shardmill/attempts").exists()


@pytest.mark.usefixtures("ray_session")
@pytest.mark.faults  # a driver process of its own
def test_relative_paths_are_relative_to_the_drivers_folder(
    one_unit: Job,
    checkpoint: Path,
    mask_decoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # workers have other current folders
    (tmp_path / "hashes.csv").write_text(f"algorithm,hash\nmd5,{0:032x}\n", encoding="utf-8")
    shutil.copy(mask_decoder, tmp_path / "codes.npz")
    listed = {"kind": "hash_list", "path": "hashes.csv"}
    masks = {"kind": "segment", "labels": ["star"], "mask_decoder": "codes.npz"}
    keys: dict[str, Any] = {"filters": [listed], "tasks": {"masks": masks}}
    keys |= {"input": {"shards": "shards/*.tar"}, "output": "output"}
    keys["model"] = job(tmp_path, checkpoint).model
    summary = run(Job.model_validate({**one_unit.model_dump(), **keys}))
    assert summary.outcome == "complete"
    assert (tmp_path / "output/0.parquet").exists()


@pytest.mark.usefixtures("ray_session")
@pytest.mark.faults  # starts a cluster
def test_metrics_agree_with_the_reports(one_unit: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: Counter[tuple[str, ...]] = Counter()
    rates: list[float] = []

    class Recorded:
        def __init__(self, name: str, description: str, tag_keys: tuple[str, ...]) -> None:
            self.name, self.keys = name, tag_keys

        def inc(self, number: float, tags: dict[str, str]) -> None:
            assert set(tags) == set(self.keys)
            assert number > 0
            counted[self.name, *list(tags.values())[1:]] += number  # type: ignore[assignment]

        def set(self, value: float, tags: dict[str, str]) -> None:
            assert tags == {"job": "test"}
            rates.append(value)

    monkeypatch.setattr("ray.util.metrics.Counter", Recorded)
    monkeypatch.setattr("ray.util.metrics.Gauge", Recorded)
    run(one_unit)
    assert counted.pop(("shardmill_engine_waited_seconds",)) > 0
    assert counted == {
        ("shardmill_units", "committed"): 1,
        ("shardmill_samples", "kept"): 2,
        ("shardmill_samples", "dropped"): 1,
        ("shardmill_reasons", "text_quality/text_too_short"): 1,
    }
    assert rates[0] > 0
