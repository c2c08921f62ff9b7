"""A job without a model runs without torch; a model without its packages is one line."""

import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement
from support.sample_data import job, pairs, write_shard

from inference import device_type, resolve_device
from inference.hub import optional_packages
from inference.hub.optional_packages import check_model_packages
from pipelines.operations.bench import bench
from pipelines.operations.fetch import fetch
from pipelines.operations.run import run
from pipelines.planning.plan import plan
from schemas.errors import JobError

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
COMMAND = "pip install 'shardmill[models]'"
FILTERS: list[Any] = [{"kind": "image_size", "min_side": 1}, {"kind": "personal_data"}]


@pytest.fixture
def without_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the packages of the extra `models` look as if they were not installed."""
    known = optional_packages.distribution

    def distribution(name: str) -> Distribution:
        if name in optional_packages._MODELS:
            raise PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(optional_packages, "distribution", distribution)
    for name in optional_packages._MODELS:
        monkeypatch.setitem(sys.modules, name, None)  # its import fails
    monkeypatch.setattr("inference.device.find_spec", lambda _: None)


def names(requirements: list[str]) -> set[str]:
    return {Requirement(each).name for each in requirements}


def test_the_extra_is_what_is_checked() -> None:
    extras = PROJECT["optional-dependencies"]
    assert names(extras["models"]) == set(optional_packages._MODELS)
    assert not names(PROJECT["dependencies"]) & names(extras["models"])
    assert "shardmill" in names(extras["dev"])
    check_model_packages("model")


@pytest.mark.usefixtures("without_models")
def test_a_job_without_a_model_runs_without_torch(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards/0.tar", pairs(3))
    filtering = job(tmp_path, model=None, tasks={}, filters=FILTERS)
    assert plan(filtering).work.resolved.device == "cpu"
    assert run(filtering).counts.kept == 3
    assert (tmp_path / "output/_shardmill/device").read_text().startswith("CPU with ")


@pytest.mark.usefixtures("without_models")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": {"checkpoint": "a/b"}, "tasks": {"c": {"kind": "caption"}}}, "model.checkpoint"),
        (
            {"filters": [*FILTERS, {"kind": "porn_image_model", "model": "a/b"}]},
            "filters[2].model",
        ),
        ({"filters": [{"kind": "toxicity_model", "model": "a/b"}]}, "filters[0].model"),
    ],
)
def test_a_model_without_its_packages_is_one_line(
    tmp_path: Path, changes: dict[str, Any], field: str
) -> None:
    write_shard(tmp_path / "shards/0.tar", pairs(1))
    made = job(tmp_path, **{"model": None, "tasks": {}, "filters": FILTERS, **changes})
    for act in (plan, lambda made: list(fetch(made))):
        with pytest.raises(JobError) as caught:
            act(made)
        assert str(caught.value).startswith(f"{field}: a model needs accelerate, ")
        assert str(caught.value).endswith(f"which are not installed: {COMMAND}")


@pytest.mark.usefixtures("without_models")
def test_bench_names_the_extra() -> None:
    with pytest.raises(JobError, match="CHECKPOINT: a model needs"):
        bench({"checkpoint": "a/b"}, ["caption"], [], 1)


def test_one_missing_package_is_named_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional_packages, "is_installed", lambda name: name != "tokenizers")
    with pytest.raises(JobError) as caught:
        check_model_packages("model")
    line = f"model: a model needs tokenizers, which is not installed: {COMMAND}"
    assert str(caught.value) == line


@pytest.mark.usefixtures("without_models")
def test_auto_is_the_cpu_without_torch() -> None:
    assert resolve_device("auto") == "cpu"
    assert resolve_device("auto", workers_have_gpus=True) == "cuda"


@pytest.mark.parametrize(
    ("found", "name"),
    [(["X86_V3", "X86_V4"], "AVX512"), (["X86_V3"], "AVX2"), ([], "DEFAULT")],
)
def test_a_cpu_is_named_by_numpy_without_torch(
    monkeypatch: pytest.MonkeyPatch, found: list[str], name: str
) -> None:
    extensions = {"SIMD Extensions": {"baseline": ["X86_V2"], "found": found}}
    monkeypatch.setattr(np, "show_config", lambda mode: extensions)
    assert device_type("cpu", uses_torch=False) == f"CPU with {name}"


def test_only_a_job_that_may_use_torch_depends_on_its_version(
    tmp_path: Path, checkpoint: Path
) -> None:
    write_shard(tmp_path / "shards/0.tar", pairs(1))
    with_model = plan(job(tmp_path, checkpoint)).work
    without = plan(job(tmp_path, model=None, tasks={}, filters=FILTERS)).work
    assert {"tokenizers", "torch", "transformers"} <= set(with_model.resolved.packages)
    assert not {"tokenizers", "torch", "transformers"} & set(without.resolved.packages)
    assert (with_model.uses_torch, without.uses_torch) == (True, False)
