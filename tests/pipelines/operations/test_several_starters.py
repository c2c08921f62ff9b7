"""Several runs start on one new output; tests/faults plays many more rounds."""

from pathlib import Path

from support.several_starters import Rounds


def test_the_output_is_never_mixed(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path)
    for seed in range(1000, 1004):
        rounds.play(seed, tmp_path / f"output-{seed}")
