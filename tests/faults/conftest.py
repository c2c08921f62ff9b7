"""Fixtures of the tests that kill and stop real processes."""

import pytest
from support.gate import Gate


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """A gate for the jobs of a test file; it is open at first."""
    return Gate(tmp_path_factory.mktemp("gate") / "gate")
