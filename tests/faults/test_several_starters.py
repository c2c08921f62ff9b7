"""Several runs of the same and of different jobs start on one new output: one job wins."""

from pathlib import Path

import pytest
from support.several_starters import Rounds

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Rounds:
    return Rounds(tmp_path_factory.mktemp("starters"))


@pytest.mark.parametrize("seed", range(40))
def test_the_output_is_never_mixed(rounds: Rounds, seed: int, tmp_path: Path) -> None:
    rounds.play(seed, tmp_path / "output")
