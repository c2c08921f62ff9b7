"""The labels of a classifier, found by name in its configuration; torch is not needed for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from schemas.errors import JobError

Heads = Literal["auto", "sigmoid", "softmax"]


@dataclass(frozen=True, slots=True)
class Labels:
    """The names in the order of the model's outputs, and what the model says of their kind."""

    names: tuple[str, ...]
    problem: str | None = None  # single_label_classification, multi_label_classification, ...

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Those of the model in a folder; JobError, which begins with the field `model`."""
        try:
            config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
            by_number: Mapping[str, str] = config["id2label"]
            names = tuple(str(by_number[str(number)]) for number in range(len(by_number)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise JobError(
                f"model: {str(folder)!r} has no config.json that names the labels of a classifier "
                "(id2label, from 0 on)"
            ) from None
        return cls(names, config.get("problem_type"))

    def number(self, name: str, field: str) -> int:
        """The output of that name, whatever its case; JobError that tells the names there are."""
        alike = [n for n, own in enumerate(self.names) if own == name] or [
            n for n, own in enumerate(self.names) if own.casefold() == name.casefold()
        ]
        if len(alike) != 1:
            trouble = "several labels" if alike else "no label"
            raise JobError(f"{field}: the model has {trouble} {name!r}: take one of {self}")
        return alike[0]

    def are_independent(self, heads: Heads = "auto") -> bool:
        """Whether each label has a probability of its own (sigmoid), or all share one (softmax).

        `auto` goes by the model's `problem_type` and, where that is missing, as the pipelines of
        transformers do: a single label stands alone, several exclude each other.
        """
        if heads != "auto":
            return heads == "sigmoid"
        if self.problem not in (None, "single_label_classification", "multi_label_classification"):
            raise JobError(
                f"heads: the model's problem_type is {self.problem!r}, which gives no "
                "probabilities: say sigmoid or softmax, or take another model"
            )
        return len(self.names) == 1 or self.problem == "multi_label_classification"

    def __str__(self) -> str:
        return ", ".join(self.names)
