"""Measures the answers of rows: lengths, languages, refusals, repetition and empty answers."""

from collections import Counter
from collections.abc import Iterable, Mapping

from filters.text_analysis.language_detection import detect_language
from filters.text_analysis.refusals import is_refusal
from filters.texts.text_quality import split_words
from inference import Task
from pipelines.rows.row import Row
from schemas.answer_statistics import AnswerStatistics

_MIN_WORDS = 8  # of a text that can be repetitive
_MIN_DISTINCT = 0.5  # of its sequences of three words; fewer are repetitive


def measure_answers(rows: Iterable[Row], tasks: Mapping[str, Task]) -> dict[str, AnswerStatistics]:
    """Return the statistics of each task's answers about kept samples.

    Tasks without answers are left out. Only numbers and codes of languages leave this function.
    """
    sums: dict[str, Counter[str]] = {}
    languages: dict[str, Counter[str]] = {}
    for row in rows:
        for name, answer in row.answers.items() if row.kept else ():
            if answer.value is None:
                continue
            of_task = sums.setdefault(name, Counter())
            tokens = answer.num_tokens or 0
            of_task.update(answers=1, tokens=tokens, squared_tokens=tokens * tokens)
            texts = " ".join(tasks[name].texts(answer.value)).strip()
            if not texts:
                of_task["empty"] += 1
            elif isinstance(answer.value, str):
                of_task.update(texts=1, refusals=is_refusal(texts), repetitive=is_repetitive(texts))
                if language := detect_language(texts):
                    languages.setdefault(name, Counter())[language] += 1
    return {
        name: AnswerStatistics(**each, languages=dict(sorted(languages.get(name, {}).items())))
        for name, each in sums.items()
    }


def is_repetitive(text: str) -> bool:
    """Return whether fewer than half of a text's sequences of three words are distinct.

    A text of fewer than eight words never is.
    """
    words = split_words(text)
    if len(words) < _MIN_WORDS:
        return False
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return len(set(triples)) < _MIN_DISTINCT * len(triples)
