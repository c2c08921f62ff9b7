"""The fenced blocks of README and docs, and what stands for the data and models that they name."""

import ast
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        *ROOT.glob("demo/*/README.md"),
        *ROOT.glob("examples/*.md"),
    ]
)

# Its blocks are steps of one walk, in a folder of their own: test_first_walk.py runs them.
FIRST_WALK = "docs/first-walk.md"

# What the tests put in the place of what the documents name.
SUBSTITUTIONS = {
    "coco-val/*.tar": "data/*.tar",
    " 'textvqa-test/*.parquet'": "",
    "google/paligemma2-3b-mix-448": "model",  # a link to demo/checkpoint
    "google/paligemma2-3b-mix-224": "model",
    "google/paligemma2-10b-mix-448": "model",
    "< -0.7": "< 1",  # the demo's model is sure of its captions
    "'small/": "'annotated/",
    "'large/": "'annotated/",
    "Falconsai/nsfw_image_detection": "placards",  # a link to demo/placard_classifier
    "bfloat16": "float32",
    "[person, car]": "[circle, square, star]",  # what the demo's scenes show
    "00012.tar": "00000.tar",
    "direct_num_workers=4": "direct_num_workers=2",
    "CHECKPOINT": "model",
    "requests.txt": "job.yaml",  # any lines of text are a list of keys
    "OUTPUT": "annotated",
    "JOB": "job.yaml",
}

# Commands that the tests do not run, by their beginning, and why. Their modules must exist.
NOT_RUN = {
    "shardmill plan s3:": "tests/stores runs commands over buckets",
    "shardmill run s3:": "tests/stores runs commands over buckets",
    "shardmill status s3:": "tests/stores runs commands over buckets",
    "shardmill inspect s3:": "tests/stores runs commands over buckets",
    "shardmill export s3:": "test_output_export.py exports to a bucket",
    "shardmill calibrate annotated --decisions": "a person makes the file: test_calibrate_page.py",
    "shardmill evaluate answered": "test_evaluate.py makes references in files",
    "shardmill evaluate annotated --task caption --truth descriptions": (
        "test_evaluate_entailment.py makes a model that decides entailment"
    ),
    "make demo": "CI runs it before the tests",
    "make test": "it runs this test",
    "python3.11 -m venv": "tests/install creates environments",
    "shardmill-env/bin/pip install": "tests/install installs the wheel",
    "pip install": "tests/install installs the wheel",
    "HF_HOME=/shared/models": "a folder of an administrator, and a network",
    "uv ": "tests/install installs the wheel with pip alone",
    "pipx ": "tests/install installs the wheel with pip alone",
    "python -m benchmarks.": "takes minutes, and some need a GPU",
    "python -m demo.training": "trains for minutes to an hour",
    "shardmill bench weights": "the line before it writes weights of 6 GB",
    "shardmill run job.yaml -- --runner=PortableRunner": "test_beam.py starts a job server",
    "docker ": "the image was built by hand with buildah",
    "kubectl ": "tests/orchestrators validates the manifests",
    "airflow ": "tests/orchestrators runs the DAGs",
    "sbatch": "tests/orchestrators runs scripts in Slurm",
    "ray job submit": "test_ray_jobs.py submits to a cluster of its own",
}

# Blocks that are no job, by a text in them, and why.
NOT_JOBS: dict[str, str] = {
    "s3://corpus/laion": "tests/stores runs jobs over buckets",
    "decisions: decisions.csv": "calibrating/test_decisions.py runs such jobs",
    "own_filter:NoShouting": "its module is in examples/; test_own_class.py runs such a job",
    "# sky jobs launch": "a task of SkyPilot",
    "# aws batch": "a definition of a job of AWS Batch",
    "# gcloud batch": "a job of Google Cloud Batch",
    "# az ml job": "a job of Azure Machine Learning",
}

# Python blocks that are no program, by a text in them, and why.
NOT_PROGRAMS = {
    "class TooManyEmojis": "a pattern for a file of this repository: count_emojis does not exist",
    "from prefect import": "Prefect is not installed; run by hand",
}


class Block(NamedTuple):
    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """All fenced blocks of these languages, in all documents."""
    return [block for path in DOCUMENTS for block in _blocks(path) if block.language in languages]


def _blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE):
        line = text.count("\n", 0, found.start()) + 1
        name = str(path.relative_to(ROOT))
        yield Block(name, line, found[2], textwrap.dedent(found[3]))


def mentions() -> list[tuple[str, str]]:
    """The commands that sentences name, as (document, command): `shardmill retry OUTPUT`."""
    return [
        (str(path.relative_to(ROOT)), " ".join(found.split()))
        for path in DOCUMENTS
        for found in re.findall(r"`(shardmill [a-z-][^`]*)`", path.read_text(encoding="utf-8"))
    ]


def commands(block: Block) -> list[str]:
    """The command lines of a shell block, without comments and without a `$` before them."""
    joined = block.text.replace("\\\n", " ")
    lines = (_without_comment(line.removeprefix("$ ")) for line in joined.splitlines())
    return [line for line in lines if line]


def _without_comment(line: str) -> str:
    words = re.split(r"(?:^|\s)#", line, maxsplit=1)
    return words[0].strip()


def words(command: str) -> list[str]:
    """The words of a command, without variables before it and a file that its output goes to."""
    split = shlex.split(command)
    while split and re.fullmatch(r"[A-Z_]+=.*", split[0]):
        del split[0]
    return split[: split.index(">")] if ">" in split else split


def reason_not_to_run(command: str) -> str | None:
    return next((why for start, why in NOT_RUN.items() if command.startswith(start)), None)


def substituted(text: str) -> str:
    """Put tiny data and the demo's models in the place of what a document names."""
    text = re.sub(r"\{0+\.\.\d+\}", "{00000..00001}", text)  # two shards of demo scenes
    for name, stand_in in SUBSTITUTIONS.items():
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", stand_in, text)
    return text


def jobs(block: Block) -> list[str]:
    """The jobs, or parts of jobs, of a YAML block.

    A block may show two jobs side by side, each under its comment, or the same key several times.
    """
    first, *_ = block.text.splitlines()
    if beside := re.match(r"(#.*\S\s{3,})#", first):
        width = beside.end(1)
        lines = block.text.splitlines()
        return [
            "\n".join(line[:width] for line in lines),
            "\n".join(line[width:] for line in lines),
        ]
    parts: list[list[str]] = [[]]
    keys: set[str] = set()
    for line in block.text.splitlines():
        key = re.match(r"\w+(?=:)", line)
        if key and key[0] in keys:
            parts.append([])
            keys.clear()
        keys |= {key[0]} if key else set()
        parts[-1].append(line)
    return ["\n".join(part) for part in parts]


def statements(block: Block) -> list[str]:
    """The top-level statements of a Python block."""
    return [ast.unparse(statement) for statement in ast.parse(block.text).body]
