"""Commands start without heavy packages: a command imports what it needs when it runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.sample_data import pairs, write_shard

HEAVY = ("PIL", "apache_beam", "numpy", "pyarrow", "pydantic", "ray", "torch", "transformers")
PROGRAM = """
import json, sys
import shardmill
sys.argv = ["shardmill", *json.loads(sys.argv[1])]
try:
    shardmill.main()
except SystemExit as end:
    print(end.code or 0, *sys.modules, file=sys.stderr)
"""


def _run(*arguments: str, folder: Path) -> tuple[str, set[str]]:
    """Run a command; return its exit code and the modules that the command imported."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(arguments)]
    (folder / "pandas.py").write_text("raise ImportError")  # users do not have what pyarrow imports
    root = Path(__file__).parents[3]
    environment = {"PYTHONPATH": f"{folder}:{root}", "PATH": "/usr/bin:/bin"}
    result = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
    )
    code, *modules = result.stderr.splitlines()[-1].split()
    return code, set(modules)


def test_help_imports_no_heavy_package(tmp_path: Path) -> None:
    code, modules = _run("--help", folder=tmp_path)
    assert code == "0"
    assert modules.isdisjoint(HEAVY)


def _write_job(folder: Path, has_model: bool) -> None:
    checkpoint = Path(__file__).parents[3] / "demo" / "checkpoint"
    job = {
        "name": "startup",
        "input": {"shards": "a.tar"},
        "filters": [{"kind": "image_size"}, {"kind": "personal_data"}],
        "output": "out",
        **({"model": {"checkpoint": str(checkpoint), "device": "cpu"}} if has_model else {}),
        **({"tasks": {"caption": {"kind": "caption"}}} if has_model else {}),
    }
    (folder / "job.yaml").write_text(json.dumps(job))
    write_shard(folder / "a.tar", pairs(2))


@pytest.mark.parametrize("has_model", [False, True])
def test_a_plan_imports_no_package_for_models_or_images(tmp_path: Path, has_model: bool) -> None:
    _write_job(tmp_path, has_model)
    code, modules = _run("plan", "job.yaml", folder=tmp_path)
    assert code == "0"
    heavy = {"PIL", "apache_beam", "ray", "tokenizers", "torch", "transformers"}
    heavy |= {"phonenumbers", "pyarrow.compute"}
    assert modules.isdisjoint(heavy)


def test_a_plan_with_presidio_does_not_import_torch(tmp_path: Path) -> None:
    pytest.importorskip("presidio_analyzer")
    write_shard(tmp_path / "a.tar", pairs(2))
    stage = {"kind": "personal_data_presidio", "recognizers": ["CreditCardRecognizer"]}
    job = {"name": "startup", "input": {"shards": "a.tar"}, "filters": [stage], "output": "out"}
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    code, modules = _run("plan", "job.yaml", folder=tmp_path)
    assert code == "0"
    assert "spacy" in modules
    assert modules.isdisjoint({"PIL", "torch", "transformers"})


def test_a_preview_on_a_cpu_imports_neither_transformers_nor_a_compiler(tmp_path: Path) -> None:
    """These imports would take more than half of the time until the first answer."""
    _write_job(tmp_path, has_model=True)
    code, modules = _run("preview", "job.yaml", "--samples", "1", folder=tmp_path)
    assert code == "0"
    assert "torch" in modules
    slow = {"accelerate", "huggingface_hub", "transformers"}
    slow |= {"torch._dynamo", "torch._inductor", "sympy", "scipy", "sklearn"}
    assert modules.isdisjoint(slow)
