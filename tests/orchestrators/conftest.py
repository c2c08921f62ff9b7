"""Marks the tests of this folder, and finds the tools that `make test-orchestrators` installs."""

import os
from pathlib import Path

import pytest
from support.orchestrator_tools import TOOLS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(os.path.dirname(__file__)):
            item.add_marker(pytest.mark.orchestrators)


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the commands of Airflow and of the validators."""
    if not (TOOLS.parent / ".ready").exists():
        pytest.skip("NOT TESTED: Airflow and validators are missing: run make test-orchestrators")
    return TOOLS
