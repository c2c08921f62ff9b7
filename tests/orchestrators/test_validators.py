"""Validators accept the manifests and the Dockerfile of examples/, and find mistakes in them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.orchestrator_tools import ROOT, call

KUBERNETES = ROOT / "examples/kubernetes"
DOCKERFILE = ROOT / "examples/container/Dockerfile"

# The keys of ray.io/v1 that the manifest may use, and whether each is required, as the Go types of
# KubeRay (ray-operator/apis/ray/v1) declare them. Pod templates are checked as pods.
RAY_JOB = {
    "entrypoint": False,
    "backoffLimit": False,
    "shutdownAfterJobFinishes": False,
    "ttlSecondsAfterFinished": False,
    "submissionMode": False,
    "submitterPodTemplate": False,
    "rayClusterSpec": False,
}
RAY_CLUSTER = {"rayVersion": False, "headGroupSpec": True, "workerGroupSpecs": False}
HEAD_GROUP = {"rayStartParams": True, "template": True}
WORKER_GROUP = HEAD_GROUP | {
    "groupName": True,
    "replicas": False,
    "minReplicas": True,
    "maxReplicas": True,
}

WORKFLOW_CHECK = """
import json, sys
from hera.workflows.models import CronWorkflow
given = json.load(open(sys.argv[1]))
read = CronWorkflow.model_validate(given)
json.dump(read.model_dump(mode="json", by_alias=True, exclude_unset=True), sys.stdout)
"""


def load(path: Path) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")))


def validate(path: Path) -> tuple[int, str]:
    """Validate the resources of a file; return the exit code and what is printed."""
    done = call("kubernetes-validate", "--strict", path, folder=path.parent)
    return done.returncode, done.stdout


def check_pods(pods: list[dict[str, Any]], folder: Path) -> None:
    """Validate specifications of pods against the schema of Kubernetes."""
    path = folder / "pods.yaml"
    documents = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number}"}, "spec": spec}
        for number, spec in enumerate(pods)
    ]
    path.write_text("\n---\n".join(map(json.dumps, documents)), encoding="utf-8")
    code, printed = validate(path)
    assert code == 0, printed
    assert printed.count("passed for resource pod/") == len(pods)


def check_keys(given: dict[str, Any], known: dict[str, bool]) -> None:
    assert set(given) <= set(known)
    assert {key for key, required in known.items() if required} <= set(given)


@pytest.mark.usefixtures("tools")
def test_the_indexed_job_is_valid() -> None:
    code, printed = validate(KUBERNETES / "indexed_job.yaml")
    assert code == 0, printed
    assert re.findall(r"passed for resource (\w+)/", printed) == [
        "configmap",
        "persistentvolumeclaim",
        "job",
    ]


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("backoffLimitPerIndex: 6", "backoffLimitPerShard: 6"),
        ("restartPolicy: Never", "restartPolicy: false"),
        ("values: [143]", "values: SIGTERM"),
        ("runAsNonRoot: true", "runAsRoot: false"),
    ],
)
def test_a_mistake_in_the_indexed_job_is_found(right: str, wrong: str, tmp_path: Path) -> None:
    text = (KUBERNETES / "indexed_job.yaml").read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "job.yaml").write_text(text.replace(right, wrong), encoding="utf-8")
    code, printed = validate(tmp_path / "job.yaml")
    assert code != 0, printed


@pytest.mark.usefixtures("tools")
def test_the_ray_job_is_valid(tmp_path: Path) -> None:
    (resource,) = load(KUBERNETES / "ray_job.yaml")
    assert (resource["apiVersion"], resource["kind"]) == ("ray.io/v1", "RayJob")
    job = resource["spec"]
    cluster = job["rayClusterSpec"]
    head, workers = cluster["headGroupSpec"], cluster["workerGroupSpecs"]
    check_keys(job, RAY_JOB)
    check_keys(cluster, RAY_CLUSTER)
    check_keys(head, HEAD_GROUP)
    for group in workers:
        check_keys(group, WORKER_GROUP)
    parameters = [group["rayStartParams"] for group in (head, *workers)]
    assert all(isinstance(value, str) for each in parameters for value in each.values())
    templates = [job["submitterPodTemplate"], head["template"], *(g["template"] for g in workers)]
    check_pods([template["spec"] for template in templates], tmp_path)


def unknown(given: Any, read: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of what a validator did not take, or took as something else."""
    if isinstance(given, dict):
        for key, value in given.items():
            if isinstance(read, dict) and key in read:
                yield from unknown(value, read[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(given, list):
        for number, value in enumerate(given):
            yield from unknown(value, read[number], f"{path}[{number}]")
    elif str(given) != str(read):
        yield path


def check_workflow(workflow: Any, folder: Path) -> list[str]:
    """Read a workflow with the models of Argo; return what they do not know."""
    (folder / "check.py").write_text(WORKFLOW_CHECK, encoding="utf-8")
    (folder / "workflow.json").write_text(json.dumps(workflow), encoding="utf-8")
    done = call("python", "check.py", "workflow.json", folder=folder)
    assert done.returncode == 0, done.stdout
    return list(unknown(workflow, json.loads(done.stdout)))


@pytest.mark.usefixtures("tools")
def test_the_workflow_is_valid(tmp_path: Path) -> None:
    (workflow,) = load(KUBERNETES / "cron_workflow.yaml")
    assert check_workflow(workflow, tmp_path) == []
    spec = workflow["spec"]["workflowSpec"]
    templates = {template["name"]: template for template in spec["templates"]}
    assert spec["entrypoint"] in templates
    tasks = templates[spec["entrypoint"]]["dag"]["tasks"]
    assert {task["template"] for task in tasks} <= set(templates)
    names = {task["name"] for task in tasks}
    assert all(set(task.get("dependencies", ())) <= names for task in tasks)
    pods = [
        {"volumes": spec["volumes"], "containers": [{"name": "main", **template["container"]}]}
        | json.loads(template["podSpecPatch"])
        for template in templates.values()
        if "container" in template
    ]
    check_pods(pods, tmp_path)


@pytest.mark.usefixtures("tools")
def test_a_mistake_in_the_workflow_is_found(tmp_path: Path) -> None:
    (workflow,) = load(KUBERNETES / "cron_workflow.yaml")
    spec = workflow["spec"]
    spec["timeZone"] = spec.pop("timezone")
    spec["workflowSpec"]["templates"][0]["dag"]["tasks"][1]["dependsOn"] = ["plan"]
    assert check_workflow(workflow, tmp_path) == [
        ".spec.workflowSpec.templates[0].dag.tasks[1].dependsOn",
        ".spec.timeZone",
    ]


def test_the_dockerfile_is_clean(tools: Path) -> None:
    done = call("hadolint", DOCKERFILE, folder=DOCKERFILE.parent)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_mistake_in_the_dockerfile_is_found(tools: Path, tmp_path: Path) -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    assert "pip install --constraint" in text
    (tmp_path / "Dockerfile").write_text(text.replace("apt-get install --yes", "apt-get install"))
    done = call("hadolint", tmp_path / "Dockerfile", folder=tmp_path)
    assert "DL3014" in done.stdout
