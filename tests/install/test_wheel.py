"""The wheel has every file of the packages and nothing else, and needs no checkout."""

import shutil
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from support.clean_environment import ROOT, CleanEnvironment
from support.sample_data import pairs, write_shard

PACKAGES = ("shardmill", "schemas", "filters", "inference", "pipelines")
MODELS = {"accelerate", "huggingface_hub", "safetensors", "tokenizers", "torch", "transformers"}
CORE_BYTES = 400e6  # installed; docs/install.md lists the packages
FILTER = """\
name: filter
input: {shards: "shards/*.tar"}
filters: [{kind: image_size, min_side: 20}, {kind: personal_data}, {kind: toxicity_rules}]
output: filtered
"""
CAPTION = """\
name: caption
input: {shards: "shards/*.tar"}
filters: [{kind: porn_image_model, model: placards, label: nsfw, drop_at: 1}]
model: {checkpoint: model, precision: float32}
tasks: {caption: {kind: caption, max_new_tokens: 24}}
output: captions
"""

pytestmark = pytest.mark.faults  # pip unpacks 1.2 GB


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder of a user, outside of the checkout, with shards, models and two job files."""
    write_shard(tmp_path / "shards/00000.tar", pairs(5))
    shutil.copytree(ROOT / "demo/checkpoint", tmp_path / "model")
    shutil.copytree(ROOT / "demo/placard_classifier", tmp_path / "placards")
    (tmp_path / "filter.yaml").write_text(FILTER)
    (tmp_path / "caption.yaml").write_text(CAPTION)
    return tmp_path


def test_the_wheel_has_every_file_of_the_packages_and_nothing_else(
    distributions: tuple[Path, Path],
) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    paths = [path for name in PACKAGES for path in (ROOT / name, *(ROOT / name).rglob("*"))]
    files = {
        str(path.relative_to(ROOT))
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == files
    assert {f"{package}/py.typed" for package in PACKAGES} <= names


def test_the_sdist_has_no_tests(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[0]) as sdist:
        tops = {name.split("/")[1] for name in sdist.getnames() if "/" in name}
    files = {"LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}
    assert tops == {*PACKAGES, *files, "setup.py", "shardmill.egg-info"}


def test_the_core_is_small_and_has_no_torch(core_environment: CleanEnvironment) -> None:
    assert not MODELS & core_environment.packages()
    packages = core_environment.folder / "env/lib"
    sizes = [path.stat().st_size for path in packages.rglob("*") if not path.is_symlink()]
    assert sum(sizes) < CORE_BYTES


def test_the_core_filters_and_names_the_extra_that_a_model_needs(
    core_environment: CleanEnvironment, work: Path
) -> None:
    run = core_environment.run
    assert " preview " in run("shardmill --help", work)
    assert run("shardmill --version", work) == f"shardmill {version('shardmill')}\n"
    run("shardmill init", work)
    assert (work / "job.yaml").exists()
    assert "fingerprint" in run("shardmill plan filter.yaml", work)
    run("shardmill run filter.yaml", work)
    assert "problems: 0" in run("shardmill verify filtered", work)
    assert "1 of 1 shard" in run("shardmill status filtered", work)
    refused = run("shardmill plan caption.yaml", work, code=2)
    assert refused.count("\n") == 1
    assert refused.startswith("shardmill: model.checkpoint: a model needs accelerate, ")
    assert refused.endswith("pip install 'shardmill[models]'\n")


def test_the_extra_runs_a_model(full_environment: CleanEnvironment, work: Path) -> None:
    run = full_environment.run
    assert full_environment.packages() >= {"torch", "transformers"}
    run("shardmill plan caption.yaml", work)
    run("shardmill preview caption.yaml", work)
    run("shardmill run caption.yaml", work)
    assert "problems: 0" in run("shardmill verify captions", work)
    code = "import pandas; print(pandas.read_parquet('captions').caption.notna().sum())"
    assert run(f'python -c "{code}"', work) == "5\n"


def test_the_checkout_is_not_imported(full_environment: CleanEnvironment, work: Path) -> None:
    code = "import shardmill, schemas, pipelines; print(shardmill.__file__, pipelines.__file__)"
    shown = full_environment.run(f"python -c '{code}'", work)
    assert str(ROOT) not in shown
    assert shown.count(str(full_environment.folder)) == 2
