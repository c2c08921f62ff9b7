"""The manifests and the Dockerfile of examples/ agree with the product.

`tests/orchestrators` validates them against the schemas of Kubernetes, KubeRay and Argo.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.document_commands import problem

from pipelines.config.job import Job
from pipelines.storage.cached_folders import cache_folder

ROOT = Path(__file__).parents[2]
MANIFESTS = sorted((ROOT / "examples/kubernetes").glob("*.yaml"))
DOCKERFILE = (ROOT / "examples/container/Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
USER = 10001


def documents(name: str) -> dict[str, Any]:
    """Return the resources of a manifest, by kind."""
    text = (ROOT / "examples/kubernetes" / name).read_text(encoding="utf-8")
    return {each["kind"]: each for each in YAML(typ="safe", pure=True).load_all(text)}


def job_text() -> str:
    text: str = documents("indexed_job.yaml")["ConfigMap"]["data"]["job.yaml"]
    return re.sub("[<>]", "", text)


def mappings(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping of a manifest."""
    if isinstance(node, dict):
        yield node
    for value in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from mappings(value)


def containers(manifest: Path) -> list[dict[str, Any]]:
    everything = (document for document in documents(manifest.name).values())
    return [each for document in everything for each in mappings(document) if "image" in each]


def commands(manifest: Path) -> list[list[str]]:
    """Return the arguments of Shardmill that a manifest names."""
    words = [each["args"] for each in containers(manifest) if "args" in each]
    words += [
        shlex.split(each["entrypoint"])[1:]
        for each in (
            document["spec"] for document in documents(manifest.name).values() if "spec" in document
        )
        if str(each.get("entrypoint", "")).startswith("shardmill ")
    ]
    return words


def test_the_job_is_valid() -> None:
    assert Job.parse(job_text()).model is not None


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_the_command_line_knows_every_command(manifest: Path) -> None:
    found = commands(manifest)
    assert found
    for words in found:
        if words[0].startswith("{{"):  # the names are those of the workflow's parameters
            continue
        assert problem(shlex.join(["shardmill", *words])) is None


def test_the_workflow_passes_known_commands() -> None:
    workflow = documents("cron_workflow.yaml")["CronWorkflow"]
    given = [
        [parameter["value"] for parameter in each["parameters"]]
        for each in mappings(workflow)
        if [p["name"] for p in each.get("parameters", ())] == ["command", "operand"]
        and "value" in each["parameters"][0]
    ]
    assert [command for command, _ in given] == ["plan", "fetch", "verify"]
    for words in given:
        assert problem(shlex.join(["shardmill", *words])) is None


def test_the_settings_of_the_ray_job_are_valid() -> None:
    words = shlex.split(documents("ray_job.yaml")["RayJob"]["spec"]["entrypoint"])
    settings = [words[number + 1] for number, word in enumerate(words) if word == "--set"]
    job = Job.parse(job_text(), settings=settings)
    assert (job.runner.kind, job.runner.workers) == ("ray", 8)  # type: ignore[union-attr]


# What docs/runs.md says about exit codes, as rules of a pod failure policy.
ACTIONS = {1: "Count", 2: "FailJob", 3: "FailIndex", 130: "Count", 137: "Count", 143: "Ignore"}


@pytest.mark.parametrize(("code", "action"), ACTIONS.items())
def test_each_exit_code_has_its_rule(code: int, action: str) -> None:
    spec = documents("indexed_job.yaml")["Job"]["spec"]
    for rule in spec["podFailurePolicy"]["rules"]:
        on_codes = rule.get("onExitCodes")
        if (
            on_codes
            and on_codes.get("containerName", "shardmill") == "shardmill"
            and (code in on_codes["values"]) == (on_codes["operator"] == "In")
        ):
            assert rule["action"] == action
            return
    assert action == "Count"


def test_a_disrupted_pod_is_no_failure() -> None:
    """The rules of exit codes that are failures stand first: a disruption does not hide them."""
    spec = documents("indexed_job.yaml")["Job"]["spec"]
    actions = [rule["action"] for rule in spec["podFailurePolicy"]["rules"]]
    assert actions == ["FailJob", "FailJob", "FailIndex", "Ignore", "Ignore"]
    assert spec["podReplacementPolicy"] == "Failed"
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_containers_have_few_rights_and_no_secrets(manifest: Path) -> None:
    found = containers(manifest)
    assert found
    for container in found:
        rights = container["securityContext"]
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert rights.get("readOnlyRootFilesystem", False) is (manifest.name != "ray_job.yaml")
        assert all("secretRef" in source for source in container.get("envFrom", ()))
        named = {variable["name"] for variable in container.get("env", ())}
        assert named <= {"RAY_USAGE_STATS_ENABLED", "RAY_JOB_STOP_WAIT_TIME_S"}
        assert container["image"].endswith(f":{PROJECT['project']['version']}")
        assert "memory" in container["resources"]["limits"]
    pods = [
        each["securityContext"]
        for document in documents(manifest.name).values()
        for each in mappings(document)
        if "runAsUser" in each.get("securityContext", {})
    ]
    assert pods
    for rights in pods:
        assert rights["runAsNonRoot"] is True
        assert {rights[key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {USER}


def test_the_image_caches_models_in_its_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = dict(re.findall(r"\b(HF_HOME|XDG_CACHE_HOME)=(\S+)", DOCKERFILE))
    (volume,) = re.findall(r'^VOLUME \["(.*)"\]$', DOCKERFILE, re.MULTILINE)
    monkeypatch.setenv("XDG_CACHE_HOME", variables["XDG_CACHE_HOME"])
    assert cache_folder().is_relative_to(volume)
    assert Path(variables["HF_HOME"]).is_relative_to(volume)
    for manifest in MANIFESTS:
        mounted = [each for each in containers(manifest) if "volumeMounts" in each]
        assert all(volume in [m["mountPath"] for m in each["volumeMounts"]] for each in mounted)


def test_the_image_runs_the_program_as_another_user() -> None:
    lines = DOCKERFILE.splitlines()
    assert f"USER {USER}:{USER}" in lines
    assert 'ENTRYPOINT ["tini", "--", "shardmill"]' in lines
    assert "STOPSIGNAL SIGTERM" in lines
    assert lines.index(f"USER {USER}:{USER}") > max(
        number for number, line in enumerate(lines) if line.startswith("RUN")
    )
    assert PROJECT["project"]["scripts"] == {"shardmill": "shardmill:main"}


def test_the_build_gets_the_packages_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    packages = {
        name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    sent = {line.strip("!/") for line in lines if line.startswith("!")}
    files = {"constraints.txt", "LICENSE", "pyproject.toml", "README.md", "setup.py"}
    assert lines[1] == "*"
    assert sent == packages | files
