"""Fixtures and settings for all tests; `support.sample_data` makes the data."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings
from support import clean_environment
from support.clean_environment import CleanEnvironment

if TYPE_CHECKING:
    from support.command_line import CommandLine
    from support.google_services import GoogleServices

os.environ.setdefault(
    "OMP_WAIT_POLICY", "passive"
)  # as the command line does, before torch is imported
os.environ["COLUMNS"] = "80"  # the width without a terminal, at which tables wrap
for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(name, None)  # they turn on colors in the output
os.environ.pop("RAY_ADDRESS", None)  # an existing cluster must not be used
# Ray's own limits are shorter than what a busy machine may take, and Ray reads some at its import.
os.environ.update(
    {
        "RAY_agent_register_timeout_ms": "600000",
        "RAY_worker_register_timeout_seconds": "600",
        "RAY_gcs_server_request_timeout_seconds": "600",
        "RAY_gcs_rpc_server_reconnect_timeout_s": "600",
        "RAY_DASHBOARD_STARTUP_TIMEOUT_S": "600",
        "RAY_memory_monitor_refresh_ms": "0",  # tests beside this one may take memory
    }
)

# Waiting for the disk protects from a loss of power, which no test causes.
os.fsync = lambda _: None

# `make test` runs the same cases every time; `make fuzz` looks for new ones.
settings.register_profile("seeded", derandomize=True, deadline=None)
settings.register_profile("fuzz", max_examples=5000, deadline=None)
settings.load_profile("seeded")

SLOW = ("faults", "stores", "orchestrators")  # markers of tests that wait for other processes
SLOW_SECONDS = 1800  # for one of them, which takes minutes on a busy machine


@pytest.hookimpl(trylast=True)  # after the hooks that mark the tests of a folder
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow tests more time than `--timeout` in pyproject.toml gives the others."""
    for item in items:
        is_slow = any(map(item.get_closest_marker, SLOW))
        if is_slow and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


@pytest.fixture
def command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> "CommandLine":
    """The command line, run in an empty folder of its own."""
    from support.command_line import CommandLine  # imports the command line

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return CommandLine(monkeypatch, capsys)


@pytest.fixture(scope="session")
def _google_servers() -> "Iterator[GoogleServices]":
    from support.google_services import google_services  # imports Google's clients

    with google_services() as services:
        yield services


@pytest.fixture
def services(_google_servers: "GoogleServices") -> "GoogleServices":
    """Google's services on this machine, without what earlier tests left there."""
    _google_servers.reset()
    return _google_servers


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small PaliGemma 2 of random weights with 16 image tokens and images of 56x56 pixels."""
    from support.random_checkpoint import build  # imports torch

    folder = tmp_path_factory.mktemp("checkpoint")
    return build(folder, image_size=56, patch_size=14, text_layers=2)


@pytest.fixture(scope="session")
def entailment_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small classifier of pairs of texts that knows three things by name."""
    from support.small_entailment import entailment_model as save  # imports torch

    return save(tmp_path_factory.mktemp("entailment"))


@pytest.fixture(scope="session")
def mask_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of the mask decoder, with the keys and shapes of vae-oid.npz."""
    random = np.random.default_rng(0)
    shapes = {"decoder.0": (128, 512, 1, 1), "decoder.12": (1, 16, 1, 1)}
    for block in ("decoder.2.net", "decoder.3.net"):
        shapes |= {f"{block}.{layer}": (128, 128, 3, 3) for layer in (0, 2)}
        shapes[f"{block}.4"] = (128, 128, 1, 1)
    for layer, (inputs, outputs) in {
        4: (128, 128),
        6: (128, 64),
        8: (64, 32),
        10: (32, 16),
    }.items():
        shapes[f"decoder.{layer}"] = (inputs, outputs, 4, 4)
    arrays = {"_vq_vae._embedding": random.normal(size=(128, 512))}
    for name, shape in shapes.items():
        outputs = shape[1] if shape[2] == 4 else shape[0]  # transposed kernels are [in, out, ...]
        spread = (2 * outputs / np.prod(shape)) ** 0.5 * (2 if shape[2] == 4 else 1)
        arrays[f"{name}.weight"] = random.normal(scale=spread, size=shape)
        arrays[f"{name}.bias"] = random.normal(scale=0.1, size=outputs)
    arrays["decoder.12.bias"] -= 0.4  # so that masks have an inside and an outside
    path = tmp_path_factory.mktemp("masks") / "vae-oid.npz"
    np.savez(path, **{name: array.astype(np.float32) for name, array in arrays.items()})  # type: ignore[arg-type]
    return path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist and the wheel, built from a copy of the checkout."""
    return clean_environment.build(tmp_path_factory.mktemp("distributions"))


@pytest.fixture(scope="session")
def core_environment(
    distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> CleanEnvironment:
    """An environment with the wheel and what it needs, without any extra."""
    environment = clean_environment.create(tmp_path_factory.mktemp("core"))
    environment.install(str(distributions[1]))
    return environment


@pytest.fixture(scope="session")
def full_environment(
    distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> CleanEnvironment:
    """An environment as README makes it, and with the readers of Parquet that README names."""
    environment = clean_environment.create(tmp_path_factory.mktemp("full"))
    environment.install(f"{distributions[1]}[models]", "datasets", "duckdb", "pandas")
    return environment
