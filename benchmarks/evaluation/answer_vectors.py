"""Makes the values of short answers by lmms-eval that tests compare with the metrics here.

    pip install --no-deps lmms-eval==0.7.3 && pip install numpy sacrebleu loguru
    python -m benchmarks.evaluation.answer_vectors tests/pipelines/evaluation/answer_vectors.json

The answers are made up, by a seed. lmms-eval reads POPE's answers as whole texts, and letters of
choices from longer texts, so that only answers are made which both read alike.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import typer

BATCHES, SIZE = 40, 100
Answer = tuple[str, tuple[str, ...]]  # with its references

_WORDS = ("invoice", "2019", "Total", "12.50 EUR", "the north", "Übersicht", "a", "Zürich", "no")
_COUNTS = ("0", "none", "two", "Seven", "7", "12", "twenty", "21", "many", "Ten", "ten")


def anls_answer(chance: random.Random) -> Answer:
    """Make an answer that differs from a reference by a few edits, case or spaces."""
    references = tuple(
        " ".join(chance.choice(_WORDS) for _ in range(1 + int(3 * chance.random())))
        for _ in range(1 + int(3 * chance.random()))
    )
    answer = chance.choice(references)
    for _ in range(int(6 * chance.random())):
        place = int((len(answer) + 1) * chance.random())
        answer = (
            answer[:place] + chance.choice("ax1  ") + answer[place + int(2 * chance.random()) :]
        )
    return (answer.upper() if chance.random() < 0.3 else answer), references


def pope_answer(chance: random.Random) -> Answer:
    """Make a yes or a no."""
    return chance.choice(("yes", "Yes", "no", "No")), (chance.choice(("yes", "no")),)


def paired_answer(chance: random.Random) -> Answer:
    """Make one of two choices, right in two of three cases."""
    right = chance.choice("ab")
    given = right if chance.random() < 2 / 3 else chance.choice("abAB")
    return f"({given})", (f"({right})",)


def counting_answer(chance: random.Random) -> Answer:
    """Make a number, as digits or as a word."""
    return chance.choice(_COUNTS), (chance.choice(_COUNTS),)


MAKERS: Mapping[str, Callable[[random.Random], Answer]] = {
    "anls": anls_answer,
    "pope": pope_answer,
    "paired": paired_answer,
    "counting": counting_answer,
}


def batches(name: str) -> Iterator[list[Answer]]:
    """Yield the batches of answers of a metric; the next two of `paired` are a pair."""
    for batch in range(BATCHES):
        chance = random.Random(f"{name} {batch}")
        yield [MAKERS[name](chance) for _ in range(SIZE)]


def _anls(module: Any, batch: list[Answer]) -> dict[str, float]:
    return {"anls": sum(module.anls(r, [a])["anls"] for a, r in batch) / len(batch)}


def _pope(module: Any, batch: list[Answer]) -> dict[str, float]:
    rows = [
        module.pope_process_results({"answer": references[0], "question_id": 0}, [answer])
        for answer, references in batch
    ]
    names = {"accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "f1_score"}
    return {
        ours: getattr(module, f"pope_aggregate_{theirs}")([row["pope_accuracy"] for row in rows])
        for ours, theirs in names.items()
    }


def _paired(module: Any, batch: list[Answer]) -> dict[str, float]:
    rows = [
        module.mmvp_process_results({"Index": index, "Correct Answer": references[0]}, [answer])
        for index, (answer, references) in enumerate(batch, 1)
    ]
    found = module.mmvp_aggregate_pair_results([row["mmvp_pair_accuracy"] for row in rows])
    return {"paired": found}


def _counting(module: Any, batch: list[Answer]) -> dict[str, float]:
    found = [
        module.countbench_process_results({"number": references[0]}, [answer])["acc"]
        for answer, references in batch
    ]
    return {"counting": sum(found) / len(found)}


_SCORERS: Mapping[str, tuple[str, Callable[[Any, list[Answer]], dict[str, float]]]] = {
    "anls": ("lmms_eval/api/metrics.py", _anls),
    "pope": ("lmms_eval/tasks/pope/utils.py", _pope),
    "paired": ("lmms_eval/tasks/mmvp/utils.py", _paired),
    "counting": ("lmms_eval/tasks/countbench/utils.py", _counting),
}


def _module(file: str) -> SimpleNamespace:
    """Run one file of lmms-eval: importing its packages imports models."""
    source = Path(str(distribution("lmms-eval").locate_file(file))).read_text(encoding="utf-8")
    # The registry of metrics only names functions.
    registry = "from lmms_eval.api.registry import register_aggregation, register_metric\n"
    plain = "register_aggregation = register_metric = lambda *_, **__: lambda function: function\n"
    names: dict[str, Any] = {}
    exec(compile(source.replace(registry, plain), file, "exec"), names)  # noqa: S102
    return SimpleNamespace(**names)


def main(
    file: Annotated[Path, typer.Argument(help="The JSON file to write.")],
) -> None:
    """Write the values of each batch."""
    values = {
        name: [score(_module(place), batch) for batch in batches(name)]
        for name, (place, score) in _SCORERS.items()
    }
    made = {"made_by": f"lmms-eval {distribution('lmms-eval').version}", "values": values}
    file.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
