"""Every command, job and program of README and docs is known and well-formed.

`test_runs.py` runs them. What is run with other data, and what is not run, is listed in
`support/document_blocks.py`: add a new block there if its test fails.
"""

import ast
from importlib.util import find_spec

import pytest
from support import document_blocks as documents
from support.document_blocks import Block
from support.document_commands import problem

from pipelines.config.job import Job

# A block without a language is no command. A script in bash has a test of its own.
LANGUAGES = {"sh", "yaml", "python", "sql", "bash", "text", ""}
BASE = {
    "name": "name: base",
    "input": "input: {shards: data/*.tar}",
    "model": "model: {checkpoint: google/paligemma2-3b-mix-224}",
    "tasks": "tasks: {caption: {kind: caption}}",
    "output": "output: annotated",
}


def check(command: str, complete: bool = True) -> None:
    assert problem(command, complete) is None


@pytest.mark.parametrize("block", documents.blocks("sh"), ids=str)
def test_every_command_is_known(block: Block) -> None:
    for command in documents.commands(block):
        words = documents.words(command)
        if words[0] == "shardmill":
            check(command)
        elif documents.reason_not_to_run(command) is None and words[0] != "python":
            pytest.fail(
                f"{block}: {command!r} is no command that the tests run: begin it with shardmill "
                "or python, or list it with a reason in NOT_RUN of support/document_blocks.py"
            )
        if words[:2] == ["python", "-m"]:
            assert find_spec(words[2]), f"{block}: there is no module {words[2]}"


@pytest.mark.parametrize(("document", "command"), documents.mentions())
def test_every_command_in_a_sentence_is_known(document: str, command: str) -> None:
    check(command.replace("...", ""), complete=False)


@pytest.mark.parametrize("block", documents.blocks("yaml"), ids=str)
def test_every_job_is_valid(block: Block) -> None:
    if any(text in block.text for text in documents.NOT_JOBS):
        return
    for job in documents.jobs(block):
        keys = [line.partition(":")[0] for line in job.splitlines()]
        whole = {"name", "input", "output"} <= set(keys)
        missing = [] if whole else [line for key, line in BASE.items() if key not in keys]
        try:
            Job.parse("\n".join([*missing, job]))
        except Exception as error:  # noqa: BLE001 - any error fails the test
            pytest.fail(
                f"{block}: {error}: a YAML block is a job, or begins with a key of a job; list "
                "another with a reason in NOT_JOBS of support/document_blocks.py"
            )


@pytest.mark.parametrize("block", documents.blocks("python"), ids=str)
def test_every_program_is_python(block: Block) -> None:
    ast.parse(block.text)


def test_every_block_has_a_known_language() -> None:
    everything = [block for path in documents.DOCUMENTS for block in documents._blocks(path)]
    unknown = [
        f"{block} {block.language}" for block in everything if block.language not in LANGUAGES
    ]
    assert unknown == []
    silent = [block for block in everything if not block.language]
    commands = [
        f"{block}: mark it as sh, so that the tests run it"
        for block in silent
        if any(
            line.split()[:1] in (["shardmill"], ["$"], ["python"])
            for line in block.text.splitlines()
        )
    ]
    assert commands == []


def test_every_fence_is_read() -> None:
    """A block that the pattern does not match would not be tested."""
    for path in documents.DOCUMENTS:
        fences = sum(
            line.strip().startswith("```") for line in path.read_text(encoding="utf-8").splitlines()
        )
        assert fences == 2 * len(list(documents._blocks(path))), path


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("shardmill brew job.yaml", "there is no command 'brew'"),
        ("shardmill run job.yaml --brew", "No such option: --brew"),
        ("shardmill run", "Missing argument"),
        ("shardmill --brew", "No such option: --brew"),
    ],
)
def test_a_wrong_command_is_found(command: str, message: str) -> None:
    assert message in str(problem(command))


@pytest.mark.parametrize("table", [documents.NOT_RUN, documents.NOT_JOBS, documents.NOT_PROGRAMS])
def test_every_exception_has_a_reason(table: dict[str, str]) -> None:
    assert all(len(why.split()) > 2 for why in table.values())
