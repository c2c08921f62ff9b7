"""Tests the public module: its names, and its error where another package has the same name."""

import inspect
import os
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import shardmill

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", shardmill.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(shardmill, name).__name__ == name


def test_other_names_raise_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Jobs"):
        shardmill.Jobs


@pytest.mark.parametrize("package", ["schemas", "filters", "inference", "pipelines"])
def test_a_foreign_package_is_a_one_line_error(package: str, tmp_path: Path) -> None:
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("raise SystemExit('imported')")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import shardmill; shardmill.main()"
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert process.returncode == 1
    assert len(process.stderr.splitlines()) == 1
    assert f"shardmill: the package {package!r} comes from {tmp_path}" in process.stderr


def test_dir_lists_the_public_names() -> None:
    assert dir(shardmill) == sorted(shardmill.__all__)
    assert {"annotate", "judge", "run", "Job", "Summary"} <= set(dir(shardmill))


@pytest.mark.parametrize(
    "name", ["annotate", "export", "finish", "judge", "judge_images", "plan", "run"]
)
def test_help_shows_plain_defaults_and_an_example(name: str) -> None:
    function = getattr(shardmill, name)
    shown = pydoc.render_doc(function, renderer=pydoc.plaintext)
    assert "<lambda>" not in shown
    assert " at 0x" not in shown
    if name != "plan":
        assert f"{name}(" in inspect.getdoc(function)


@pytest.mark.parametrize("package", ["shardmill", "schemas", "filters", "inference", "pipelines"])
def test_every_package_says_that_it_has_types(package: str) -> None:
    assert (ROOT / package / "py.typed").read_text() == ""


PROGRAM = """\
import numpy as np
from collections.abc import Sequence
from typing import ClassVar, Literal, assert_type
import shardmill
from shardmill import Annotator, Job, JobError, Summary, annotate, judge, judge_images, run
from filters import TextFilter
from filters.base import Judge
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep

class Shout(TextFilter):
    fields: ClassVar[Literal["prose", "all"]] = "prose"
    kind: Literal["shout"] = "shout"
    share: float = 0.5

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [drop("text_shouted") if item.value.isupper() else keep() for item in items]

def main() -> None:
    try:
        summary = run(Job.load("job.yaml"), progress=False, on_warning=print)
    except JobError as error:
        print(error)
        return
    assert_type(summary, Summary)
    print(summary, summary.counts_here.kept, summary.to_pandas().head())
    array = np.zeros((4, 4, 3), np.uint8)
    rows = annotate(["a.jpg", array], {"a": "caption"}, "model", device="cpu")
    print(rows[0]["a"], judge(["a"], Shout(share=0.2)), judge_images([b""], ["image_size"]))
    with Annotator("model") as annotator:
        annotator.annotate([], "caption")
    Shout(share="x")  # wrong
    run(1)  # wrong
    annotate(["a"], 3, "model")  # wrong
    shardmill.nothing  # wrong
"""

# The types of torch take most of the time, and no public function has one.
MYPY = """\
[mypy]
strict = True
[mypy-torch.*,transformers.*,accelerate.*]
follow_imports = skip
"""


@pytest.mark.faults
def test_mypy_checks_a_program_that_uses_the_installed_packages(tmp_path: Path) -> None:
    for package in ("shardmill", "schemas", "filters", "inference", "pipelines"):
        (tmp_path / "site").mkdir(exist_ok=True)
        (tmp_path / "site" / package).symlink_to(ROOT / package)
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "mypy.ini").write_text(MYPY)
    process = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "program.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": "", "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    found = {int(line.split(":")[1]) for line in process.stdout.splitlines() if ": error:" in line}
    wrong = {n for n, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# wrong")}
    assert found == wrong, process.stdout
