"""No module of the product forks: a request to an object store hangs in a fork of its process."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("shardmill", "pipelines", "filters", "inference", "schemas", "benchmarks", "demo")

# What `multiprocessing` may be used for: none of it starts a process with the default method,
# which is fork on Linux.
ALLOWED = {"get_context", "parent_process", "current_process", "connection", "context"}
METHODS = {"spawn", "forkserver"}
FORKS = {"os.fork", "os.forkpty", "pty.fork", "multiprocessing.set_start_method"}
POOLS = {"ProcessPoolExecutor": "mp_context", "DataLoader": "multiprocessing_context"}
FORKING_MODULES = {"billiard", "joblib", "loky", "multiprocess", "pathos"}


def forks(source: str) -> list[str]:
    """Return one line for each place of a module that may fork."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for problem in _problems(node):
            found.append(f"{getattr(node, 'lineno', 0)}: {problem}")
    return found


def _problems(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names]
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        for name in [module] if module else names:
            if name.partition(".")[0] in FORKING_MODULES or name == "torch.multiprocessing":
                yield f"{name} starts processes by fork"
        if module == "multiprocessing":
            yield from (f"multiprocessing.{name}" for name in names if name not in ALLOWED)
        yield from (f"{module}.{name}" for name in names if f"{module}.{name}" in FORKS)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        name = f"{node.value.id}.{node.attr}"
        if name in FORKS or (node.value.id == "multiprocessing" and node.attr not in ALLOWED):
            yield name
    elif isinstance(node, ast.Call):
        called = ast.unparse(node.func).rpartition(".")[2]
        keywords = {each.arg for each in node.keywords}
        if called == "get_context" and not (
            len(node.args) == 1
            and isinstance(node.args[0], ast.Constant)
            and node.args[0].value in METHODS
        ):
            yield "get_context without spawn or forkserver"
        if called in POOLS and POOLS[called] not in keywords:
            yield f"{called} without {POOLS[called]}"
        if "preexec_fn" in keywords:
            yield "preexec_fn runs Python code in a fork"


def test_no_module_of_the_product_forks() -> None:
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(modules) > 300
    found = {str(path.relative_to(ROOT)): forks(path.read_text()) for path in modules}
    assert {path: problems for path, problems in found.items() if problems} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import os; os.fork()",
        "from os import fork",
        "import multiprocessing; multiprocessing.Process(target=print)",
        "import multiprocessing; multiprocessing.Pool()",
        "import multiprocessing; multiprocessing.set_start_method('fork')",
        "from multiprocessing import Process",
        "from multiprocessing import get_context; get_context()",
        "import multiprocessing as m; m.get_context('fork')",
        "from concurrent.futures import ProcessPoolExecutor; ProcessPoolExecutor(2)",
        "import concurrent.futures as f; f.ProcessPoolExecutor(2)",
        "import torch.multiprocessing",
        "from joblib import Parallel",
        "import subprocess; subprocess.run(['a'], preexec_fn=print)",
        "from torch.utils.data import DataLoader; DataLoader([], num_workers=2)",
    ],
)
def test_a_fork_is_found(source: str) -> None:
    assert forks(source)


def test_spawn_is_no_fork() -> None:
    assert not forks(
        "import multiprocessing\n"
        "from multiprocessing.context import SpawnProcess\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "context = multiprocessing.get_context('spawn')\n"
        "ProcessPoolExecutor(2, mp_context=context)\n"
    )
