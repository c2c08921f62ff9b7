"""What docs/orchestrators.md tells to start exists, and ends as its table of exit codes says.

The commands of other programs (docker, kubectl, airflow) and the files for cloud services are not
run here: their files, arguments and names are compared with examples/ and with the command line.
"""

import ast
import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support import document_blocks
from support.document_commands import problem

ROOT = Path(__file__).parents[2]
PAGE = "docs/orchestrators.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "examples/container/Dockerfile").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(command)
    for block in document_blocks.blocks("sh")
    if block.document == PAGE
    for command in document_blocks.commands(block)
]


def starting(*words: str) -> list[list[str]]:
    """Return the commands of the page that start with these words."""
    found = [each for each in COMMANDS if tuple(each[: len(words)]) == words]
    assert found
    return found


def after(option: str, command: list[str]) -> list[str]:
    """Return the values of an option that may be given several times."""
    return [value for name, value in itertools.pairwise(command) if name == option]


def resources(file: str) -> list[dict[str, Any]]:
    text = (ROOT / file).read_text(encoding="utf-8")
    return list(YAML(typ="safe", pure=True).load_all(text))


def cloud(comment: str) -> dict[str, Any]:
    """Return the content of the one YAML block that has the comment."""
    (block,) = [
        each
        for each in document_blocks.blocks("yaml")
        if each.document == PAGE and comment in each.text
    ]
    content: dict[str, Any] = YAML(typ="safe", pure=True).load(block.text)
    return content


def test_every_command_is_of_a_program_that_this_file_or_another_test_knows() -> None:
    programs = {command[0] for command in COMMANDS}
    assert programs == {"shardmill", "sbatch", "docker", "kubectl", "airflow"}


def test_images_are_built_from_the_file_with_its_arguments() -> None:
    arguments = set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    for command in starting("docker", "build"):
        (file,) = after("--file", command)
        assert (ROOT / file).is_file()
        assert {each.partition("=")[0] for each in after("--build-arg", command)} <= arguments
        assert all(tag.endswith(f":{version[1]}") for tag in after("--tag", command))
        assert command[-1] == "."


def test_the_table_of_build_arguments_has_those_of_the_file() -> None:
    table = TEXT.split("| build argument |")[1].split("\n\n")[0]
    listed = [name for row in table.splitlines() for name in re.findall(r"`([A-Z_]+)`", row[:60])]
    assert sorted(listed) == sorted(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))


def test_the_container_runs_a_known_command() -> None:
    for command in starting("docker", "run"):
        image = next(number for number, word in enumerate(command) if word.startswith("shardmill:"))
        assert problem(shlex.join(["shardmill", *command[image + 1 :]])) is None
        mounted = {volume.split(":")[1] for volume in after("--volume", command)}
        assert {"/work", "/cache"} == mounted
        assert 'VOLUME ["/cache"]' in DOCKERFILE
        assert "WORKDIR /work" in DOCKERFILE


def test_kubectl_names_what_the_manifests_have() -> None:
    for command in starting("kubectl", "apply"):
        (file,) = after("--filename", command)
        assert resources(file)
    jobs = [
        each["metadata"]["name"]
        for each in resources("examples/kubernetes/indexed_job.yaml")
        if each["kind"] == "Job"
    ]
    for command in starting("kubectl", "wait"):
        assert [word for word in command if word.startswith("job/")] == [f"job/{jobs[0]}"]
    manifest = (ROOT / "examples/kubernetes/indexed_job.yaml").read_text(encoding="utf-8")
    for command in starting("kubectl", "create", "secret", "generic"):
        assert f"secretRef: {{name: {command[4]}," in manifest


def test_airflow_triggers_a_dag_with_its_parameters() -> None:
    tree = ast.parse((ROOT / "examples/airflow/shardmill_dag.py").read_text(encoding="utf-8"))
    (dag,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(
            getattr(getattr(each, "func", None), "id", "") == "dag" for each in node.decorator_list
        )
    ]
    (decorator,) = [each for each in dag.decorator_list if isinstance(each, ast.Call)]
    (params,) = [each.value for each in decorator.keywords if each.arg == "params"]
    assert isinstance(params, ast.Dict)
    names = {ast.literal_eval(key) for key in params.keys if key}
    for command in starting("airflow", "dags", "trigger"):
        assert command[3] == dag.name
        (conf,) = after("--conf", command)
        assert YAML(typ="safe", pure=True).load(conf).keys() <= names


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('shell: "shardmill run {input} --output annotated"', "run job.yaml --output annotated"),
        ('(["plan", job], ["fetch", job], ["run", job], ["verify", output])', "verify annotated"),
    ],
)
def test_snakemake_and_prefect_call_known_commands(text: str, command: str) -> None:
    assert text in TEXT
    assert problem(f"shardmill {command}") is None


def test_skypilot_starts_a_preempted_run_again() -> None:
    task = cloud("# sky jobs launch")
    assert problem(task["run"]) is None
    assert task["resources"]["job_recovery"]["recover_on_exit_codes"] == [143]
    assert "constraints.txt" in task["setup"]


def test_aws_batch_ends_where_another_start_does_not_mend() -> None:
    definition = cloud("# aws batch")
    rules = definition["retryStrategy"]["evaluateOnExit"]
    assert rules == [
        {"onExitCode": "2", "action": "EXIT"},
        {"onExitCode": "3", "action": "EXIT"},
        {"onReason": "*", "action": "RETRY"},
    ]
    assert problem(shlex.join(["shardmill", *definition["containerProperties"]["command"]])) is None


def test_google_cloud_batch_ends_where_another_start_does_not_mend() -> None:
    (group,) = cloud("# gcloud batch")["taskGroups"]
    (policy,) = group["taskSpec"]["lifecyclePolicies"]
    assert policy["action"] == "FAIL_TASK"
    assert policy["actionCondition"] == {"exitCodes": [2, 3]}
    (runnable,) = group["taskSpec"]["runnables"]
    assert problem(shlex.join(["shardmill", *runnable["container"]["commands"]])) is None


def test_azure_runs_a_known_command() -> None:
    assert problem(cloud("# az ml job")["command"]) is None
