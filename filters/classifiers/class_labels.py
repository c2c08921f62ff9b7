"""Read the class labels of a classifier from its configuration, without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from schemas.errors import JobError
from schemas.known_names import known_names
from schemas.regular_file import read_json

Activation = Literal["auto", "sigmoid", "softmax"]


@dataclass(frozen=True, slots=True)
class ClassLabels:
    """The label names in the order of the model's outputs, and the model's `problem_type`."""

    names: tuple[str, ...]
    problem_type: str | None = None  # single_label_classification, multi_label_classification, ...

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the labels of the model in a folder.

        Raises JobError, which begins with the field `model`, if config.json lists no labels.
        """
        try:
            config: dict[str, Any] = read_json(folder / "config.json")
            by_index: Mapping[str, str] = config["id2label"]
            names = tuple(str(by_index[str(index)]) for index in range(len(by_index)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise JobError(
                f"model: {str(folder)!r} has no config.json that names the labels of a classifier "
                "(id2label, from 0 on)"
            ) from None
        return cls(names, config.get("problem_type"))

    def index_of(self, name: str, field: str) -> int:
        """Return the index of a label among the model's outputs, found by its name in any case.

        A label in exactly the case of `name` takes precedence. Raises JobError, which begins with
        `field` and lists the labels, if none or several match.
        """
        matching = [index for index, label in enumerate(self.names) if label == name] or [
            index for index, label in enumerate(self.names) if label.casefold() == name.casefold()
        ]
        if len(matching) != 1:
            trouble = "several labels" if matching else "no label"
            known = known_names(name, self.names)
            raise JobError(f"{field}: the model has {trouble} {name!r}: take one of {known}")
        return matching[0]

    def are_independent(self, heads: Activation = "auto") -> bool:
        """Return whether the labels are independent (sigmoid), or exclude each other (softmax).

        `auto` follows the model's `problem_type`. Without a `problem_type`, `auto` does what
        transformers' pipelines do: sigmoid for a single label, softmax for several. Raises JobError
        for a `problem_type` that gives no probabilities.
        """
        if heads != "auto":
            return heads == "sigmoid"
        if self.problem_type not in (
            None,
            "single_label_classification",
            "multi_label_classification",
        ):
            raise JobError(
                f"heads: the model's problem_type is {self.problem_type!r}, which gives no "
                "probabilities: say sigmoid or softmax, or take another model"
            )
        return len(self.names) == 1 or self.problem_type == "multi_label_classification"

    def __str__(self) -> str:
        return ", ".join(self.names)
