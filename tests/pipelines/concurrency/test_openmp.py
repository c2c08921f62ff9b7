import os
import subprocess
import sys

import pytest


def _run(code: str, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    process = subprocess.run(
        [sys.executable, "-W", "always", "-c", code],
        env={**clean, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout.strip() + process.stderr


@pytest.mark.parametrize("module", ["shardmill", "pipelines", "pipelines.runners.ray_worker_pool"])
def test_threads_wait_passively_before_torch_can_be_imported(module: str) -> None:
    code = f"import os, sys, {module}; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    assert _run(code) == "passive False"


def test_a_setting_of_the_user_stays() -> None:
    code = "import os, shardmill, pipelines; print(os.environ['OMP_WAIT_POLICY'])"
    assert _run(code, OMP_WAIT_POLICY="active") == "active"


def test_torch_imported_before_is_told_once() -> None:
    code = (
        "import sys, types; sys.modules['torch'] = types.ModuleType('torch'); "
        "import shardmill; shardmill.JobError; import pipelines.concurrency; shardmill.ShardFault; "
        "import pipelines.config"
    )
    assert _run(code).count("import shardmill first") == 1
