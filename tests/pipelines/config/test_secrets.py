"""Secrets come from the environment: a job that holds one is refused, and no error quotes it."""

import os
from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import ValidationError

from pipelines.cli.job_commands import _with_beam_options
from pipelines.config.job import Job
from pipelines.config.runners import BeamRunnerConfig, RayRunnerConfig
from pipelines.runners import ray_worker_pool
from pipelines.runners.beam import _options
from pipelines.runners.ray_worker_pool import Environment, RayWorker
from schemas.errors import JobError

SECRET = "q7Xv9LmZ2pRt4WnB8cKd6FhJ1sYg3AeU5oTi0xVw"
GITHUB = f"ghp_{SECRET}"
JOB: dict[str, Any] = {
    "name": "test",
    "input": {"shards": "shards/*.tar"},
    "filters": [{"kind": "image_size"}],
    "output": "output",
}


def with_value(place: str, value: Any) -> dict[str, Any]:
    """The job with a value at a place such as `runner.options`."""
    *parents, last = place.split("/")
    copy: dict[str, Any] = {key: dict(v) if isinstance(v, dict) else v for key, v in JOB.items()}
    inner = copy
    for key in parents:
        inner = inner.setdefault(key, {})
    inner[last] = value
    if parents[:1] == ["runner"]:
        copy["runner"].setdefault("kind", "beam" if "options" in copy["runner"] else "ray")
    return copy


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("runner/runtime_env/env_vars/HF_TOKEN", SECRET, "env_vars.HF_TOKEN: holds a secret"),
        ("runner/runtime_env/env_vars/AWS_SECRET_ACCESS_KEY", SECRET, "runner.pass_env"),
        ("runner/runtime_env/env_vars/WANDB_API_KEY", SECRET, "runner.pass_env"),
        ("runner/runtime_env/env_vars/PGPASSWORD", SECRET, "runner.pass_env"),
        ("runner/runtime_env/env_vars/ANY", GITHUB, "env_vars.ANY: holds a secret"),
        ("runner/runtime_env/env_vars", {GITHUB: "1"}, "runner.runtime_env.env_vars: holds"),
        ("runner/runtime_env/pip", [f"https://user:{SECRET}@host/simple"], "runtime_env.pip[0]"),
        ("runner/runtime_env/working_dir", f"https://h/a.zip?X-Amz-Signature={SECRET}", "working_"),
        ("runner/address", f"ray://user:{SECRET}@host:10001", "runner.address: holds a secret"),
        ("runner/options", [f"--s3_secret_access_key={SECRET}"], "options: --s3_secret_access_key"),
        ("runner/options", ["--s3_secret_access_key", SECRET], "write ${NAME}"),
        ("runner/options", [f"--flink_master=https://u:{SECRET}@host"], "--flink_master"),
        ("runner/options", [f"--experiments=key,{GITHUB}"], "--experiments"),
        ("input/shards", f"https://user:{SECRET}@host/a.tar", "input.shards: holds a secret"),
        ("input/shards", ["a.tar", f"https://host/a.tar?sig={SECRET}"], "input.shards[1]: holds"),
        ("output", f"https://host/out?sv=2024&sig={SECRET}", "output: holds a secret"),
        ("filters_from", f"s3://host/out?AWSAccessKeyId={SECRET}", "filters_from: holds a secret"),
        ("filters", [{"kind": "hash_list", "path": f"https://u:{SECRET}@h/l"}], "filters[0].path"),
        ("model/checkpoint", f"https://user:{SECRET}@hub/model", "model.checkpoint: holds"),
    ],
)
def test_a_secret_in_a_job_is_refused_without_quoting_it(
    place: str, value: Any, named: str
) -> None:
    with pytest.raises(ValidationError) as error:
        Job.model_validate(with_value(place, value))
    (fault,) = error.value.errors(include_input=False)
    assert named in fault["msg"]
    assert SECRET not in fault["msg"]


