"""Says in words which samples, answers and references an evaluation leaves out, and why."""

from collections.abc import Iterator, Mapping

from schemas.counted import counted

# By the name of the number in `Evaluation.samples`: what is counted, and why.
_NOTES = {
    "not_whole": ("answer", "counted as failed: partial, or withheld by a filter"),
    "empty": ("answer", "empty"),
    "not_asked": ("kept sample", "not judged: the model was not asked"),
    "without_truth": ("kept sample", "not judged: without a reference"),
    "null_truth": ("kept sample", "not judged: the reference is null"),
    "wrong_truth": ("kept sample", "not judged: the reference has a wrong type"),
    "key_repeated": ("kept sample", "not judged: another one has the same key"),
    "truth_repeated": ("key", "of references not used: with several references in files"),
    "truth_without_sample": ("reference", "not used: no kept sample has the key"),
    "truth_without_key": ("reference", "not used: the key is no text and no whole number"),
    "only_here": ("kept sample", "not compared: the other output has no answer for the key"),
    "only_there": ("answer", "of the other output not compared: no kept sample has the key"),
}


def sample_notes(samples: Mapping[str, int]) -> Iterator[str]:
    """Yield a line for each number of an evaluation's samples that is not 0."""
    for name, (noun, note) in _NOTES.items():
        if number := samples.get(name, 0):
            yield f"{counted(number, noun)} {note}"