def test_the_line_of_the_command_line_quotes_no_secret() -> None:
    text = "name: a\ninput: {shards: a.tar}\nfilters: [{kind: image_size}]\noutput: out\n"
    place = "runner.runtime_env.env_vars.HF_TOKEN"
    for setting in (f"{place}={SECRET}", f"{place}=[{SECRET}", f"name.x={SECRET}"):
        with pytest.raises(JobError) as error:
            Job.parse(text, settings=["runner.kind=ray", setting])
        assert SECRET not in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("runner/runtime_env/env_vars", {"PYTHONPATH": "/shared/code", "HF_HOME": "/shared/hf"}),
        ("runner/runtime_env/env_vars", {"HF_TOKEN": "${HF_TOKEN}"}),  # Ray's: of the node
        ("runner/runtime_env/env_vars", {"HF_TOKEN_PATH": "/run/secrets/hf"}),
        ("runner/runtime_env/pip", ["peft>=0.21", "https://host/simple/a.whl"]),
        ("runner/pass_env", ["HF_TOKEN"]),
        ("runner/options", ["--s3_secret_access_key=${AWS_SECRET_ACCESS_KEY}"]),
        ("runner/options", ["--token_file", "/run/secrets/token", "--job_name=a-b"]),
        ("runner/options", ["--dataflow_kms_key=projects/p/locations/l/keyRings/r/cryptoKeys/k"]),
        ("runner/options", ["--service_account_email=a@b.iam.gserviceaccount.com"]),
        ("input/shards", "s3-mount/tokens/secret@home:1/{000..999}.tar"),
        ("output", "/data/passwords/out"),
    ],
)
def test_other_values_are_taken(place: str, value: Any) -> None:
    Job.model_validate(with_value(place, value))


def test_options_of_the_command_line_are_checked_too() -> None:
    job = Job.model_validate({**JOB, "runner": {"kind": "beam"}})
    with pytest.raises(JobError, match=r"runner\.options: --password: holds a secret") as error:
        _with_beam_options(job, [f"--password={SECRET}"])
    assert SECRET not in str(error.value)


def test_a_reference_in_beams_options_is_replaced_when_a_run_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    option = "--s3_secret_access_key=${SHARDMILL_TEST_SECRET}"
    settings = BeamRunnerConfig(kind="beam", options=(option,))
    with pytest.raises(JobError, match=r"runner\.options: SHARDMILL_TEST_SECRET is not set"):
        _options(settings)
    monkeypatch.setenv("SHARDMILL_TEST_SECRET", SECRET)
    options: Any = _options(settings)
    assert isinstance(options, PipelineOptions)
    assert options.get_all_options()["s3_secret_access_key"] == SECRET
    assert settings.options == (option,)


def test_rays_workers_get_variables_that_nothing_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = RayRunnerConfig(kind="ray", pass_env=("SHARDMILL_TEST_SECRET",))
    with pytest.raises(JobError, match=r"runner\.pass_env: SHARDMILL_TEST_SECRET is not set"):
        Environment.of(settings)
    monkeypatch.setenv("SHARDMILL_TEST_SECRET", SECRET)
    environment = Environment.of(settings)
    assert environment.values == {"SHARDMILL_TEST_SECRET": SECRET}
    assert SECRET not in repr(environment) + settings.model_dump_json()
    monkeypatch.setenv("SHARDMILL_TEST_SECRET", "of the worker's node")
    unused: Any = None
    monkeypatch.setattr(ray_worker_pool, "Worker", lambda *arguments: None)
    RayWorker(unused, unused, 1, environment)
    assert os.environ["SHARDMILL_TEST_SECRET"] == SECRET


def test_a_token_of_strange_characters_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from support.local_hub import Hub, fetch_in_process, serve

    with serve(Hub({"me/small": tmp_path})) as hub:
        (line,) = fetch_in_process(hub.url, tmp_path / "cache", "me/small", HF_TOKEN="hf_\u00e9xyz")
    assert "xyz" not in line
    assert "HF_TOKEN" in line
